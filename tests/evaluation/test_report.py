import io
import json
import math

import pytest
from rich.console import Console

from nmt.analysis.publish import publish
from nmt.data.pair import Pair
from nmt.decoding import forced as decoding
from nmt.errors import UserError
from nmt.evaluation import references
from nmt.evaluation.alignment import parse
from nmt.evaluation.report import report

PAIRS = [
  Pair("le chat noir dort ici .", "le chat noir dort ici .", "0-0 1-1 2-2 3-3 4-4 5-5"),
  Pair("un petit chat , [ ici ] .", "un petit chat , ici .", "0-0 1-1 2-2 3p3"),
  Pair("le zèbre dort .", "le zèbre dort .", "0-0 1-1 2-2 3-3"),
]


def published(run, split, pairs, folder=None, console=None, **more):
  """The scores, once they are printed and written."""
  found = report(run, split, pairs, **more)
  publish(found, folder, console)
  return found.scores


@pytest.fixture
def printed():
  return Console(file=io.StringIO(), width=120)


def test_everything_is_scored_printed_and_written(run, tmp_path, printed):
  found = published(run, "test", PAIRS, tmp_path / "test", printed)
  text = printed.file.getvalue()
  for word in ("BLEU", "chrF", "perplexity", "AER", "tok:13a", "no UNK", "[ ici ]"):
    assert word in text
  assert found == json.loads((tmp_path / "test" / "test.json").read_text())
  hypotheses = (tmp_path / "test" / "test.hypotheses").read_text().split("\n")
  assert hypotheses == ["le chat noir dort ici.", "un petit chat, [ici].", "le [UNK] dort.", ""]
  written = {path.name for path in (tmp_path / "test").iterdir()}
  assert written == {f"test.{end}" for end in ("source", "hypotheses", "references", "json", "png")}


def test_perplexity_is_that_of_the_references(run, printed):
  found = published(run, "test", PAIRS[:1], console=printed)
  likely = 6 - math.log(math.exp(6) + run.source.size - 1)
  assert found["reference_tokens"] == 7
  assert found["perplexity"] == pytest.approx(math.exp(-likely), rel=1e-5)
  assert found["attention_entropy"] == 0  # it looks at one word at a time


def test_forced_links_are_compared_with_gold(run, printed):
  assert published(run, "test", PAIRS[:1], console=printed)["alignment"]["aer"] == pytest.approx(0)
  # The second reference leaves out a bracket: the copier looks one word too early from there.
  assert published(run, "test", PAIRS[:2], console=printed)["alignment"]["precision"] < 100
  assert published(run, "test", [Pair("le", "le")], console=printed)["alignment"] is None


def test_a_reference_is_forced_once_for_all_that_is_told_of_it(run, monkeypatch):
  forced = []

  def force(run, pairs):
    ids = list(pairs)
    forced.extend(ids)
    return decoding.force(run, ids)

  monkeypatch.setattr(references, "force", force)
  found = report(run, "test", PAIRS)
  assert found.scores["alignment"] is not None
  assert found.example is not None
  assert forced == [(run.source.encode(p.source), run.target.encode(p.target)) for p in PAIRS]

  # A hypothesis that is drawn is no reference, and counts for nothing else.
  monkeypatch.setattr(references, "_CANDIDATES", 1)
  plain = report(run, "test", [Pair(p.source, "le " + p.target) for p in PAIRS])
  assert len(forced) == len(PAIRS) + len(PAIRS) + 1
  assert plain.scores["reference_tokens"] == found.scores["reference_tokens"] + len(PAIRS)
  assert plain.scores["alignment"] is None
  assert plain.example.target == run.target.words(plain.hypotheses[0])


def test_the_example_is_the_first_of_those_most_reordered(run):
  swapped = Pair("dort le chat noir ici .", "dort le chat noir ici .", "0-0")
  long = Pair("le " * 30, "le " * 30, "0-0")
  found = report(run, "test", [long, swapped, *PAIRS]).example
  # The copier reorders nothing, so all are equal and the first of a good length is drawn.
  assert found.source == swapped.source.split()
  assert found.gold == parse("0-0")
  assert found.alpha_TxJ.shape == (7, 7)
  assert report(run, "test", [long]).example.source == long.source.split()


def test_the_known_subset_has_no_unknown_word_and_none_is_written_there(run, printed):
  found = published(run, "test", PAIRS, console=printed)
  assert found["no_unk"]["sentences"] == 2
  assert found["no_unk"]["bleu"] > found["bleu"]["score"]


def test_another_search_can_be_asked_for(run, printed):
  decode = run.config.decode.copy_and_resolve_references()
  decode.beam, decode.forbid_unk = 1, True
  found = published(run, "test", PAIRS, decode=decode, console=printed)
  assert found["decode"]["beam"] == 1
  assert "[UNK]" not in printed.file.getvalue().split("translations")[1]


def test_no_pairs_are_an_error(run):
  with pytest.raises(UserError, match="valid: nothing to score"):
    report(run, "valid", [])


def test_nothing_is_said_of_limits_that_cost_nothing(run, printed):
  found = published(run, "test", PAIRS, console=printed)
  assert (found["cut"], found["too_long"], found["not_forced"]) == (0, 0, 0)
  assert "max_ratio" not in printed.file.getvalue()
