"""What annotations know of their words: part of speech, position, and length of the sentence.

A linear probe is trained on the words of three quarters of the sentences and scored on the others:
multinomial logistic regression with its accuracy for parts of speech, ridge regression with R^2 for
the position (from 1) and the length. Word vectors stand beside the annotations of the encoder's
lowest layers, up to the highest. The control task gives every word type a random label or number of
the same distribution (Hewitt and Liang, 2019); selectivity is the score less the control's: a score
that a random label reaches too says that a vector knows its word, and no more. Parts of speech are
those of the embedded grammar's English; words that have several are left out. A word of several
tokens has the mean of their vectors.
"""

import argparse
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from rich.console import Console

from nmt import models
from nmt.analysis import probing, tables, translated, word_classes
from nmt.analysis.translated import Sample
from nmt.decoding.forced import each
from nmt.decoding.trained import Run
from nmt.errors import UserError
from nmt.models.activations import layers

SENTENCES = 400
_LEAST = 8  # sentences, of which two are for the test


def arguments(parser: argparse.ArgumentParser) -> None:
  """The options of this verb."""
  translated.arguments(parser, search=False, figure=False, sentences=SENTENCES)


def run(given: argparse.Namespace) -> dict[str, Any]:
  """Runs the verb as the command line asks for it."""
  return probe(translated.read(given))


def probe(sample: Sample) -> dict[str, Any]:
  """A row for each task and kind of vectors. UserError: there are too few sentences."""
  run = sample.run
  cut = [word_classes.words(run, pair) for pair in sample.pairs]
  every = zip(cut, vectors(run, [pieces.ids[0] for _, pieces in cut]), strict=True)
  known = [(*two, one) for two, one in every if one is not None and two[1].source]
  if len(known) < _LEAST:
    raise UserError(f"{len(known)} sentences are too few to probe; give at least {_LEAST}")
  lengths = [len(pieces.source) for _, pieces, _ in known]
  spelt = [word for _, pieces, _ in known for word in pieces.source]
  _, types_N = np.unique(spelt, return_inverse=True)
  train_N, all_N = probing.split(lengths), np.ones(len(spelt), bool)
  tasks = {
    "position": (np.concatenate([np.arange(1.0, n + 1) for n in lengths]), all_N),
    "length": (np.repeat(np.array(lengths, float), lengths), all_N),
  }
  if word_classes.has_parts(run):
    parts = [part for own, _, _ in known for part in own]
    _, index_N = np.unique([part or "" for part in parts], return_inverse=True)
    tasks = {"part of speech": (index_N, np.array([part is not None for part in parts])), **tasks}
  rows = []
  names = _names(len(known[0][2]))
  vectors_NxD = [
    np.concatenate([_of_words(one[k], p.source_owner, len(p.source)) for _, p, one in known])
    for k in range(len(names))
  ]
  for task, (targets_N, labelled_N) in tasks.items():
    for name, x_NxD in zip(names, vectors_NxD, strict=True):
      chosen = (one[labelled_N] for one in (x_NxD, targets_N, types_N, train_N))
      rows.append({"task": task, "vectors": name, **probing.probe(*chosen)._asdict()})
  labelled = None
  if "part of speech" in tasks:
    labelled = float(tasks["part of speech"][1].mean())
  return {
    "split": sample.split,
    "sentences": len(known),
    "words": len(spelt),
    "labelled": labelled,
    "rows": rows,
  }


def vectors(run: Run, sources: list[list[int]]) -> Iterator[list[np.ndarray] | None]:
  """The vectors of the words of each source (ids without EOS), then of each layer, without EOS.

  None of a source that is too long.
  """
  model, sizes = run.config.model, (run.source.size, run.target.size)

  @jax.jit
  def compute(params: Any, source_BxJ: jax.Array) -> Any:
    return layers(models.rebuild(model, *sizes, params), source_BxJ)

  def cut(row: Any, J: int, T: int) -> list[np.ndarray]:
    return [np.array(one[: J - 1], np.float64) for one in row]

  pairs: list[tuple[list[int], list[int]]] = [(source, []) for source in sources]
  return each(pairs, lambda source_BxJ, _: compute(run.params, source_BxJ), cut)


def _names(count: int) -> list[str]:
  """Of that many kinds of vectors, the words' first."""
  lower = [f"annotations, layer {k}" for k in range(1, count - 1)]
  return ["word vectors", *lower, "annotations"]


def _of_words(pieces_JxD: np.ndarray, owner: list[int], words: int) -> np.ndarray:
  """The mean over the pieces of each word; 0 for a word without any."""
  share = np.zeros((words, len(owner)))
  share[owner, range(len(owner))] = 1
  means: np.ndarray = share @ pieces_JxD / np.maximum(share.sum(axis=1, keepdims=True), 1)
  return means


def show(console: Console, found: dict[str, Any]) -> None:
  """Prints a row for each task and kind of vectors."""
  head = f"{found['split']}: {found['words']:,} source words of {found['sentences']} sentences"
  tables.head(console, head)
  columns = ["task", "vectors", "score", "control", "selectivity", "baseline", "train", "test"]
  rows = []
  for row in found["rows"]:
    numbers = (tables.number(row[key], 3) for key in columns[2:6])
    rows.append([row["task"], row["vectors"], *numbers, f"{row['train']:,}", f"{row['test']:,}"])
  console.print(tables.numbers(columns, rows))
  if found["labelled"] is not None:
    tables.note(console, f"{found['labelled']:.1%} of the words have one part of speech")
