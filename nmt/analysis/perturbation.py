"""Hallucinations under perturbation: one more word in the source, and a wholly other translation.

Algorithm 1 of Lee et al. (2018): of the sources that are translated well enough, those for which
some word in some place makes a translation that has nothing of the one before.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from nmt.analysis import translated
from nmt.analysis.translated import Sample
from nmt.evaluation import frequency
from nmt.evaluation.hallucination import GOOD, adjusted_bleu, detached

_SEED = 12345  # of the places in the middle


def perturbed(
  sample: Sample, texts: Sequence[str], count: int, decode: ConfigDict
) -> dict[str, Any]:
  """The sources that hallucinate, each with the first word that makes them.

  Gives `perturbed`, a row for each of these whose reference is the translation before;
  `perturbed_rate`, their share of the sources tried, in percent (None: none is translated well
  enough), `perturbed_tried`, and `perturbing`, the words. count: how many words are tried.
  """
  random = np.random.default_rng(_SEED)
  before = [frequency.words(text, sample.tokenizer) for text in texts]
  wanted = [frequency.words(pair.target, sample.tokenizer) for pair in sample.pairs]
  tried = [
    place
    for place, (ours, reference) in enumerate(zip(before, wanted, strict=True))
    if adjusted_bleu(ours, reference) > GOOD
  ]
  words = spread(sample.sources, count)
  changed = [
    (place, f"{word} {where}", line)
    for place in tried
    for word in words
    for where, line in insertions(sample.sources[place], word, random).items()
  ]
  lines = [line for _, _, line in changed]
  found = translated.translate_lines(sample.run, lines, decode, "perturbed sources")
  rows: dict[int, dict[str, Any]] = {}
  for (place, what, line), text in zip(changed, translated.texts(found), strict=True):
    if place not in rows and detached(frequency.words(text, sample.tokenizer), before[place]):
      sentence = {"source": line, "reference": texts[place], "translation": text}
      rows[place] = {"line": sample.lines[place], "found": what, **sentence}
  return {
    "perturbed": list(rows.values()),
    "perturbed_rate": 100 * len(rows) / len(tried) if tried else None,
    "perturbed_tried": len(tried),
    "perturbing": words,
  }


def spread(sources: Sequence[str], count: int) -> list[str]:
  """Words of the sources, evenly spaced from the most common to the rarest."""
  ranked = [word for word, _ in Counter(w for line in sources for w in _cut(line)[0]).most_common()]
  places = np.unique(np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round().astype(int))
  return [ranked[place] for place in places]


def insertions(line: str, word: str, random: np.random.Generator) -> dict[str, str]:
  """A source with one more word in it, by where that is; the place in the middle is drawn."""
  words, between = _cut(line)
  places = {
    "at the beginning": 0,
    "in the middle": int(random.integers(1, max(len(words), 2))),
    "before the last word": max(len(words) - 1, 0),
    "at the end": len(words),
  }
  return {where: between.join([*words[:at], word, *words[at:]]) for where, at in places.items()}


def _cut(line: str) -> tuple[list[str], str]:
  """What white space separates, or characters where there is none, and what joins them."""
  words = line.split()
  return (words, " ") if len(words) > 1 else (list(line.strip()), "")
