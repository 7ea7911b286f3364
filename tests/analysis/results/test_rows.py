"""Which runs make a row, what it is compared with, and what is said of those that it lacks."""

import json

import numpy as np
import pytest

from nmt.analysis.results import footer, rows
from nmt.analysis.results import study as study_lib
from nmt.analysis.results.differences import Difference, settle
from nmt.analysis.results.table import Options, Row
from nmt.errors import UserError
from nmt.evaluation import significance
from nmt.evaluation.bleu import bleu


def table(folder, metric="bleu", split=None, **options):
  options = Options(metric, resamples=200, trials=400, **options)
  made = rows.tabulate(study_lib.read(folder, split), options)
  return made, footer.lines(made, options)


def by_name(made):
  return {row.name: row for row in made.rows}


def test_a_row_is_all_keys_but_the_seed(study):
  made, _ = table(study)
  assert made.keys == ["model.attention.kind"]
  found = by_name(made)
  assert list(found) == [f"model.attention.kind={kind}" for kind in ("additive", "dot", "mean")]
  assert all(row.values["n"] == 3 for row in made.rows)
  assert made.baselines == made.rows[:1]


def test_numbers_are_those_of_the_texts(study):
  made, notes = table(study)
  row = made.rows[1]
  scores = []
  for run in row.runs.values():
    texts = run.texts
    scores.append(bleu(texts["hypotheses"], texts["references"])[0])
  assert row.points == pytest.approx(scores)
  assert row.values["bleu"] == pytest.approx(np.mean(scores))
  assert row.values["bleu_sd"] == pytest.approx(np.std(scores, ddof=1))
  assert row.values["bleu_low"] < np.mean(scores) < row.values["bleu_high"]
  difference = row.values["difference"]
  assert difference == pytest.approx(np.mean(scores) - np.mean(made.rows[0].points))
  assert row.values["probability_of_improvement"] == 1.0
  assert row.star
  assert not made.rows[2].star
  assert row.values["p"] == max(row.values["p_randomisation"], row.values["p_spread"])
  assert row.values["p_holm"] == pytest.approx(2 * row.values["p"])
  assert row.values["parameters"] == 2_000_000
  assert row.values["hours"] == 2.0
  text = "\n".join(notes)
  assert "all systems have the same data: met" in text
  assert "nrefs:1|case:mixed" in text
  assert "2.34" in text


def test_the_same_table_each_time(study):
  first, second = (table(study)[0] for _ in range(2))
  assert [row.values for row in first.rows] == [row.values for row in second.rows]


def test_what_is_not_done_is_named(study, made):
  plan = json.loads((study / "study.json").read_text())
  plan["points"] |= {
    "lost": {"model.size": 1},
    "failed": {"model.size": 2},
    "odd": {"model.size": 3},
  }
  (study / "study.json").write_text(json.dumps(plan))
  made.run(study / "failed", {"model.size": 2}, [], [], state="failed")
  lines = made.sentences(60)
  made.run(study / "odd", {"model.size": 3}, lines, lines)
  (study / "odd" / "test" / "test.hypotheses").write_text("one\n")
  made.run(study / "stranger", {"model.size": 4}, lines, lines)
  _, notes = table(study)
  text = "\n".join(notes)
  assert "Not in the table: lost (not started)." in text
  assert "Not in the table: failed (failed at update 7)." in text
  assert "Not in the table: odd (its texts have different numbers of lines" in text
  assert "Not of this study, and left out: stranger" in text


def test_a_baseline_that_has_no_run_is_said(study):
  plan = json.loads((study / "study.json").read_text())
  plan["baseline"] = {"model.size": 77}
  (study / "study.json").write_text(json.dumps(plan))
  made, notes = table(study)
  assert not made.baselines
  assert any("The baseline (model.size=77) has no run that is done" in note for note in notes)
  assert any("significance is tested: NOT MET" in note for note in notes)
  made, _ = table(study, baseline="dot-2")
  assert made.baselines[0].name == "model.attention.kind=dot"
  made, _ = table(study, baseline="model.attention.kind=mean")
  assert made.baselines[0].name == "model.attention.kind=mean"
  with pytest.raises(UserError, match="fits no row"):
    table(study, baseline="nobody")


def test_a_baseline_of_several_rows_is_that_of_the_same_other_keys(tmp_path, made):
  lines = made.sentences(50)
  points = {}
  for size in (64, 128):
    for kind, share in (("additive", 0.3), ("none", 0.5)):
      for seed in (1, 2):
        name = f"{kind}{size}-{seed}"
        points[name] = {"model.size": size, "model.attention.kind": kind, "seed": seed}
        hypotheses = made.corrupted(lines, share, [size, seed])
        made.run(tmp_path / name, points[name], hypotheses, lines)
  made.study(tmp_path, points, {"model.attention.kind": "additive"})
  found, notes = table(tmp_path)
  rows = by_name(found)
  for size in (64, 128):
    row = rows[f"model.attention.kind=none, model.size={size}"]
    against = rows[f"model.attention.kind=additive, model.size={size}"]
    assert row.against is against
    assert row.values["difference"] == pytest.approx(row.values["bleu"] - against.values["bleu"])
  assert "to the baseline of the same other keys" in "\n".join(notes)
  found, _ = table(tmp_path, baseline="none64-1")
  assert [row.name for row in found.baselines] == ["model.attention.kind=none, model.size=64"]
  assert all(row.against is found.baselines[0] for row in found.rows if not row.is_baseline)


def test_options_that_the_baseline_lacks_are_no_part_of_the_other_keys(tmp_path, made):
  lines, points = made.sentences(50), {}
  fed = {"model.order.kind": "update_first", "model.order.input_feeding": False}
  for size in (64, 128):
    for order in ({"model.order.kind": "attend_first"}, fed):
      name = f"{order['model.order.kind']}{size}"
      points[name] = {"model.size": size, **order}
      made.run(tmp_path / name, points[name], made.corrupted(lines, 0.3, [size]), lines)
  made.study(tmp_path, points, {"model.order.kind": "attend_first"})
  found, _ = table(tmp_path)
  against = [row.against.label["model.size"] for row in found.rows if row.against]
  assert against == [64, 128]


def test_other_seeds_are_paired_where_both_exist(study, made):
  for seed in (2, 3):
    (study / f"mean-{seed}" / "status.json").write_text('{"state": "running", "update": 5}')
  (study / "dot-1" / "status.json").write_text('{"state": "stopped"}')
  made, notes = table(study)
  mean = by_name(made)["model.attention.kind=mean"]
  assert mean.values["n"] == mean.values["pairs"] == 1
  assert mean.values["bleu_sd"] is None
  assert mean.values["bleu_low"] < mean.values["bleu"]
  assert not mean.star
  dot = by_name(made)["model.attention.kind=dot"]
  pairs = [dot.points[k] - made.baselines[0].points[k + 1] for k in range(2)]
  assert dot.values["difference"] == pytest.approx(np.mean(pairs))
  text = "\n".join(notes)
  assert "dot: 2 runs against 3; the difference is of the 2 seeds that both have." in text
  assert "n = 1: one seed, so no standard deviation and no star" in text


def test_no_common_seed_is_unpaired(tmp_path, made):
  lines = made.sentences(50)
  for name, seed, share in (("a", 1, 0.3), ("a", 2, 0.3), ("b", 3, 0.2), ("b", 4, 0.2)):
    config = {"model.size": len(name) + ord(name), "seed": seed}
    hypotheses = made.corrupted(lines, share, seed)
    made.run(tmp_path / f"{name}{seed}", config, hypotheses, lines)
  made, notes = table(tmp_path, baseline="a1")
  values = made.rows[1].values
  assert not values["paired"]
  assert values["p_randomisation"] is None
  assert values["p"] == values["p_spread"]
  assert values["difference_low"] < values["difference"] < values["difference_high"]
  assert any("no seed in common" in note for note in notes)


def test_other_references_are_not_compared(study, made):
  home = study / "mean-1" / "test" / "test.references"
  home.write_text(home.read_text().replace("chat", "chien"))
  _, notes = table(study)
  text = "\n".join(notes)
  assert "its runs have different references; its interval is by seeds alone" in text
  assert "mean: not compared, for its references" in text
  assert "(the test sets differ)" in text


def test_changed_texts_are_found(study):
  path = study / "dot-1" / "test" / "test.hypotheses"
  path.write_text("le\n" + path.read_text().partition("\n")[2])
  _, notes = table(study)
  assert any(note.startswith("dot-1: its texts score") for note in notes)


def test_a_copy_of_a_run_counts_once(study, made):
  plan = json.loads((study / "study.json").read_text())
  plan["points"]["again"] = plan["points"]["dot-1"]
  (study / "study.json").write_text(json.dumps(plan))
  lines = made.sentences(60)
  made.run(study / "again", plan["points"]["again"], lines, lines)
  found, notes = table(study)
  assert by_name(found)["model.attention.kind=dot"].values["n"] == 3
  assert any("again has the config and the seed of dot-1" in note for note in notes)


def test_other_groups_and_metrics(study):
  made, _ = table(study, group=("seed",))
  assert [row.name for row in made.rows] == ["seed=1", "seed=2", "seed=3"]
  assert not made.baselines
  with pytest.raises(UserError, match=r"no key model.sise; did you mean model.size"):
    table(study, group=("model.sise",))
  made, _ = table(study, metric="chrf")
  assert made.rows[1].star
  made, _ = table(study, metric="perplexity")
  assert made.lower_is_better
  assert made.rows[1].values["difference"] == 0
  assert made.rows[1].values["p"] == 1
  with pytest.raises(UserError, match="no metric blue; did you mean bleu"):
    table(study, metric="blue")


def test_any_folder_of_runs_and_one_run(study):
  (study / "study.json").unlink()
  made, notes = table(study)
  assert len(made.rows) == 3
  assert any("No row is the baseline" in note for note in notes)
  made, _ = table(study / "dot-1")
  assert [row.values["n"] for row in made.rows] == [1]
  with pytest.raises(UserError, match="neither a study"):
    table(study / "dot-1" / "test")
  with pytest.raises(UserError, match=r"no run is done: .*not tested on news"):
    table(study, split="news")


@pytest.mark.parametrize(
  ("text", "message"),
  [
    ("[]", "a study is a JSON object"),
    ("{", "not JSON"),
    ('{"points": {"a": 3}}', "points must be"),
    ('{"baseline": "additive", "points": {}}', "baseline must be"),
    ('{"metric": 3}', "metric must be text"),
  ],
)
def test_a_damaged_study_is_one_line(study, text, message):
  (study / "study.json").write_text(text)
  with pytest.raises(UserError, match=message):
    table(study)


def test_a_study_adds_columns_of_its_own(study, tmp_path):
  plan = json.loads((study / "study.json").read_text())
  path = tmp_path / "x.py"

  def shown(text):
    path.write_text(text)
    (study / "study.json").write_text(json.dumps(plan | {"study": str(path)}))
    made, notes = table(study)
    return made, "\n".join(notes)

  made, _ = shown("def columns(run):\n  return {'letters': len(run.name), 'best': None}\n")
  assert list(made.own) == ["letters", "best"]
  assert [row.values["letters"] for row in made.rows] == [10, 5, 6]
  assert made.rows[0].values["best"] is None
  assert shown("def sweep(): yield {}\n")[0].own == {}
  for text, message in (
    ("def columns(run):\n  return 1 / 0\n", "ZeroDivisionError: division by zero"),
    ("def columns(run):\n  return {'a': 'b'}\n", "a of additive-1 is no number: 'b'"),
    ("def columns(run):\n  return {'bleu': 1}\n", "the table has a column bleu of its own"),
    ("def columns(\n", "SyntaxError"),
  ):
    made, notes = shown(text)
    assert made.own == {}
    assert message in notes
  (tmp_path / "beside_x.py").write_text("LETTERS = 3\n")
  made, _ = shown("import beside_x\ndef columns(run):\n  return {'three': beside_x.LETTERS}\n")
  assert made.rows[0].values["three"] == 3
  path.unlink()
  assert "is not there from here" in "\n".join(table(study)[1])


def test_runs_of_different_code_are_told(study):
  for name, commit in (("dot-1", "a" * 40), ("dot-2", "b" * 40), ("mean-1", "b" * 40)):
    git = {"commit": commit, "dirty": commit.startswith("b")}
    (study / name / "provenance.json").write_text(json.dumps({"git": git}))
  text = "\n".join(table(study)[1])
  assert (
    "The runs are of different code: aaaaaaaaaa (1 runs), bbbbbbbbbb with changes (2 runs)." in text
  )


@pytest.mark.parametrize(("seeds", "training"), [(2, 0.3), (3, 0.3), (3, 0.0)])
def test_a_table_without_a_difference_has_a_star_in_one_of_twenty(seeds, training):
  random = np.random.default_rng(0)
  tables, resamples, sentences = 150, 60, 60
  starred = 0
  for _ in range(tables):
    models = [
      training * random.normal(size=(seeds, 1)) + random.normal(size=(seeds, sentences))
      for _ in range(7)
    ]
    weights = random.multinomial(sentences, np.full(sentences, 1 / sentences), resamples)
    found = []
    for model in models[1:]:
      apart = model - models[0]
      scores, drawn = apart.mean(axis=1), weights @ apart.T / sentences
      spread = significance.spread(scores, drawn)
      row = Row({}, {}, {"pairs": seeds})
      found.append(Difference(row, float(scores.mean()), scores, drawn, spread, None))
    settle(found)
    starred += any(one.row.star for one in found)
  assert starred / tables <= 0.08  # 0.05 and two standard errors
