"""Are words that the model gives probability p right a share p of the time?

Of forced references (Kumar and Sarawagi, 2019): the probability of the likeliest word after the
true words before it, and whether it is the true one. Of the model's own translations (Wang et al.,
2020): the probability of each word, and whether the fewest edits that make the reference of the
translation leave it as it is. Words are the model's tokens, ends of sentences included. ECE is the
mean distance between probability and share, over bins of equal width (Guo et al., 2017).
"""

import argparse
from typing import Any

import numpy as np
from rich.console import Console

from nmt.analysis import style, tables, translated
from nmt.analysis.confidence import confidences
from nmt.analysis.translated import Sample
from nmt.arguments import positive
from nmt.data.ids import EOS
from nmt.decoding.translator import Translation
from nmt.errors import UserError
from nmt.evaluation.calibration import BINS, Reliability, matched, reliability

_NAMES = {"references": "forced references", "own": "own translations"}


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  translated.arguments(parser)
  parser.add_argument("--bins", type=positive, default=BINS, help=f"(default: {BINS})")


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  translated.check_figure(given)
  sample = translated.read(given)
  decode = translated.decode_of(given, sample.run)
  found = {
    "split": sample.split,
    "sentences": len(sample.pairs),
    "update": sample.run.update,
    "references": of_references(sample, given.bins),
    "own": of_own(sample, translated.translate(sample, decode), given.bins),
  }
  if given.figure:
    draw(given.figure, found)
  return found


def of_references(sample: Sample, bins: int = BINS) -> Reliability:
  """Of the likeliest words, the references being forced."""
  known = [one for one in confidences(sample.run, sample.encoded()) if one is not None]
  return _reliability([one.likeliest_T for one in known], [one.right_T for one in known], bins)


def of_own(sample: Sample, found: list[Translation], bins: int = BINS) -> Reliability:
  """Of the words of translations; those that are right by the fewest edits into the reference."""
  ids = [[token for token in one.ids if token != EOS] for one in found]
  pairs = [(source, ours) for (source, _), ours in zip(sample.encoded(), ids, strict=True)]
  probabilities, right = [], []
  for one, sure, (_, reference) in zip(
    found, confidences(sample.run, pairs), sample.encoded(), strict=True
  ):
    if sure is not None and one.ids:
      probabilities.append(sure.given_T[: len(one.ids)])  # one that was cut has no end
      right.append(np.array(matched(one.ids, [*reference, EOS]), bool))
  return _reliability(probabilities, right, bins)


def _reliability(probabilities: list[Any], right: list[Any], bins: int) -> Reliability:
  if not probabilities:
    raise UserError("there is no word to take the probability of: every sentence is too long")
  return reliability(np.concatenate(probabilities), np.concatenate(right), bins)


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints the errors, and the bins that have tokens."""
  tables.head(console, f"{found['split']}: {found['sentences']} sentences")
  console.print(
    tables.numbers(
      ["of", "tokens", "ECE, %", "mean probability - share right, %"],
      [
        [
          name,
          f"{found[key].words:,}",
          tables.number(100 * found[key].ece),
          f"{100 * found[key].overconfidence:+.2f}",
        ]
        for key, name in _NAMES.items()
      ],
    )
  )
  for key, name in _NAMES.items():
    tables.head(console, name)
    rows = [
      [
        f"{one.low:.2f}-{one.high:.2f}",
        f"{one.words:,}",
        tables.number(one.confidence, 3),
        tables.number(one.accuracy, 3),
      ]
      for one in found[key].bins
      if one.words
    ]
    console.print(tables.numbers(["probability", "tokens", "mean", "share right"], rows))


def draw(path: Any, found: dict[str, Any]) -> None:
  """The share that is right over the probability, and how many tokens a bin has, for both."""
  figure, panels = style.panels(2, 2)
  for column, (key, name) in enumerate(_NAMES.items()):
    bins = [one for one in found[key].bins if one.words]
    above, below = panels[column], panels[2 + column]
    above.plot([0, 1], [0, 1], color=style.FAINT, linewidth=0.8)
    x, y = [one.confidence for one in bins], [one.accuracy for one in bins]
    above.plot(x, y, "o-", color=style.BLUE, markersize=4, clip_on=False)
    above.set(xlim=(0, 1), ylim=(0, 1))
    style.dress(above, "", "share of tokens right", f"{name}: ECE {100 * found[key].ece:.1f} %")
    width = found[key].bins[0].high
    share = [100 * one.words / found[key].words for one in found[key].bins]
    middles = [(one.low + one.high) / 2 for one in found[key].bins]
    below.bar(middles, share, width=0.9 * width, color=style.ORANGE)
    below.set(xlim=(0, 1))
    style.dress(below, "probability of a token", "tokens, %")
  style.save(figure, path)
