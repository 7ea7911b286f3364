"""The page of a report: whole, readable by everybody, safe whatever the folders hold."""

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from nmt import analyze
from nmt.analysis.report import data, page
from nmt.analysis.results import columns
from nmt.errors import UserError
from nmt.workdir import Workdir

STYLE = Path(page.__file__).with_name("style.css").read_text()


def make(*folders, sentences=0):
  return page.page(data.gather([Path(folder) for folder in folders], None, sentences))


def curve(home, losses, kind="train"):
  with open(home / "metrics.jsonl", "a") as file:
    for update, loss in losses.items():
      file.write(json.dumps({"kind": kind, "update": update, "loss": loss, "bleu": 50.0}) + "\n")


def check(root):
  """What holds of every page."""
  every = root.every()
  (top,) = root.every("html")
  assert top.attributes["lang"] == "en"
  ids = [one.attributes["id"] for one in every if "id" in one.attributes]
  assert len(ids) == len(set(ids))
  for one in every:
    assert not {"src", "srcset", "style", "onclick", "xlink:href"} & one.attributes.keys()
    assert one.tag not in ("link", "object", "img", "base", "form")
    if one.tag == "iframe":
      assert one.attributes["sandbox"] == "allow-scripts"
      assert one.attributes["title"]
    for name, value in one.attributes.items():
      assert name == "srcdoc" or "//" not in (value or "")
    if "href" in one.attributes:
      assert one.attributes["href"].removeprefix("#") in ids
    if "aria-labelledby" in one.attributes:
      assert one.attributes["aria-labelledby"] in ids
    if one.tag == "th":
      assert one.attributes["scope"] in ("col", "row", "rowgroup")
  for svg in root.every("svg"):
    if svg.attributes.get("aria-hidden") != "true":
      assert svg.attributes["role"] == "img"
      assert svg.within[0].tag == "title"
      assert svg.within[0].text.strip()
      assert svg.inside("figure").every("table")
  for table in root.every("table"):
    assert table.every("caption")[0].text.strip()
    assert len({sum(1 for _ in row) for row in table.cells if len(row) > 3}) <= 1
  policy = root.every("meta")[1].attributes["content"]
  for tag in ("style", "script"):
    (one,) = root.every(tag)
    digest = base64.b64encode(hashlib.sha256(one.text.encode()).digest()).decode()
    assert f"{tag}-src 'sha256-{digest}'" in policy
  assert ("unsafe" in policy) == bool(root.every("iframe"))
  assert not re.search(r"url\(|@import|https?:", STYLE)


def test_a_study_with_an_unfinished_run(study, made, parse):
  references = made.sentences(60)
  made.run(study / "dot-4", {"model.attention.kind": "dot", "seed": 4}, [], [], state="failed")
  Workdir(study / "dot-4").status("failed", update=3, updates=9, reason="out of <memory>")
  points = json.loads((study / "study.json").read_text())["points"]
  made.study(
    study, points | {"dot-4": {"seed": 4}, "later": {}}, {"model.attention.kind": "additive"}
  )
  for at, home in enumerate(sorted(study.glob("*-*"))):
    curve(home, {10 * k: 5 / k + at / 100 for k in range(1, 30)})
  found = data.gather([study], None, 1)
  root = parse(page.page(found))
  check(root)
  results, runs = root.every("section")[:2]
  shown = columns.shown(found.table)
  expected = [[cell(row) for _, cell in shown] for row in found.table.rows]
  scores, costs = (table.cells[1:] for table in results.every("table")[:2])
  assert [one + more[1:] for one, more in zip(scores, costs, strict=True)] == expected
  for note in found.notes:
    assert note in results.text
  states = {row[0]: row[1] for row in runs.every("table")[0].cells[1:]}
  assert states["dot-4"] == "failed at update 3: out of <memory>"
  assert states["later"] == "not started"
  assert [state for name, state in states.items() if name in points] == ["done"] * 9
  assert "Does it help?" in root.text
  assert references[0].split()[0] in root.text
  # Checkpoints are needed for alignments, and only for these.
  assert len(found.unaligned) == 3
  assert "no checkpoint" in found.unaligned[0]


def test_columns_of_a_study_are_apart_from_what_it_costs(study, tmp_path, made, parse):
  file = tmp_path / "own.py"
  file.write_text('"""A study."""\ndef columns(run):\n  return {"glances": 2.5}\n')
  made.study(study, {}, study=str(file))
  scores, costs, own = (
    one.cells for one in parse(make(study)).every("section")[0].every("table")[:3]
  )
  assert costs[0][-5:] == ["parameters", "FLOPs/token", "tokens/s", "device", "hours"]
  assert [row[-1] for row in own] == ["glances", *["2.500 ± 0.000"] * 3]
  assert [row[:-1] for row in own] == [row[: len(own[0]) - 1] for row in scores]


def test_the_same_folders_give_the_same_bytes(study, tmp_path, monkeypatch):
  first = make(study)
  shutil.copytree(study, tmp_path / "elsewhere" / study.name)
  monkeypatch.chdir(tmp_path / "elsewhere")
  assert make(study.name) == first
  assert str(tmp_path) not in first


def test_what_data_say_is_only_text(study, made, parse):
  name = """x"'<i>&amp;é 你好 \u202e\u0645"""
  text = "<script>alert('x')</script> \u202eab \x00 </td> 你好 مرحبا"
  shutil.move(study / "dot-1", study / name)
  for ending in ("source", "hypotheses", "references"):
    path = study / name / "test" / f"test.{ending}"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([text] * len(lines)) + "\n")
  made.study(study, {}, question=f"{text} \ud800")
  curve(study / name, {1: 2.0, 2: 1.0})
  root = parse(make(study, sentences=1))
  check(root)
  assert len(root.every("script")) == 1
  assert not root.every("i")
  shown = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
  assert f"{shown} \N{REPLACEMENT CHARACTER}" == root.every("p")[0].text
  (cell,) = [
    one
    for one in root.every("th")
    if one.text == name and one.inside("section").attributes["id"] == "runs"
  ]
  assert cell.attributes["dir"] == "auto"


def test_a_single_run_without_attention(tmp_path, made, parse):
  references = made.sentences(20)
  made.run(tmp_path / "a run", {"model.attention.kind": "none"}, references, references)
  curve(tmp_path / "a run", {1: float("nan"), 2: 3.0, 4: 2.0}, kind="valid")
  with open(tmp_path / "a run" / "metrics.jsonl", "a") as file:
    file.write('{"kind": "train", "upd')
  found = data.gather([tmp_path / "a run"], None, 2)
  root = parse(page.page(found))
  check(root)
  assert found.unaligned == ["a run: a model without attention"]
  assert [one.values for one in found.curves[0].series] == [[3.0, 2.0]]
  assert "launch.py results --workdir='a run'" in root.text
  assert "no attention" in root.every("header")[0].text


def test_several_folders_are_taken_together(study, tmp_path, made, parse):
  references = made.sentences(60)
  for folder in ("one", "two"):
    made.run(tmp_path / folder / "same", {"seed": len(folder)}, references, references)
  found = data.gather([study, tmp_path / "one" / "same", tmp_path / "two" / "same"], None, 0)
  check(parse(page.page(found)))
  names = [member.name for member in found.members]
  assert len(names) == 11
  assert names[-2:] == ["one/same", "two/same"]
  with pytest.raises(UserError, match="named twice"):
    data.gather([study, study])


def test_a_damaged_run_is_listed(study, parse):
  (study / "dot-1" / "config.json").write_text("{")
  (study / "dot-2" / "metrics.jsonl").unlink()
  (study / "dot-3" / "cost.json").write_text('{"param')
  (study / "mean-1" / "data.json").unlink()
  found = data.gather([study], None, 0)
  check(parse(page.page(found)))
  bad = {member.name: member.why for member in found.members if member.result is None}
  assert list(bad) == ["dot-1", "dot-3"]
  assert "dot-1/config.json" in bad["dot-1"]
  assert bad["dot-3"].startswith("dot-3/cost.json: not JSON")


def test_an_old_run_with_its_alignments(first, made, parse, capsys):
  home = Workdir(first / "run")
  root = parse(make(home.path))
  check(root)
  assert "no table" in root.every("main")[0].text
  sources = ["We eat.", "You sleep here."]
  translations = ["Nous mangeons.", "Vous dormez ici."]
  made.test(home.path, sources, translations, translations)
  home.status("done", update=6, updates=6)
  out = first / "page.html"
  assert analyze.main(["report", str(home.path), "-o", str(out), "--sentences=1"]) == 0
  assert "1 of 1 runs done" in capsys.readouterr().out
  root = parse(out.read_text())
  check(root)
  assert root.every("iframe")
  (weights,) = [one for one in root.every("figure") if "Alignment" in one.text]
  table = weights.every("table")[0].cells
  alpha = np.array([[float(cell) for cell in row[1:]] for row in table[1:]])
  assert alpha.sum(axis=1) == pytest.approx(1, abs=0.005 * alpha.shape[1])
  squares = [
    float(p.attributes["fill-opacity"])
    for p in weights.every("path")
    if "fill-opacity" in p.attributes
  ]
  assert sorted(squares) == sorted(alpha[alpha > 0])


def test_wrong_paths_are_one_line(study, tmp_path):
  for words, message in (
    ([str(study), "-o", str(study / "study.json")], "must end in .html"),
    ([str(tmp_path / "no"), "-o", "x.html"], "no such folder"),
    ([str(study), "-o", str(tmp_path / "no" / "x.html")], "there is no folder"),
    ([str(tmp_path / "study" / "dot-1" / "test"), "-o", "x.html"], "neither a study"),
  ):
    with pytest.raises(UserError, match=message):
      analyze.main(["report", *words])
  assert not Path("x.html").exists()


def luminance(colour):
  parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
  parts = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
  return float(parts @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("scheme", [0, 1])
def test_contrast_is_that_of_wcag(scheme):
  blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
  assert len(blocks) == 2
  colours = dict(re.findall(r"--(\w+): (#\w{6});", blocks[scheme]))
  paper = luminance(colours["paper"])
  for name, least in {"ink": 7, "grey": 4.5, "faint": 3, **{f"s{k}": 3 for k in range(6)}}.items():
    high, low = sorted((luminance(colours[name]), paper), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= least, name
  assert luminance(colours["box"]) != paper


def test_the_page_goes_to_a_pipe_as_it_is(study, tmp_path, capfd):
  assert analyze.main(["report", str(study), "-o", "/dev/stdout", "--sentences=0"]) == 0
  assert capfd.readouterr().out == make(study)


def test_a_score_that_some_runs_lack_is_not_drawn(study, made, parse):
  for home in study.glob("dot-*"):
    path = home / "test" / "test.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"perplexity": None}))
  made.study(study, {}, metric="perplexity")
  root = parse(make(study))
  check(root)
  names = [one.text for one in root.every("text") if one.attributes.get("class") == "name"]
  assert len(names) == 2
  assert not any("dot" in name for name in names)
