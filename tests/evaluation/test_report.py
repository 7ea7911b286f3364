import io
import json
import math

import pytest
from rich.console import Console

from nmt.data.pair import Pair
from nmt.errors import UserError
from nmt.evaluation import results
from nmt.evaluation.report import report

PAIRS = [
  Pair("le chat noir dort ici .", "le chat noir dort ici .", "0-0 1-1 2-2 3-3 4-4 5-5"),
  Pair("un petit chat , [ ici ] .", "un petit chat , ici .", "0-0 1-1 2-2 3p3"),
  Pair("le zèbre dort .", "le zèbre dort .", "0-0 1-1 2-2 3-3"),
]


@pytest.fixture
def printed():
  return Console(file=io.StringIO(), width=120)


def test_everything_is_scored_printed_and_written(run, tmp_path, printed):
  found = report(run, "test", PAIRS, tmp_path / "test", console=printed)
  text = printed.file.getvalue()
  for word in ("BLEU", "chrF", "perplexity", "AER", "tok:13a", "no UNK", "[ ici ]"):
    assert word in text
  assert found == json.loads((tmp_path / "test" / "test.json").read_text())
  hypotheses = (tmp_path / "test" / "test.hypotheses").read_text().split("\n")
  assert hypotheses == ["le chat noir dort ici.", "un petit chat, [ici].", "le [UNK] dort.", ""]
  written = {path.name for path in (tmp_path / "test").iterdir()}
  assert written == {f"test.{end}" for end in ("source", "hypotheses", "references", "json", "png")}


def test_perplexity_is_that_of_the_references(run, printed):
  found = report(run, "test", PAIRS[:1], console=printed)
  likely = 6 - math.log(math.exp(6) + run.source.size - 1)
  assert found["reference_tokens"] == 7
  assert found["perplexity"] == pytest.approx(math.exp(-likely), rel=1e-5)


def test_forced_links_are_compared_with_gold(run, printed):
  assert report(run, "test", PAIRS[:1], console=printed)["alignment"]["aer"] == pytest.approx(0)
  # The second reference leaves out a bracket: the copier looks one word too early from there.
  assert report(run, "test", PAIRS[:2], console=printed)["alignment"]["precision"] < 100
  assert report(run, "test", [Pair("le", "le")], console=printed)["alignment"] is None


def test_the_known_subset_has_no_unknown_word_and_none_is_written_there(run, printed):
  found = report(run, "test", PAIRS, console=printed)
  assert found["no_unk"]["sentences"] == 2
  assert found["no_unk"]["bleu"] > found["bleu"]["score"]


def test_another_search_can_be_asked_for(run, printed):
  decode = run.config.decode.copy_and_resolve_references()
  decode.beam, decode.forbid_unk = 1, True
  found = report(run, "test", PAIRS, decode=decode, console=printed)
  assert found["decode"]["beam"] == 1
  assert "[UNK]" not in printed.file.getvalue().split("translations")[1]


def test_no_pairs_are_an_error(run):
  with pytest.raises(UserError, match="valid: nothing to score"):
    report(run, "valid", [])


def test_files_are_written_before_anything_is_printed(run, tmp_path):
  class Closed(io.StringIO):
    def write(self, text):
      raise OSError("nobody reads this")

  with pytest.raises(OSError, match="nobody"):
    report(run, "news/test", PAIRS, tmp_path, console=Console(file=Closed()))
  assert {path.name for path in tmp_path.iterdir()} == {
    f"news%2Ftest.{end}" for end in ("source", "hypotheses", "references", "json", "png")
  }


def test_what_is_written_is_read_back_line_for_line(tmp_path):
  texts = (["a\u2028b", "", "c\nd\r"], ["x", "y\x85", ""], ["1", "2", "3"])
  results.write(tmp_path, "news/a", texts, {})
  read = results.texts(tmp_path, "news/a")
  assert list(read.values()) == [["a\u2028b", "", "c d "], ["x", "y\x85", ""], ["1", "2", "3"]]
  with pytest.raises(UserError, match=r"b\.source: .*not tested on b"):
    results.texts(tmp_path, "b")


def test_nothing_is_said_of_limits_that_cost_nothing(run, printed):
  found = report(run, "test", PAIRS, console=printed)
  assert (found["cut"], found["too_long"], found["not_forced"]) == (0, 0, 0)
  assert "max_ratio" not in printed.file.getvalue()


def test_a_figure_that_can_not_be_written_costs_no_other_result(run, tmp_path, printed):
  (tmp_path / "test.png").mkdir()
  with pytest.raises(results.Unwritten, match=r"cannot write .*test\.png") as caught:
    report(run, "test", PAIRS, tmp_path, console=printed)
  assert "chrF" in printed.file.getvalue()
  assert caught.value.found == json.loads((tmp_path / "test.json").read_text())
