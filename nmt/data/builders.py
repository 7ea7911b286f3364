"""TFDS builders of this project's own corpora; they need no TensorFlow."""

import contextlib
import functools
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds
from ml_collections import ConfigDict

from nmt import progress_bar
from nmt.data import grammar, parallel, text_files
from nmt.data.links import SPACED
from nmt.data.links import read as read_links
from nmt.data.pair import Pair

PART = 100_000  # pairs; TFDS holds a split in memory until it is whole, so parts are splits

Example = tuple[int, dict[str, str]]


class _Pairs(tfds.core.GeneratorBasedBuilder):
  """Sentence pairs in their own order, as ArrayRecord, in splits of PART pairs to be joined."""

  VERSION = tfds.core.Version("1.0.0")

  def __init__(
    self, count: int, languages: tuple[str, str], extra: tuple[str, ...] = (), **kwargs: Any
  ):
    self.count, self.languages, self.extra = count, languages, extra
    super().__init__(file_format="array_record", **kwargs)

  def _info(self) -> tfds.core.DatasetInfo:
    features = tfds.features.Translation(languages=self.languages)
    if self.extra:
      texts = {name: tfds.features.Text() for name in (*self.languages, *self.extra)}
      features = tfds.features.FeaturesDict(texts)
    return tfds.core.DatasetInfo(
      builder=self,
      features=features,
      supervised_keys=self.languages,
      disable_shuffling=True,
    )

  def _split_generators(self, dl_manager: Any) -> dict[str, Iterator[Example]]:
    examples = self._generate_examples()
    starts = range(0, self.count, PART)
    return {f"from{start:012}": itertools.islice(examples, PART) for start in starts}

  def quietly(self) -> None:
    """Writes the dataset, with this project's progress bar instead of TFDS's messages."""
    tfds.disable_progress_bar()
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
      self.download_and_prepare()


class ParallelText(_Pairs):
  """One split of parallel text: `count` pairs from two files or one table (see text_files).

  linked: the file of their links, if there is one, which are then over what spaces separate.
  """

  def __init__(
    self,
    files: tuple[Path, ...],
    count: int,
    languages: tuple[str, str],
    linked: Path | None = None,
    **kwargs: Any,
  ):
    self.files, self.linked = files, linked
    super().__init__(count, languages, (SPACED,) if linked else (), **kwargs)

  def _generate_examples(self) -> Iterator[Example]:
    pairs = text_files.pairs(self.files)
    lines = read_links(self.linked, self.files) if self.linked else itertools.repeat("")
    shown = progress_bar.shown(pairs, self.count, "reading text")
    for index, (pair, line) in enumerate(zip(shown, lines, strict=False)):
      more = {SPACED: line} if self.linked else {}
      yield index, dict(zip(self.languages, pair, strict=True)) | more


class GrammarPairs(_Pairs):
  """One split of the grammar's English-French corpus, with its gold links."""

  def __init__(self, grammar_config: ConfigDict, split: str, pool: parallel.Pool, **kwargs: Any):
    self.grammar_config, self.part, self.pool = grammar_config, split, pool
    count = grammar.size(grammar_config, split)
    super().__init__(count, ("en", "fr"), ("links",), **kwargs)

  def _generate_examples(self) -> Iterator[Example]:
    work = functools.partial(_generate, self.grammar_config, self.part)
    chunks = self.pool.chunked(work, range(self.count), f"generating {self.part}")
    for index, pair in enumerate(pair for chunk in chunks for pair in chunk):
      yield index, {"en": pair.source, "fr": pair.target, "links": pair.links}


def _generate(grammar_config: ConfigDict, split: str, chunk: parallel.Indices) -> list[Pair]:
  return [grammar.pair(grammar_config, split, index) for index in chunk]
