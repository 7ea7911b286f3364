"""A study's own figures go into its page, with what they say of themselves."""

import base64

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from nmt.analysis import style
from nmt.analysis.report import data, page, pictures


def draw(path, title="trained on at most 15 žluť"):
  figure, (left, _) = style.panels(2)
  left.plot([1, 2], [3, 4], label="rnnsearch")
  style.dress(left, "words", "BLEU", title)
  style.save(figure, path)


@pytest.mark.parametrize("ending", [".png", ".svg", ".PNG"])
def test_a_figure_says_what_it_shows(tmp_path, ending):
  path = tmp_path / f"a{ending}"
  draw(path)
  (found,), reasons = pictures.gather([tmp_path])
  assert (found.name, reasons) == (path.name, [])
  assert found.about == "trained on at most 15 žluť: BLEU by words; rnnsearch"
  head, _, content = found.uri.partition(",")
  assert base64.b64decode(content) == path.read_bytes()
  assert head == f"data:image/{'svg+xml' if ending == '.svg' else 'png'};base64"


def test_what_is_no_figure_is_left_out_with_the_reason(tmp_path, monkeypatch):
  for ending in (".png", ".svg", ".pdf"):
    draw(tmp_path / f"both{ending}")
  Figure().savefig(tmp_path / "plain.png")
  (tmp_path / "bad.png").write_bytes(b"GIF89a")
  (tmp_path / "plain.svg").write_text("<svg>")
  (tmp_path / "html.svg").write_text("<html/>")
  (tmp_path / "folder.png").mkdir()
  noise = np.random.default_rng(1).integers(0, 256, (900, 900, 3), np.uint8)
  Image.fromarray(noise).save(tmp_path / "large.png")
  found, reasons = pictures.gather([tmp_path])
  assert [one.name for one in found] == ["both.svg", "plain.png"]
  assert found[1].about == ""
  assert [reason.partition(":")[0] for reason in reasons] == ["bad.png", "html.svg", "large.png"]
  assert reasons[2] == "large.png: of 2.4 MB, too large for a page"
  monkeypatch.setattr(pictures, "_ALL", len(found[0].uri) * 3 // 4)
  assert pictures.gather([tmp_path])[0] == found[:1]


def test_a_study_shows_them_in_its_page(study, parse):
  name = '"><script>.png'
  draw(study / name, title="<b>&</b>")
  root = parse(page.page(data.gather([study], None, 0)))
  (image,) = root.every("img")
  assert image.attributes["alt"] == "<b>&</b>: BLEU by words; rnnsearch"
  assert image.inside("figure").every("figcaption")[0].text == name
  content = image.attributes["src"].removeprefix("data:image/png;base64,")
  assert base64.b64decode(content) == (study / name).read_bytes()
  assert "img-src data:;" in root.every("meta")[1].attributes["content"]
