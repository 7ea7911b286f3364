"""The report of a run on a test set: translations, scores, alignments, a figure."""

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from ml_collections import ConfigDict
from rich.console import Console
from rich.progress import track

from nmt import cli
from nmt.data.ids import UNK
from nmt.data.normalization import normalized_pair
from nmt.data.pair import Pair
from nmt.data.text_files import one_line
from nmt.data.words import Words
from nmt.decoding import translator
from nmt.decoding.forced import force
from nmt.decoding.translator import Translator
from nmt.errors import UserError
from nmt.evaluation import alignment, attention, results, table
from nmt.evaluation.bleu import tokenizer as bleu_tokenizer
from nmt.evaluation.scores import scores
from nmt.perplexity import perplexity

_DRAWN = range(6, 19)  # words of a sentence that makes a good figure


class Run(translator.Run, attention.Run, Protocol):
  """A trained model to search with and to force; `nmt.run.load` gives one."""

  @property
  def update(self) -> int: ...


def report(
  run: Run,
  split: str,
  pairs: Sequence[Pair],
  folder: Path | None = None,
  *,
  decode: ConfigDict | None = None,
  tokenizer: str = "",
  console: Console | None = None,
) -> dict[str, Any]:
  """Translates and scores `pairs`, prints the scores, and returns them.

  With a folder, writes `<split>.source`, `.hypotheses`, `.references` (a line each), `.json` (what
  is returned) and `.png` (an alignment matrix) there, before anything is printed. Pairs that hold
  gold links are aligned too, the reference forced. `decode` and `tokenizer` stand in for the run's
  own settings of search and of BLEU; text is normalised as the run's is. Raises UserError when
  there are no pairs or the folder can't be written; `results.Unwritten`, with the scores shown,
  when writing fails in the end.
  """
  if not pairs:
    raise UserError(f"{split}: nothing to score, there are no sentences")
  if folder is not None:
    results.check(folder, "choose a place that can be")
  pairs = [normalized_pair(pair, run.config.data.normalize) for pair in pairs]
  console = console or cli.console()
  decode = run.config.decode if decode is None else decode
  tokenizer = tokenizer or bleu_tokenizer(run.config)
  sources, references = [p.source for p in pairs], [p.target for p in pairs]
  encoded = [(run.source.encode(p.source), run.target.encode(p.target)) for p in pairs]

  began = time.monotonic()
  searched = _translate(run, sources, decode, f"translate {split}")
  seconds = time.monotonic() - began
  hypotheses = searched.texts
  known = free = None
  if {"words", "characters"} & {run.source.kind, run.target.kind}:
    known = [UNK not in source and UNK not in target for source, target in encoded]
    free = _without_unk(run, sources, searched, known, decode)

  lengths = [len(run.source.words(source)) for source in sources]
  found = {
    "split": split,
    "update": run.update,
    **scores(hypotheses, references, lengths, known, free, tokenizer),
    **_likelihood(run, encoded),
    "cut": searched.cut,
    "too_long": searched.too_long,
    "alignment": _alignment(run, pairs),
    "decode": decode.to_dict(),
    "seconds_translating": round(seconds, 3),
  }
  written = unwritten = None
  if folder is not None:
    texts = (sources, hypotheses, references)
    try:
      results.write(folder, split, texts, found)
      drawn = _draw(run, pairs, hypotheses, folder / f"{results.stem(split)}.png")
      endings = "json,source,hypotheses,references" + ",png" * drawn
      written = f"written: {folder / results.stem(split)}.{{{endings}}}"
    except OSError as e:
      unwritten = results.rescue(folder, split, texts, found, e)
    except UserError as e:  # of the figure: all else is written
      unwritten = results.Unwritten(str(e), found)
  table.show(console, found, sources, references, hypotheses)
  if unwritten is not None:
    raise unwritten
  if written is not None:
    console.print(written, markup=False, highlight=False, soft_wrap=True)
  return found


class _Searched(NamedTuple):
  """Translations on one line each, whether they hold [UNK], and how many lines were too long.

  cut: how many translations reached their longest length before their end.
  """

  texts: list[str]
  unk: list[bool]
  cut: int
  too_long: int


def _translate(run: Run, sources: Sequence[str], decode: ConfigDict, what: str) -> _Searched:
  translator = Translator(run, decode)
  console = cli.console(stderr=True)
  lines = track(
    translator.translate(sources),
    what,
    len(sources),
    console=console,
    transient=True,
    disable=not console.is_terminal,
  )
  rows = [
    (one_line(one.text), UNK in one.ids, translator.cut(one), translator.too_long(one))
    for one in lines
  ]
  texts, unk, cut, too_long = map(list, zip(*rows, strict=True))
  return _Searched(texts, unk, sum(cut), sum(too_long))


def _without_unk(
  run: Run,
  sources: Sequence[str],
  searched: _Searched,
  known: Sequence[bool],
  decode: ConfigDict,
) -> list[str]:
  """The translations of known sentences as the paper scores them: with [UNK] forbidden.

  Only what came out with [UNK] is searched again.
  """
  again = [index for index, pair in enumerate(zip(known, searched.unk, strict=True)) if all(pair)]
  free = list(searched.texts)
  if again:
    forbidding = ConfigDict({**decode.to_dict(), "forbid_unk": True})
    found = _translate(run, [sources[i] for i in again], forbidding, "without [UNK]")
    for index, text in zip(again, found.texts, strict=True):
      free[index] = text
  return free


def _likelihood(run: Run, encoded: Sequence[tuple[list[int], list[int]]]) -> dict[str, Any]:
  """Log-probability and perplexity of the references, over their tokens and ends of sentence."""
  total, tokens, too_long = 0.0, 0, 0
  for forced in force(run, encoded):
    if forced is None:
      too_long += 1
    else:
      total += float(forced.log_probs_T.sum(dtype="float64"))
      tokens += len(forced.log_probs_T)
  value = perplexity(-total, tokens)
  return {
    "perplexity": value if math.isfinite(value) else None,  # JSON knows no infinity
    "log_probability": total,
    "reference_tokens": tokens,
    "not_forced": too_long,
  }


def _alignment(run: Run, pairs: Sequence[Pair]) -> dict[str, Any] | None:
  gold = [pair for pair in pairs if pair.links]
  if not gold or not run.aligns:
    return None
  weights = [aligned.alpha_TxJ for aligned in attention.align(run, _words(run, gold))]
  wanted = [alignment.parse(pair.links) for pair in gold]

  def score(method: str) -> alignment.AlignmentScore:
    found = [[] if alpha is None else attention.links(alpha, method) for alpha in weights]
    return alignment.score(found, wanted)

  return asdict(score("agreement")) | {"aer_argmax": score("argmax").aer}


def _draw(run: Run, pairs: Sequence[Pair], hypotheses: Sequence[str], path: Path) -> bool:
  """Draws the sentence whose words are reordered most, of those that make a good figure.

  If there is none of these it is the shortest. False if nothing was translated, or by a model
  without alignments.

  With gold links the reference is forced and the links outlined, else the run's own translation.
  """
  if not run.aligns:
    return False
  written = [
    pair if pair.links else Pair(pair.source, hypothesis)
    for pair, hypothesis in zip(pairs, hypotheses, strict=True)
    if hypothesis
  ]
  legible = [pair for pair in written if len(pair.source.split()) in _DRAWN]
  shown = legible[:100] or sorted(written, key=lambda pair: len(pair.source))[:1]
  best: tuple[attention.Aligned, np.ndarray, str] | None = None
  most = -1
  for pair, aligned in zip(shown, attention.align(run, _words(run, shown)), strict=True):
    if aligned.alpha_TxJ is None:
      continue
    crossings = _crossings(attention.links(aligned.alpha_TxJ))
    if crossings > most:
      best, most = (aligned, aligned.alpha_TxJ, pair.links), crossings
  if best is not None:
    from nmt.analysis.heatmap import heatmap  # matplotlib: a second that no training waits for

    aligned, alpha_TxJ, links = best
    source, target = [*aligned.source, "<end>"], [*aligned.target, "<end>"]
    heatmap(path, source, target, alpha_TxJ, alignment.parse(links) if links else None)
  return best is not None


def _words(run: Run, pairs: Sequence[Pair]) -> list[tuple[list[str], list[str]]]:
  """Words over which links count: Moses words where there are gold links, whatever the tokens."""
  source, target = Words(run.config.data.source, ()), Words(run.config.data.target, ())
  return [
    (source.words(pair.source), target.words(pair.target))
    if pair.links
    else (run.source.words(pair.source), run.target.words(pair.target))
    for pair in pairs
  ]


def _crossings(links: Sequence[alignment.Link]) -> int:
  """How many neighbouring target words look backwards, at an earlier source word."""
  sources = [j for j, _ in links]
  return sum(after < before for before, after in itertools.pairwise(sources))
