"""What is damaged, not finite or never trained is found, and told from what is fine."""

import json

import numpy as np
import pytest

from nmt import analyze
from nmt.analysis import made
from nmt.analysis.place import place, weights_of
from nmt.analysis.verbs import check
from nmt.analysis.verbs.check import FAULT, FINE, REMARK, still, untrained


def states(found):
  return {one.what: one.state for one in found}


def test_a_whole_run_has_no_faults(runs, capsys):
  assert analyze.main(["check", "run", "--json"]) == 0
  found = {one["what"]: one for one in json.loads(capsys.readouterr().out)["findings"]}
  assert found["checkpoint 6, arrays"]["state"] == FINE
  assert {"units of annotations", "units of decoder states"} <= found.keys()
  assert {"gates of the encoder", "gates of the decoder"} <= found.keys()
  assert analyze.main(["check", "other", "--files"]) == 0
  assert "0 faults" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["run", "other"])  # older than digests, and with them
def test_changed_bits_are_found(runs, name):
  for path in (runs / name / "checkpoints" / "6" / "params").rglob("d/*"):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
  found = states(check.files(place(name)))
  assert FAULT in (found["checkpoint 6"], found.get("checkpoint 6, arrays"))
  assert analyze.main(["check", name]) == 1


def test_broken_text_is_found(runs):
  with open(runs / "run" / "metrics.jsonl", "a") as file:
    file.write("{\n")
  (runs / "run" / "status.json").write_text("{")
  found = states(check.files(place("run")))
  assert (found["metrics"], found["JSON"], found["checkpoint 6"]) == (FAULT, FAULT, FINE)


def test_what_is_not_finite_is_found(runs):
  one = place("run")
  run = one.load()
  arrays = weights_of(run).arrays
  arrays["decoder.C"] = np.full_like(arrays["decoder.C"], np.nan)
  made.make(runs / "nan", one, run, arrays, {"verb": "spoil", "of": []})
  found = list(check.files(place("nan")))
  (bad,) = [one for one in found if one.state == FAULT]
  assert bad.what == "checkpoint 6, NaN and infinity"
  assert bad.detail == f"params.decoder.C ({arrays['decoder.C'].size})"


def test_a_gate_that_is_stuck_is_named(runs):
  one = place("run")
  run = one.load()
  arrays = weights_of(run).arrays
  size = run.config.model.size
  bias = arrays["encoder.backward.b"] = arrays["encoder.backward.b"].copy()
  bias[:size] = 100  # of z, the update gate
  made.make(runs / "stuck", one, run, arrays, {"verb": "spoil", "of": []})
  before, after = (
    {one.what: one for one in check.units(run, 8)} for run in (run, place("stuck").load())
  )
  assert before["gates of the encoder"].state == FINE
  stuck = after["gates of the encoder"]
  assert stuck.state == REMARK
  assert stuck.detail.endswith(" open: encoder.backward z (0% shut, 100% open)")
  assert after["gates of the decoder"].state == FINE


def test_units_that_do_not_move():
  activity = np.random.default_rng(1).standard_normal((50, 4))
  activity[:, 2] = 0.3
  activity[0, 2] += 5e-4
  assert still(activity) == [2]


def test_rows_as_they_were_drawn():
  drawn = np.random.default_rng(1).standard_normal((8, 3)).astype(np.float32)
  now = drawn + 1
  now[[0, 2, 3, 5]] = drawn[[0, 2, 3, 5]]
  assert untrained(now, drawn) == [3, 5]  # [UNK] may be trained, [PAD] and [EOS] of a source not


def test_words_that_the_data_lack_are_counted(runs):
  found = {one.what: one.detail for one in check.words(place("run").load(), place("run").home)}
  assert found["words not in the training data, source"].startswith(("0 of 117", "1 of 117: [UNK]"))
