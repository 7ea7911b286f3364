"""The verbs that translate, on a small run: what they print, draw and refuse."""

import json
import shutil

import numpy as np
import pytest

from nmt import analyze
from nmt.analysis import translated
from nmt.analysis.confidence import confidences
from nmt.analysis.place import place
from nmt.analysis.verbs import beams, errors, offsets, over_time
from nmt.decoding.forced import force
from nmt.errors import UserError
from nmt.evaluation import alignment, attention
from nmt.evaluation.references import linked_words


@pytest.fixture
def here(first, monkeypatch):
  monkeypatch.chdir(first)
  monkeypatch.setenv("NMT_CACHE", str(first / "cache"))
  return first


@pytest.fixture
def linked(here):
  """The same, where the split has gold links, some of them wrong."""
  count = len((here / "text" / "valid.en").read_text(encoding="utf-8").splitlines())
  (here / "text" / "valid.links").write_text("0-0 1-1 0-2 2p1\n" * count, encoding="utf-8")
  return here


def found(capsys, verb, *options):
  assert analyze.main([verb, "run", "--split", "valid", *options, "--json"]) == 0
  return json.loads(capsys.readouterr().out)


def test_each_verb_prints_and_draws(linked, capsys):
  options = {
    "beams": ["--beams", "1,2"],
    "calibration": ["--bins", "5"],
    "errors": ["--perturb", "1"],
  }
  for verb in ("lengths", "frequency", "beams", "calibration", "offsets", "over-time"):
    more = options.get(verb, [])
    picture = linked / f"{verb}.svg"
    result = found(capsys, verb, "--sentences", "3", *more, "--figure", str(picture))
    assert result["split"] == "valid"
    assert picture.read_bytes().startswith(b"<?xml")
  for verb in ("errors", "lengths", "offsets"):
    assert (
      analyze.main([verb, "run", "--split=valid", "--sentences=3", *options.get(verb, [])]) == 0
    )
    assert "valid: 3 sentences" in capsys.readouterr().out


def test_sentences_are_spread_over_the_split(here):
  run = place("run").load()
  every = translated.sample(run, "valid")
  some = translated.sample(run, "valid", 3)
  assert every.lines == list(range(1, len(every.pairs) + 1))
  assert (some.lines[0], some.lines[-1], len(some.lines)) == (1, len(every.pairs), 3)
  assert some.pairs == [every.pairs[line - 1] for line in some.lines]
  assert len(translated.sample(run, "valid", 10**6).pairs) == len(every.pairs)


def test_words_are_as_sure_as_their_forced_probabilities(here):
  sample = translated.sample(place("run").load(), "valid", 5)
  pairs = [*sample.encoded(), ([5], [6] * 5000)]
  for sure, forced in zip(confidences(sample.run, pairs), force(sample.run, pairs), strict=True):
    if forced is None:
      assert sure is None
      continue
    np.testing.assert_allclose(sure.given_T, np.exp(forced.log_probs_T), rtol=1e-4)
    assert (sure.given_T <= sure.likeliest_T * (1 + 1e-6)).all()
    np.testing.assert_array_equal(sure.right_T, sure.given_T >= sure.likeliest_T)


def test_links_of_another_aligner_give_drop(here):
  sample = translated.sample(place("run").load(), "valid", 4)
  texts = [pair.target for pair in sample.pairs]
  wanted, ours = [[(0, 0), (1, 1)]] * 4, [[(0, 0)], [(0, 0), (1, 0)], [], [(1, 1)]]
  result = errors.errors(sample, texts, (wanted, ours))
  assert result["drop"] == 100 * 4 / 8
  assert [len(row["found"]) for row in result["dropped"]] == [1, 2, 1]
  assert result["rep"] == 0
  assert result["detached"] == result["oscillating"] == result["untranslated"] == []
  attended = errors.errors(sample, texts)
  assert attended["drop"] == 0  # of the references themselves


def test_a_repeated_sentence_is_found_in_every_way(here):
  sample = translated.sample(place("run").load(), "valid", 2)
  texts = ["so it is , " * 4, sample.pairs[1].target]
  result = errors.errors(sample, texts)
  for kind in ("repeated", "oscillating", "detached"):
    assert [row["line"] for row in result[kind]] == [1]
  assert result["rep"] > 0


def test_offsets_are_counted_from_the_nearest_link():
  gold = alignment.parse("1-0 3-0 0-1 2p2")
  alpha = np.array(
    [
      [0.0, 0.1, 0.3, 0.2, 0.4, 0.5],  # words 1 and 3 are linked: 2 is after 1, and 4 after 3
      [0.3, 0.1, 0.0, 0.0, 0.1, 0.5],
      [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],  # a possible link only
      [0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
    ]
  )
  heaviest, weight = offsets.count(alpha, gold)
  expected = np.zeros((2, 11))
  expected[0, [5, 6]] = 1
  expected[1, [5, 6]] = 0.3, 0.7
  expected[1, [5, 6, 9]] += 0.6, 0.2, 0.2
  np.testing.assert_allclose([heaviest, weight], expected)
  assert not offsets.count(np.zeros((4, 6)), gold).any()


def test_offsets_are_those_of_the_links_that_argmax_finds(linked, capsys):
  result = found(capsys, "offsets")
  run = place("run").load()
  sample = translated.sample(run, "valid")
  right = words = 0
  for pair in sample.pairs:
    (one,) = attention.align(run, [linked_words(run, pair)])
    sure = alignment.parse(pair.links).sure
    links = [
      link for link in attention.links(one.alpha_TxJ, "argmax") if link[1] in {t for _, t in sure}
    ]
    words += len(links)
    right += sum(link in sure for link in links)
  at_0 = next(row for row in result["rows"] if row["offset"] == 0)
  assert result["words"] == words
  assert at_0["heaviest"]["score"] == pytest.approx(100 * right / words)
  for name in ("heaviest", "weight"):
    assert sum(row[name]["score"] for row in result["rows"]) == pytest.approx(100)


def test_over_time_has_a_row_for_each_whole_checkpoint(here):
  shutil.copytree("run/checkpoints/6", "run/checkpoints/4")  # damaged: it says that it is another
  whole = over_time.over_time(place("run"), sentences=4)
  (row,) = whole["rows"]
  assert row["update"] == 6
  assert row["loss"] == pytest.approx(np.log(row_perplexity(here)), rel=0.5)
  assert 0 <= row["coverage"] <= 1
  assert 0 < row["diagonality"] <= 1
  assert row["rank_source"] >= 1
  assert row["norm"] > 0


def row_perplexity(folder):
  lines = [json.loads(line) for line in (folder / "run" / "metrics.jsonl").read_text().splitlines()]
  return [line["perplexity"] for line in lines if line["kind"] == "valid"][-1]


def test_search_errors_are_where_a_larger_beam_scores_higher(here):
  sample = translated.sample(place("run").load(), "valid", 3)
  small, large = beams.beams(sample, [2, 1], sample.run.config.decode)["rows"]
  assert (small["beam"], large["beam"], large["search_errors"]) == (1, 2, None)
  decode = sample.run.config.decode.copy_and_resolve_references()
  scores = []
  for decode.beam in (1, 2):
    scores.append(np.array([one.score for one in translated.translate(sample, decode)]))
  assert small["search_errors"] == pytest.approx(100 * np.mean(scores[1] > scores[0] + 1e-4))


@pytest.mark.parametrize(
  ("arguments", "line"),
  [
    (["lengths", "run", "--figure", "a.gif"], "must end in .png, .pdf or .svg"),
    (["lengths", "run", "--figure", "nowhere/a.png"], "no folder"),
    (["lengths", "nowhere"], "no such folder"),
    (["offsets", "run"], "no sentence of it has gold links"),
    (["lengths", "run", "--split", "nosuch"], "nosuch"),
    (["lengths", "run", "--sentences", "0"], "at least 1"),
    (["beams", "run", "--beams", "1,x"], "whole numbers of at least 1"),
    (["beams", "run", "--beam", "2"], "give them all with --beams"),
    (["errors", "run", "--links", "l"], "go together"),
  ],
)
def test_mistakes_are_one_line(here, arguments, line):
  with pytest.raises(UserError, match=line):
    analyze.main(arguments)


def test_links_must_be_those_of_the_split(here):
  (here / "short").write_text("0-0\n")
  (here / "wrong").write_text("0-0\n" * 3 + "77-0\n" * 60)
  for name, line in (("short", "fewer than the split"), ("wrong", "line 4: links to word 77")):
    links = ["--links", name, "--reference-links", name]
    with pytest.raises(UserError, match=line):
      analyze.main(["errors", "run", "--split", "valid", *links])
