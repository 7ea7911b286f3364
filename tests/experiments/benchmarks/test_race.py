"""A race is decided by the first validation that has the other's best BLEU."""

import os
import sys
import time
from pathlib import Path

import pytest

from experiments.benchmarks import race
from nmt.errors import UserError


def point(update, bleu, wall):
  return {"update": update, "bleu": bleu, "wall": wall, "cpu": 2 * wall}


def test_the_first_validation_as_good_as_the_best_counts():
  theirs = [point(250, 10, 100), point(500, 30, 200), point(750, 29, 300)]
  ours = [point(250, 20, 20), point(500, 30, 50), point(750, 35, 80)]
  found = race.compare(ours, theirs)
  assert found["nmt"]["update"] == 500
  assert found["joeynmt"]["update"] == 500
  assert found["wall_ratio"] == found["cpu_ratio"] == pytest.approx(4)


def test_never_as_good_is_said():
  assert race.compare([point(1, 9, 1)], [point(1, 10, 1)])["nmt"] is None


def test_a_command_is_watched_until_it_is_good_enough(tmp_path):
  scores, seen = tmp_path / "scores", tmp_path / "seen"
  program = (
    "import os, signal, sys, time\n"
    "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"  # which a shell's background has ignored
    "for update in range(1, 1000):\n"
    "  sum(range(10**6)); print(update, file=open(sys.argv[1], 'a'), flush=True)\n"
    "  while not os.path.exists(f'{sys.argv[2]}{update}'): time.sleep(0.05)"
  )

  def points():
    lines = scores.read_text().split() if scores.exists() else []
    for line in lines:  # before which the program does not go on
      Path(f"{seen}{line}").touch()
    return [(int(line), 10.0 * int(line)) for line in lines]

  command = [sys.executable, "-c", program, str(scores), str(seen)]
  found = race.watch(command, tmp_path, points, lambda bleu, spent: bleu >= 20)
  assert [one["update"] for one in found][:2] == [1, 2]
  assert found[0]["wall"] < found[1]["wall"]
  assert 0 < found[0]["cpu"] < 60
  ended = scores.read_text()
  time.sleep(0.5)
  assert scores.read_text() == ended


def test_only_a_race_that_was_stopped_goes_on(tmp_path):
  path = tmp_path / "race.jsonl"
  assert race.half(None) == race.half(path) == []
  theirs = [point(250, 10, 100)]
  race.keep(path, {"joeynmt": theirs})
  assert race.half(path) == theirs
  race.keep(path, {"joeynmt": theirs, "nmt": theirs}, race.compare(theirs, theirs))
  assert race.half(path) == []


def test_cpu_of_a_process():
  assert race.cpu(os.getpid()) == pytest.approx(sum(os.times()[:4]), abs=1)


def test_missing_text_is_said_in_a_line(tmp_path):
  with pytest.raises(UserError, match=r"train\.en"):
    race.copy(tmp_path, "train", tmp_path)


def test_both_learn_from_the_same_pairs_and_pieces(tmp_path):
  pairs = [("a man rides a horse", "ein Mann reitet")] * 3
  (tmp_path / "train.tsv").write_text("".join(f"{a}\t{b}\n" for a, b in pairs))
  (tmp_path / "out").mkdir()
  race.copy(tmp_path, "train", tmp_path / "out")
  assert (tmp_path / "out" / "train.de").read_text() == "ein Mann reitet\n" * 3
  settings = race.settings(tmp_path)
  assert settings["model"]["decoder"]["attention"] == "bahdanau"
  assert settings["data"]["src"]["tokenizer_cfg"] == settings["data"]["trg"]["tokenizer_cfg"]
