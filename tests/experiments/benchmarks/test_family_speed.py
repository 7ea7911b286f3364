"""Every kind is timed beside the paper's, and the page of mechanisms says what is so."""

import re

import pytest
from ml_collections import ConfigDict

from experiments.benchmarks import family_page, family_speed, lines, turns
from nmt import declarations, kinds, models
from nmt.errors import UserError

PAGE = family_page.PAGE.read_text(encoding="utf-8")
ROWS = {name: cells for _, name, cells in family_page.rows(PAGE)}
FIRST = {  # the row of a kind that says all of it
  kind: next(cells for name, cells in ROWS.items() if name.split(" ")[0] == kind)
  for kind in dict.fromkeys(name.split(" ")[0] for name in ROWS)
}
SMALL = {"size": 6, "embedding": 5, "init": "glorot", "readout.size": 4, "attention.size": 7}
WIDTHS = {"N": 6, "M": 5, "D": 12, "L": 4}


def test_every_kind_has_a_row():
  known = [f"{group}.{kind}" for group in kinds.PACKAGES for kind in kinds.names(group)]
  assert sorted(FIRST) == sorted(known)


@pytest.mark.parametrize("name", FIRST)
def test_a_row_names_the_options_and_the_source_of_its_kind(name):
  group, _, kind = name.rpartition(".")
  named = re.findall(r"`(\w+)`", FIRST[name]["options"])
  assert sorted(named) == sorted(kinds.options(group, kind))
  file = family_page.ROOT.joinpath(*kinds.PACKAGES[group].split("."), f"{kind}.py")
  text = " ".join(file.read_text(encoding="utf-8").split())
  assert FIRST[name]["paper"] in text


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.get("parameters")])
def test_parameters_are_as_many_as_the_page_says(name):
  key, *options = name.split(" ")
  group, _, kind = key.rpartition(".")
  choice = {f"{group[6:]}.kind": kind}
  choice |= {f"{group[6:]}.{k}": v == "True" for k, v in (o.split("=") for o in options)}
  model = config(choice)
  letters = dict(WIDTHS)
  for option, letter in re.findall(r"`(\w+)` ([A-Z])\b", ROWS[name]["options"]):
    letters[letter] = model[group.split(".")[1]][option]
  if energy := model.attention.get("energy"):
    letters["E"] = count(config({"attention.kind": energy}), "decoder.attention.")
  letters["P"] = 3 * letters["N"] * (letters["M"] + letters["N"] + 1)
  letters["Q"] = 3 * letters["N"] * (2 * letters["N"] + 1)
  said = eval(ROWS[name]["parameters"].replace("·", "*"), {}, letters)
  assert said == OWN[group](model)


def config(choice):
  known = declarations.declared({f"model.{key}": value for key, value in choice.items()})
  flat = {key[6:]: option.default for key, option in known.items() if key.startswith("model.")}
  flat |= {key: value for key, value in (SMALL | choice).items() if key in flat}
  return ConfigDict(declarations.put({}, flat), convert_dict=True)


def count(model, *parts, without=()):
  flat = models.flat(models.shapes(model, 9, 8))
  named = {name: leaf.size for name, leaf in flat.items() if name.startswith(parts)}
  return sum(size for name, size in named.items() if not name.startswith(without))


ELSEWHERE = ("decoder.attention.", "decoder.readout.", "decoder.E_y", "decoder.W_s", "decoder.b_s")
OWN = {
  "model.attention": lambda model: count(model, "decoder.attention."),
  "model.cell": lambda model: count(model, "encoder.forward."),
  "model.encoder": lambda model: count(model, "encoder.", without=("encoder.E_x",)),
  "model.order": lambda model: count(model, "decoder.", without=ELSEWHERE),
  "model.readout": lambda model: count(
    model, "decoder.readout.", without=("decoder.readout.W_o", "decoder.readout.b_o")
  ),
}


def test_the_page_has_the_measured_speeds():
  assert family_page.filled(PAGE, lines.read(family_page.RESULTS)) == PAGE


def test_results_are_filled_in_by_name():
  page = (
    "## model.cell\n\n| kind | training |\n|---|---|\n| `gru` | |\n| `lstm` | old |\n| `sru` | |\n"
  )
  line = {
    "group": "model.cell",
    "kind": "lstm",
    "changes": {"model.cell.kind": "lstm", "train.objective.kind": "risk"},
    "training": {"cpu": {"median": 0.5, "low": 0.25, "high": 1}},
  }
  text = family_page.filled(page, [{}, line])
  assert text.endswith("| `gru` | 1 |\n| `lstm` | 0.50 [0.25, 1.00] |\n| `sru` | – |\n")


def test_all_kinds_but_the_baselines_are_measured():
  names = {variant.name.split(" ")[0] for variant in family_speed.variants()}
  left = set(FIRST) - names
  assert left == {
    "model.encoder.bidirectional",
    "model.cell.gru",
    "model.attention.additive",
    "model.normaliser.softmax",
    "model.order.attend_first",
    "model.readout.maxout",
    "train.objective.likelihood",
  }
  with pytest.raises(UserError, match="no such group or kind"):
    family_speed.variants(["model.cell.gruu"])


def test_measuring_goes_on_where_it_stopped(monkeypatch, tmp_path, capsys):
  ratio = {clock: {"median": 2.0, "low": 1.0, "high": 3.0} for clock in turns.CLOCKS}
  asked = []

  def measure(variant, baseline, seconds):
    asked.append(variant.kind)
    about = {"group": variant.group, "kind": variant.kind, "changes": variant.changes}
    return about | {"more_parameters": 1, "training": ratio}

  monkeypatch.setattr(family_speed, "Baseline", lambda: None)
  monkeypatch.setattr(family_speed, "measure", measure)
  path = tmp_path / "speed.jsonl"
  for only in ("model.cell.lstm", "model.cell.lstm", "model.cell.sru"):
    family_speed.main([f"--lines={path}", f"--only={only}"])
  assert asked == ["lstm", "sru"]
  assert [line.get("kind") for line in lines.read(path)] == [None, "lstm", "sru"]
  assert "2.00 [1.00, 3.00]" in capsys.readouterr().out
  monkeypatch.setitem(family_speed.BATCH, "length", 3)
  with pytest.raises(UserError, match="another machine"):
    family_speed.main([f"--lines={path}"])


def test_turns_are_taken_and_compared():
  order = []
  calls = {name: lambda name=name: order.append(name) for name in "ab"}
  times = turns.take(calls, 0, 3)
  assert order == list("abab" + "ababab")
  times["a"]["cpu"], times["b"]["cpu"] = [1.0, 1.0, 2.0], [2.0, 3.0, 8.0]
  assert turns.speed(times, "a", "b")["cpu"] == {"median": 3, "low": 2, "high": 4}


@pytest.mark.parametrize(("count", "low", "high"), [(1, 1, 1), (5, 1, 5), (9, 2, 8), (20, 6, 15)])
def test_the_interval_of_a_median_is_that_of_the_sign_test(count, low, high):
  found = lines.interval(list(range(1, count + 1)))
  assert (found["low"], found["high"]) == (low, high)
  assert found["median"] == (count + 1) / 2


@pytest.mark.slow
def test_a_kind_is_timed(monkeypatch):
  small = family_speed._quickstart()
  small.model.update(size=4, embedding=4)
  small.model.readout.size = small.model.attention.size = 4
  monkeypatch.setattr(family_speed, "_quickstart", lambda: small)
  monkeypatch.setattr(family_speed, "BATCH", {"sentences": 2, "length": 3})
  monkeypatch.setattr(family_speed, "WORDS", (9, 8))
  (variant,) = family_speed.variants(["train.objective.guided"])
  found = family_speed.measure(variant, family_speed.Baseline(), 0, least=1)
  assert found["training"]["turns"] == 1
  assert found["training"]["cpu"]["median"] > 0
  assert found["more_parameters"] == 0
  assert "search" not in found
