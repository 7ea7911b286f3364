"""Two or more systems on one test set: the first is what the others are compared with."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sacrebleu.metrics import BLEU

from nmt.evaluation import significance
from nmt.evaluation.frequency import by_frequency
from nmt.evaluation.scores import by_length
from nmt.evaluation.sufficient import Bleu, Chrf, Metric

RESAMPLES, TRIALS = 1_000, 10_000  # sacreBLEU's own
_SEED = 12345


class Task(NamedTuple):
  """What all systems translate; tokenizer: sacreBLEU's. unit: what lengths count."""

  sources: list[str]
  references: list[str]
  tokenizer: str

  @property
  def unit(self) -> str:
    """Words, or characters where the sources have no spaces between words."""
    spaced = sum(" " in line.strip() for line in self.sources)
    return "words" if 2 * spaced >= len(self.sources) else "characters"

  def lengths(self) -> list[int]:
    words = self.unit == "words"
    return [len(line.split()) if words else len(line) for line in self.sources]


def compare(
  task: Task,
  systems: Mapping[str, list[str]],
  frequency: Mapping[str, int] | None,
  most: int = 5,
  resamples: int = RESAMPLES,
  trials: int = TRIALS,
) -> dict[str, Any]:
  """All that is said of the systems, JSON-able.

  systems: translations by name, the baseline first. frequency: of words in training; None where
  that is not known. most: how many sentences to show each way.
  """
  metrics: dict[str, Metric] = {
    "bleu": Bleu(task.references, task.tokenizer),
    "chrf": Chrf(task.references),
  }
  names = list(systems)
  counts = {
    key: {name: metric.counts(lines) for name, lines in systems.items()}
    for key, metric in metrics.items()
  }
  found: dict[str, Any] = {
    "sentences": len(task.references),
    "baseline": names[0],
    "signatures": {key: metric.signature for key, metric in metrics.items()},
    "systems": {name: {} for name in names},
    "length_unit": task.unit,
    "by_length": {
      name: by_length(lines, task.references, task.lengths(), task.tokenizer)
      for name, lines in systems.items()
    },
    "by_frequency": None
    if frequency is None
    else {
      name: by_frequency(lines, task.references, frequency, task.tokenizer)
      for name, lines in systems.items()
    },
  }
  for key, metric in metrics.items():
    for name, scored in _scores(metric, counts[key], names, resamples, trials).items():
      found["systems"][name][key] = scored
  found["sentences_apart"] = {
    name: _apart(task, systems, names[0], name, metrics["chrf"], counts["chrf"], most)
    for name in names[1:]
  }
  return found


def _scores(
  metric: Metric,
  counts: Mapping[str, np.ndarray],
  names: Sequence[str],
  resamples: int,
  trials: int,
) -> dict[str, dict[str, Any]]:
  """Each system's score and, after the first, its difference by paired bootstrap and by swaps."""
  drawn = significance.resample(
    metric.score, [counts[name] for name in names], resamples, np.random.default_rng(_SEED)
  )
  base = float(metric.score(counts[names[0]].sum(axis=0)))
  found: dict[str, dict[str, Any]] = {}
  for place, name in enumerate(names):
    score = float(metric.score(counts[name].sum(axis=0)))
    low, high = significance.percentiles(drawn[:, place]).tolist()
    found[name] = {"score": score, "low": low, "high": high}
    if place:
      apart = drawn[:, place] - drawn[:, 0]
      low, high = significance.percentiles(apart).tolist()
      random = np.random.default_rng(_SEED)
      p = significance.randomisation(
        metric.score, [counts[name]], [counts[names[0]]], trials, random
      )
      found[name] |= {
        "difference": score - base,
        "difference_low": low,
        "difference_high": high,
        "better_in": float((apart > 0).mean()),
        "p": p,
      }
  others = names[1:]
  for name, p in zip(others, significance.holm([found[name]["p"] for name in others]), strict=True):
    found[name]["p_holm"] = p
  return found


def _apart(
  task: Task,
  systems: Mapping[str, list[str]],
  first: str,
  second: str,
  metric: Metric,
  counts: Mapping[str, np.ndarray],
  most: int,
) -> list[dict[str, Any]]:
  """The sentences whose chrF differs most, those where the second is better first."""
  apart = metric.score(counts[second]) - metric.score(counts[first])
  order = np.argsort(-apart, kind="stable")
  up = [int(index) for index in order[:most] if apart[index] > 0]
  down = [int(index) for index in order[::-1][:most] if apart[index] < 0]
  bleu = BLEU(force=True, tokenize=task.tokenizer, effective_order=True)
  rows = []
  for index in up + down:
    reference = task.references[index]
    texts = {name: systems[name][index] for name in (first, second)}
    rows.append(
      {
        "line": index + 1,
        "chrf_difference": float(apart[index]),
        "source": task.sources[index],
        "reference": reference,
        "translations": texts,
        "sentence_bleu": {
          name: bleu.sentence_score(text, [reference]).score for name, text in texts.items()
        },
        "sentence_chrf": {name: float(metric.score(counts[name][index])) for name in texts},
      }
    )
  return rows
