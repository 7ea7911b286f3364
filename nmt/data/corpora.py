"""Corpora: parallel text, the grammar, or any TFDS translation dataset, all read the same way."""

import bisect
import collections
import contextlib
import functools
import hashlib
import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from nmt.data import cache, grammar, local_files, text_files
from nmt.data.links import SPACED
from nmt.data.links import read as read_links
from nmt.data.normalization import normalized_pair
from nmt.data.pair import Pair
from nmt.data.parallel import Pool
from nmt.errors import UserError, first_line

__all__ = ["Corpus", "Pair", "open_corpus"]

READING = 2  # of text files: raise it when the same files give other lines


@dataclass(frozen=True)
class Corpus:
  """Sentence pairs in prepared TFDS folders, read at random; cheap to pickle.

  parts: (folder of a prepared TFDS dataset, split), read one after the other; "" for all splits.
  fingerprint: a hash of the content.
  form: of Unicode, to which `read` normalises.
  links: a hash of the word links; empty if there are none.
  """

  parts: tuple[tuple[str, str], ...]
  source: str
  target: str
  fingerprint: str
  form: str = "none"
  links: str = ""

  def __len__(self) -> int:
    return self._ends[-1]

  def __getitem__(self, index: int) -> Pair:
    if not 0 <= index < len(self):
      raise IndexError(index)
    return self.read([index])[0]

  def read(self, indices: Iterable[int]) -> list[Pair]:
    """The pairs at these indices, normalised; much faster than one by one."""
    return [self.normalized(pair) for pair in self.read_raw(indices)]

  def normalized(self, pair: Pair) -> Pair:
    return normalized_pair(pair, self.form)

  def read_raw(self, indices: Iterable[int]) -> list[Pair]:
    """The pairs as they are kept."""
    indices = [int(index) for index in indices]
    found: list[Pair] = []
    parts = [bisect.bisect_right(self._ends, index) for index in indices]
    for part, group in itertools.groupby(zip(parts, indices, strict=True), lambda item: item[0]):
      start = self._ends[part - 1] if part else 0
      records = self._sources[part].__getitems__([index - start for _, index in group])
      found += map(self._pair, records)
    return found

  def __reduce__(self) -> tuple[Any, ...]:
    # No open files.
    fields = self.parts, self.source, self.target, self.fingerprint, self.form, self.links
    return Corpus, fields

  @functools.cached_property
  def _sources(self) -> list[Any]:
    import tensorflow_datasets as tfds  # takes more than a second: only when text is read

    builders = {folder: tfds.builder_from_directory(folder) for folder, _ in self.parts}
    raw = tfds.decode.DeserializeMethod.RAW_BYTES  # TFDS's own decoding is five times slower
    return [
      builders[folder].as_data_source(name, deserialize_method=raw)
      for folder, split in self.parts
      for name in ([split] if split else sorted(builders[folder].info.splits))
    ]

  @functools.cached_property
  def _ends(self) -> list[int]:
    return list(itertools.accumulate(map(len, self._sources)))

  def _pair(self, record: bytes) -> Pair:
    features = self._parse(record).features.feature
    source, target = (
      features[language].bytes_list.value[0].decode() for language in (self.source, self.target)
    )
    if SPACED in features:
      links = features[SPACED].bytes_list.value[0].decode()
      return Pair(source, target, links, spaced=True)
    if "links" not in features:
      return Pair(source, target)
    links = features["links"].bytes_list.value[0].decode()
    if self.source == "fr":  # the grammar's links go from English to French
      links = re.sub(r"(\d+)([-p])(\d+)", r"\3\2\1", links)
    return Pair(source, target, links)

  @functools.cached_property
  def _parse(self) -> Callable[[bytes], Any]:
    from tensorflow_datasets.proto import tf_example_pb2

    parse: Callable[[bytes], Any] = tf_example_pb2.Example.FromString
    return parse


def open_corpus(data: ConfigDict, split: str, pool: Pool | None = None) -> Corpus:
  """The split of the corpus that `config.data` describes; splits may be joined by "+".

  What is not there yet is fetched or generated, and kept as TFDS ArrayRecord files in the cache.
  UserError: missing, unreadable or unequal files, invalid text, an empty corpus, an unknown
  dataset, split or language.
  """
  with contextlib.nullcontext(pool) if pool else Pool() as pool:
    opened = [_part(data, name.strip(), pool) for name in split.split("+")]
  marks, links = [mark for _, mark, _ in opened], [mark for _, _, mark in opened]
  mark = marks[0] if len(marks) == 1 else hashlib.sha256("".join(marks).encode()).hexdigest()
  return Corpus(
    parts=tuple(part for part, _, _ in opened),
    source=data.source,
    target=data.target,
    fingerprint=mark if data.normalize == "none" else cache.key(corpus=mark, form=data.normalize),
    form=data.normalize,
    links=cache.key(links=links) if all(links) else "",
  )


_Part = tuple[tuple[str, str], str, str]  # as of a Corpus: the part, and hashes of text and links


def _part(data: ConfigDict, split: str, pool: Pool) -> _Part:
  if data.corpus == "text":
    return _text(data, split)
  if data.corpus == "grammar":
    return _grammar(data, split, pool)
  return _tfds(data, split)


def _text(data: ConfigDict, split: str) -> _Part:
  home = cache.root(data.cache)
  if not data.dir and not data.url:
    raise UserError("data.corpus=text needs data.dir, the folder of its files, or data.url")
  folder = Path(data.dir) if data.dir else home / "downloads" / cache.key(url=data.url)
  files = text_files.find(folder, split, data.source, data.target, data.url)
  languages = (data.source, data.target)
  mark = cache.key(content=text_files.fingerprint(files), files=len(files), languages=languages)
  linked = text_files.links(folder, split)
  links_mark = text_files.fingerprint((linked,)) if linked else ""
  name = f"text-{READING}-{cache.key(text=mark, links=links_mark) if linked else mark}"

  def build(where: Path) -> None:
    from nmt.data.builders import ParallelText

    count = text_files.check(files)  # before TFDS, which would wrap the error
    if linked:
      collections.deque(read_links(linked, files), maxlen=0)  # likewise
    ParallelText(files, count, languages, linked, data_dir=where).quietly()

  return (_version_folder(cache.once(home / "corpora" / name, build)), ""), mark, links_mark


def _grammar(data: ConfigDict, split: str, pool: Pool) -> _Part:
  if {data.source, data.target} != {"en", "fr"}:
    raise UserError(
      f"the grammar corpus is English and French: data.source={data.source}, "
      f"data.target={data.target} must be en and fr"
    )
  code = hashlib.sha256()
  for path in sorted(Path(grammar.__file__).parent.glob("*.py")):
    code.update(path.read_bytes())
  config = data.grammar.to_dict()
  mark = cache.key(grammar=config, split=split, code=code.hexdigest())
  if not grammar.size(data.grammar, split):
    raise UserError(f"the grammar's split {split} is empty: set data.grammar.{split}")

  def build(where: Path) -> None:
    from nmt.data.builders import GrammarPairs

    GrammarPairs(data.grammar, split, pool, data_dir=where).quietly()

  folder = cache.once(cache.root(data.cache) / "corpora" / f"grammar-{mark}", build)
  return (_version_folder(folder), ""), cache.key(mark=mark, direction=data.source), mark


def _tfds(data: ConfigDict, split: str) -> _Part:
  import tensorflow_datasets as tfds
  import tensorflow_datasets.translate  # registers wmt14_translate and its kin

  folder = Path(data.dir) if data.dir else cache.root(data.cache) / "tfds"
  try:
    builder = tfds.builder(data.corpus, data_dir=folder, file_format="array_record")
  except (tfds.core.DatasetNotFoundError, ValueError) as error:
    first = first_line(error)
    raise UserError(
      f"data.corpus={data.corpus} is neither text, grammar nor a TFDS dataset: {first}"
    ) from error
  for language in (data.source, data.target):
    if language not in builder.info.features:
      known = ", ".join(builder.info.features)
      raise UserError(f"{data.corpus} has no language {language}; it has {known}")
  try:
    lock = folder / (data.corpus.replace("/", "-") + ".lock")
    with cache.locked(lock), local_files.without_tensorflow():
      builder.download_and_prepare()
  except OSError as error:  # of the disk, or requests' of the network
    raise UserError(f"cannot prepare {data.corpus} in {folder}: {error}") from error
  if split not in builder.info.splits:
    known = ", ".join(sorted(builder.info.splits))
    raise UserError(f"{data.corpus} has no split {split}; it has {known}")
  info = builder.info.splits[split]
  mark = cache.key(
    dataset=builder.info.full_name,
    split=split,
    shards=list(info.shard_lengths),
    bytes=info.num_bytes,
    languages=(data.source, data.target),
  )
  return (str(builder.data_dir), split), mark, ""


def _version_folder(folder: Path) -> str:
  return str(next(folder.glob("*/*/dataset_info.json")).parent)
