"""A run of the first format, made and stopped long ago, is loaded, continued and translated with.

runs/first.tar.xz holds its folder as it was at update 6 of 12, its text, and the metrics with which
it ended when it was not stopped. It is never made anew.
"""

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def finished(process, text=None):
  out, error = process.communicate(text, timeout=800)
  return process.returncode, out, error


@pytest.mark.slow
def test_it_translates_and_ends_as_it_would_have_then(first, command):
  config = (first / "run" / "config.json").read_text()
  tokenizers = {path: path.read_bytes() for path in (first / "run" / "tokenizers").iterdir()}
  translating = command("-m", "nmt.translate", "--workdir", "run", stdin=subprocess.PIPE)
  code, out, error = finished(translating, "We eat.\n\n")
  assert (code, out.count("\n")) == (0, 2), error

  provenance = json.loads((first / "run" / "provenance.json").read_text())
  code, _, error = finished(command(ROOT / "launch.py", *provenance["command"][1:]))
  assert code == 0, error
  assert "from update 6" in error
  found, expected = (
    [json.loads(line) for line in (first / path).read_text().splitlines()]
    for path in ("run/metrics.jsonl", "expected.jsonl")
  )
  assert [(x["kind"], x["update"]) for x in found] == [(x["kind"], x["update"]) for x in expected]
  for one, other in zip(found, expected, strict=True):
    assert one["loss"] == pytest.approx(other["loss"], rel=1e-4)
  # Only the folder of the text, which was relative, is said anew.
  after = (first / "run" / "config.json").read_text()
  assert after == config.replace('"dir": "text"', f'"dir": "{first}/text"')
  code, out, _ = finished(command(ROOT / "launch.py", *provenance["command"][1:]))
  assert (code, out) == (0, "run: finished already\n")
  assert {path: path.read_bytes() for path in tokenizers} == tokenizers


def test_with_another_text_it_does_not_go_on(first, command):
  with open(first / "text" / "train.en", "a") as en, open(first / "text" / "train.fr", "a") as fr:
    en.write("We eat.\n")
    fr.write("Nous mangeons.\n")
  code, _, error = finished(command("-m", "nmt.train", "--workdir", "run"))
  assert code == 2
  assert "run began with: train (train): 48 -> 49 pairs, " in error
  assert json.loads((first / "run" / "status.json").read_text())["state"] == "failed"
