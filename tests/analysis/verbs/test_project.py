"""What TensorBoard's projector reads is as many words as there are vectors."""

import numpy as np
import pytest

from nmt.analysis.vectors import Table, plane
from nmt.analysis.verbs import project


@pytest.fixture
def folder(tmp_path):
  """The files of two sides, with words that would break a line or a column."""
  random = np.random.default_rng(1)
  known = {
    "source": Table(["the", "a\tb", "c\nd", " "], random.standard_normal((4, 3))),
    "target": Table(["été", "你好"], random.standard_normal((2, 3)).astype(np.float32)),
  }
  planes = {side: plane(table.vectors_VxM) for side, table in known.items()}
  project.write(tmp_path / "new", known, planes, ["source"], labels=1)
  return tmp_path / "new", known


def test_a_line_for_each_word(folder):
  new, known = folder
  for side, table in known.items():
    vectors = np.loadtxt(new / f"{side}_vectors.tsv", delimiter="\t")
    np.testing.assert_allclose(vectors, table.vectors_VxM, rtol=1e-6)
    head, *rows = (new / f"{side}_metadata.tsv").read_text(encoding="utf-8").splitlines()
    assert head.split("\t") == ["word", "rank", *(["class"] if side == "source" else [])]
    assert [len(row.split("\t")) for row in rows] == [len(head.split("\t"))] * len(table.words)
    assert all(row.split("\t")[0].strip() for row in rows)


def test_the_projector_understands_its_config(folder):
  proto = pytest.importorskip(
    "tensorboard.plugins.projector.projector_config_pb2",
    reason="no TensorBoard here: projector_config.pbtxt was not read as it reads it",
  )
  from google.protobuf import text_format

  new, known = folder
  text = (new / "projector_config.pbtxt").read_text()
  found = text_format.Parse(text, proto.ProjectorConfig()).embeddings
  assert [one.tensor_name for one in found] == [f"{side} words" for side in known]
  for one in found:
    assert (new / one.tensor_path).is_file()
    assert (new / one.metadata_path).is_file()
