"""The report of a run on a test set: translations, scores, alignments, a figure."""

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from ml_collections import ConfigDict
from rich.console import Console
from rich.progress import track

from nmt.data.ids import UNK
from nmt.data.normalization import normalized_pair
from nmt.data.pair import Pair
from nmt.data.words import Words
from nmt.decoding import translator
from nmt.decoding.forced import force
from nmt.decoding.translator import Translator
from nmt.errors import UserError
from nmt.evaluation import alignment, attention, table
from nmt.evaluation.bleu import perplexity
from nmt.evaluation.scores import scores
from nmt.workdir import replacing, write_json

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
  console: Console | None = None,
) -> dict[str, Any]:
  """Translates and scores `pairs`, prints the scores, and returns them.

  With a folder, writes `<split>.source`, `.hypotheses`, `.references` (a line each), `.json` (what
  is returned) and `.png` (an alignment matrix) there. Pairs that hold gold links are aligned too,
  the reference forced. Text is normalised as the run's is. `decode` stands in for the run's own
  settings of search. Raises UserError when there are no pairs.
  """
  if not pairs:
    raise UserError(f"{split}: nothing to score, there are no sentences")
  pairs = [normalized_pair(pair, run.config.data.normalize) for pair in pairs]
  console = console or Console()
  decode = run.config.decode if decode is None else decode
  sources, references = [p.source for p in pairs], [p.target for p in pairs]
  encoded = [(run.source.encode(p.source), run.target.encode(p.target)) for p in pairs]

  began = time.monotonic()
  hypotheses, has_unk = _translate(run, sources, decode, f"translate {split}")
  seconds = time.monotonic() - began
  known = free = None
  if {"words", "characters"} & {run.source.kind, run.target.kind}:
    known = [UNK not in source and UNK not in target for source, target in encoded]
    free = _without_unk(run, sources, hypotheses, known, has_unk, decode)

  lengths = [len(run.source.words(source)) for source in sources]
  found = {
    "split": split,
    "update": run.update,
    **scores(hypotheses, references, lengths, known, free),
    **_likelihood(run, encoded),
    "alignment": _alignment(run, pairs),
    "decode": decode.to_dict(),
    "seconds_translating": round(seconds, 3),
  }
  table.show(console, found, sources, references, hypotheses)
  if folder is not None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in (
      ("source", sources),
      ("hypotheses", hypotheses),
      ("references", references),
    ):
      _write_lines(folder / f"{split}.{name}", lines)
    drawn = ",png" * _draw(run, pairs, hypotheses, folder / f"{split}.png")
    write_json(folder / f"{split}.json", found)
    console.print(f"written: {folder / split}.{{json,source,hypotheses,references{drawn}}}")
  return found


def _translate(
  run: Run, sources: Sequence[str], decode: ConfigDict, what: str
) -> tuple[list[str], list[bool]]:
  """Translations on one line each, and whether they hold [UNK]."""
  translations = track(
    Translator(run, decode).translate(sources),
    what,
    len(sources),
    console=Console(stderr=True),
    transient=True,
  )
  both = [(_one_line(found.text), UNK in found.ids) for found in translations]
  return [text for text, _ in both], [unk for _, unk in both]


def _without_unk(
  run: Run,
  sources: Sequence[str],
  hypotheses: Sequence[str],
  known: Sequence[bool],
  has_unk: Sequence[bool],
  decode: ConfigDict,
) -> list[str]:
  """The translations of known sentences as the paper scores them: with [UNK] forbidden.

  Only what came out with [UNK] is searched again.
  """
  again = [index for index, pair in enumerate(zip(known, has_unk, strict=True)) if all(pair)]
  free = list(hypotheses)
  if again:
    forbidding = ConfigDict({**decode.to_dict(), "forbid_unk": True})
    texts, _ = _translate(run, [sources[i] for i in again], forbidding, "without [UNK]")
    for index, text in zip(again, texts, strict=True):
      free[index] = text
  return free


def _likelihood(run: Run, encoded: Sequence[tuple[list[int], list[int]]]) -> dict[str, Any]:
  """Log-probability and perplexity of the references, over their tokens and ends of sentence."""
  total, tokens = 0.0, 0
  for forced in force(run, encoded):
    if forced is not None:
      total += float(forced.log_probs_T.sum(dtype="float64"))
      tokens += len(forced.log_probs_T)
  value = perplexity(total, tokens)
  return {
    "perplexity": value if math.isfinite(value) else None,  # JSON knows no infinity
    "log_probability": total,
    "reference_tokens": tokens,
  }


def _alignment(run: Run, pairs: Sequence[Pair]) -> dict[str, Any] | None:
  gold = [pair for pair in pairs if pair.links]
  if not gold:
    return None
  weights = [aligned.alpha_TxJ for aligned in attention.align(run, _words(run, gold))]
  wanted = [alignment.parse(pair.links) for pair in gold]

  def score(method: str) -> alignment.AlignmentScore:
    found = [[] if alpha is None else attention.links(alpha, method) for alpha in weights]
    return alignment.score(found, wanted)

  return asdict(score("agreement")) | {"aer_argmax": score("argmax").aer}


def _draw(run: Run, pairs: Sequence[Pair], hypotheses: Sequence[str], path: Path) -> bool:
  """Draws the sentence whose words are reordered most, of those that make a good figure.

  If there is none of these it is the shortest. False if nothing was translated.

  With gold links the reference is forced and the links outlined, else the run's own translation.
  """
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


def _one_line(text: str) -> str:
  return text.replace("\n", " ").replace("\r", " ")


def _write_lines(path: Path, lines: Sequence[str]) -> None:
  with replacing(path) as file:
    file.writelines(f"{_one_line(line)}\n" for line in lines)
