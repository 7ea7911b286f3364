"""What is found is on disk before it is on a screen, and no fault of one costs the other."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from nmt.analysis.publish import publish
from nmt.evaluation import results
from nmt.evaluation.references import Example
from nmt.evaluation.report import Report

ENDINGS = ("source", "hypotheses", "references", "json", "png")
METRIC = {"score": 50.0, "signature": "none"}
SCORES = {
  **{"split": "news/test", "sentences": 1, "bleu": METRIC, "bleu_lowercase": METRIC},
  **{"chrf": METRIC, "no_unk": None, "by_length": [], "perplexity": 2.0, "reference_tokens": 2},
  **{"alignment": None, "cut": 0, "too_long": 0, "not_forced": 0},
}
EXAMPLE = Example(["le"], ["the"], np.eye(2), None)
REPORT = Report(SCORES, ["le"], ["the"], ["the"], EXAMPLE)


def names(folder):
  return {path.name for path in folder.iterdir()}


def test_files_are_written_before_anything_is_printed(tmp_path):
  class Closed(io.StringIO):
    def write(self, text):
      raise OSError("nobody reads this")

  with pytest.raises(OSError, match="nobody"):
    publish(REPORT, tmp_path, Console(file=Closed()))
  assert names(tmp_path) == {f"news%2Ftest.{ending}" for ending in ENDINGS}


def test_a_figure_that_can_not_be_written_costs_no_other_result(tmp_path):
  (tmp_path / "news%2Ftest.png").mkdir()
  printed = Console(file=io.StringIO(), width=120)
  with pytest.raises(results.Unwritten, match=r"cannot write .*test\.png") as caught:
    publish(REPORT, tmp_path, printed)
  assert "chrF" in printed.file.getvalue()
  assert caught.value.found == json.loads((tmp_path / "news%2Ftest.json").read_text()) == SCORES


def test_without_an_example_there_is_no_figure(tmp_path):
  printed = Console(file=io.StringIO(), width=120)
  publish(Report(SCORES, ["le"], ["the"], ["the"], None), tmp_path, printed)
  assert names(tmp_path) == {f"news%2Ftest.{ending}" for ending in ENDINGS[:-1]}
  assert "png" not in printed.file.getvalue()
  publish(REPORT, None, printed)  # and without a folder no file
