"""A few test sentences, their translations by each configuration, and where each looked."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nmt.analysis.place import place
from nmt.analysis.results.study import Run
from nmt.errors import UserError
from nmt.evaluation import attention
from nmt.progress_bar import shown

_LEGIBLE = range(15, 121)  # characters of a source whose drawing can be read
_MOST = 40  # words of a side that are drawn


class Drawing(NamedTuple):
  """Words and weights, the end of sentence last."""

  source: list[str]
  target: list[str]
  alpha_TxJ: np.ndarray


class Translated(NamedTuple):
  """What one run made of a sentence; no drawing: `why` not."""

  run: str
  text: str
  drawing: Drawing | None
  why: str


class Sentence(NamedTuple):
  """line: its number in the split, from 1."""

  line: int
  source: str
  reference: str
  languages: tuple[str, str]
  translations: list[Translated]


def gather(runs: Sequence[tuple[str, Run]], count: int) -> tuple[list[Sentence], list[str]]:
  """`count` sentences of each test set, and why runs have no alignments: `NAME: reason`.

  Each translation is forced through the model that made it, from the run's folder alone.
  """
  found: dict[tuple[int, str, str], Sentence] = {}
  reasons = []
  for name, run in shown(iter(runs), len(runs), "alignments") if count and runs else ():
    places = choose(run, count)
    drawings, why = _draw(run, places)
    if why:
      reasons.append(f"{name}: {why}")
    for at, drawing in zip(places, drawings, strict=True):
      source, reference, text = (run.texts[k][at] for k in ("source", "references", "hypotheses"))
      languages = str(run.config["data.source"]), str(run.config["data.target"])
      key = at, source, reference
      sentence = found.setdefault(key, Sentence(at + 1, source, reference, languages, []))
      small = "" if why or drawing else "too long to be drawn"
      sentence.translations.append(Translated(name, text, drawing, small or why))
  return list(found.values()), reasons


def choose(run: Run, count: int) -> list[int]:
  """Places of `count` sentences, evenly spaced among those that are legible; else the shortest."""
  sources, hypotheses = run.texts["source"], run.texts["hypotheses"]
  every = [at for at, source in enumerate(sources) if source.strip() and hypotheses[at].strip()]
  legible = [at for at in every if len(sources[at]) in _LEGIBLE]
  legible = legible or sorted(every, key=lambda at: len(sources[at]))[:count]
  if not legible:
    return []
  spaced = np.linspace(0, len(legible) - 1, min(count, len(legible)) + 2)[1:-1]
  return [legible[at] for at in np.unique(spaced.round().astype(int))]


def _draw(run: Run, places: list[int]) -> tuple[list[Drawing | None], str]:
  """The drawing of each place, None for a pair that is too long; or why there is none at all."""
  none: list[Drawing | None] = [None] * len(places)
  if not places:
    return [], "nothing was translated"
  if run.config["model.attention.kind"] == "none":
    return none, "a model without attention"
  try:
    one = place(str(run.home)).load()
    pairs = [
      (one.source.words(run.texts["source"][at]), one.target.words(run.texts["hypotheses"][at]))
      for at in places
    ]
    aligned = list(attention.align(one, pairs))
  except UserError as e:
    return none, str(e).replace(str(run.home), run.name)
  return [_fitting(pair) for pair in aligned], ""


def _fitting(pair: attention.Aligned) -> Drawing | None:
  if pair.alpha_TxJ is None or max(len(pair.source), len(pair.target)) > _MOST:
    return None
  return Drawing([*pair.source, "<end>"], [*pair.target, "<end>"], pair.alpha_TxJ)
