"""TFDS builders of this project's own corpora; they need no TensorFlow."""

from collections.abc import Iterator
from pathlib import Path

import tensorflow_datasets as tfds
from ml_collections import ConfigDict

from nmt.data import grammar, text_files


SPLIT = "pairs"  # the one split of each of these datasets


class ParallelText(tfds.core.GeneratorBasedBuilder):
  """One split of parallel text, in file order, from two files or one table (see text_files)."""

  VERSION = tfds.core.Version("1.0.0")

  def __init__(self, files: tuple[Path, ...], languages: tuple[str, str], **kwargs):
    self.files, self.languages = files, languages
    super().__init__(file_format="array_record", **kwargs)

  def _info(self) -> tfds.core.DatasetInfo:
    return tfds.core.DatasetInfo(
      builder=self,
      features=tfds.features.Translation(languages=self.languages),
      supervised_keys=self.languages,
      disable_shuffling=True,
    )

  def _split_generators(self, dl_manager):
    return {SPLIT: self._generate_examples()}

  def _generate_examples(self) -> Iterator[tuple[int, dict[str, str]]]:
    for index, pair in enumerate(text_files.pairs(self.files)):
      yield index, dict(zip(self.languages, pair, strict=True))


class GrammarPairs(tfds.core.GeneratorBasedBuilder):
  """One split of the grammar's English-French corpus, with its gold links."""

  VERSION = tfds.core.Version("1.0.0")

  def __init__(self, grammar_config: ConfigDict, split: str, **kwargs):
    self.grammar_config, self.part = grammar_config, split
    super().__init__(file_format="array_record", **kwargs)

  def _info(self) -> tfds.core.DatasetInfo:
    text = tfds.features.Text()
    return tfds.core.DatasetInfo(
      builder=self,
      features=tfds.features.FeaturesDict({"en": text, "fr": text, "links": text}),
      supervised_keys=("en", "fr"),
      disable_shuffling=True,
    )

  def _split_generators(self, dl_manager):
    return {SPLIT: self._generate_examples()}

  def _generate_examples(self) -> Iterator[tuple[int, dict[str, str]]]:
    for index in range(grammar.size(self.grammar_config, self.part)):
      pair = grammar.pair(self.grammar_config, self.part, index)
      yield index, {"en": pair.source, "fr": pair.target, "links": pair.links}
