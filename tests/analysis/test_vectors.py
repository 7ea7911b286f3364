"""Neighbours and principal components of vectors made by hand, and the projector's files."""

import numpy as np
import pytest
from matplotlib.image import imread

from nmt.analysis.vectors import Table, nearest, plane
from nmt.analysis.verbs import neighbours, project
from nmt.errors import UserError

TABLE = Table(["▁house", "home", "cat", "nothing"], np.array([[2.0, 0], [3, 1], [-1, 0], [0, 0]]))
OTHER = Table(["maison", "chat"], np.array([[5.0, 0], [0, 1]]))
ACCENT = Table(["é"], np.ones((1, 2)))
KNOWN = {"source": TABLE, "target": OTHER}


def test_nearest_by_cosine():
  words, cosines = zip(*nearest(np.array([1.0, 0]), TABLE, 4), strict=True)
  assert words == ("▁house", "home", "nothing", "cat")
  np.testing.assert_allclose(cosines, [1, 3 / 10**0.5, 0, -1])


def test_a_word_is_not_its_own_neighbour():
  (found,) = neighbours.neighbours(KNOWN, ["house"], count=1)
  assert found == {"word": "house", "side": "source", "neighbours": [("home", 3 / 10**0.5)]}
  (found,) = neighbours.neighbours(KNOWN, ["house"], "across")
  assert found["neighbours"][0] == ("maison", 1.0)


def test_a_word_is_found_in_either_form_of_unicode():
  assert ACCENT.row("e\u0301") == ACCENT.row("é") == 0


def test_an_unknown_word_has_near_spellings():
  with pytest.raises(UserError, match=r"hose is none of the source's .*; did you mean house\?"):
    neighbours.neighbours(KNOWN, ["hose"])
  with pytest.raises(UserError, match=r"cat is none of the target's words; did you mean chat\?"):
    neighbours.neighbours(KNOWN, ["cat"], "target")


def test_the_plane_is_that_of_most_variance():
  random = np.random.default_rng(0)
  turn, _ = np.linalg.qr(random.standard_normal((5, 5)))
  vectors = (random.standard_normal((400, 5)) * [9, 4, 1, 0.1, 0.1]) @ turn + 3
  values = np.linalg.eigvalsh(np.cov(vectors.T))[::-1]
  found = plane(vectors)
  np.testing.assert_allclose(found.places_Vx2.var(axis=0, ddof=1), values[:2])
  np.testing.assert_allclose(found.shares, values[:2] / values.sum())
  np.testing.assert_allclose(plane(-vectors).places_Vx2, found.places_Vx2, atol=1e-9)
  assert plane(np.ones((3, 1))) == (pytest.approx(np.zeros((3, 2))), (0, 0))


def test_the_projector_is_given_a_line_for_each_word(tmp_path):
  odd = Table(["a\tb", "\n", "房子"], np.arange(6.0).reshape(3, 2))
  planes = {"source": plane(odd.vectors_VxM)}
  project.write(tmp_path / "new", {"source": odd}, planes, [], labels=2)
  lines = (tmp_path / "new" / "source_metadata.tsv").read_text("utf-8").split("\n")
  assert lines == ["word\trank", "a<U+0009>b\t1", "<U+000A>\t2", "房子\t3", ""]
  vectors = np.loadtxt(tmp_path / "new" / "source_vectors.tsv", delimiter="\t")
  np.testing.assert_allclose(vectors, odd.vectors_VxM)
  config = (tmp_path / "new" / "projector_config.pbtxt").read_text()
  assert 'tensor_path: "source_vectors.tsv"' in config
  assert imread(tmp_path / "new" / "vectors.png").size
  with pytest.raises(UserError, match="is there already"):
    project.write(tmp_path / "new", {"source": odd}, planes, [])
  assert [path.name for path in tmp_path.iterdir()] == ["new"]
