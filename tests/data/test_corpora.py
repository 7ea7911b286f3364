import importlib
import io
import pickle
import sys
import tarfile
from pathlib import Path

import pytest
import tensorflow_datasets as tfds

from nmt.data import builders, grammar
from nmt.data.corpora import Pair, open_corpus
from nmt.errors import UserError


class SmallTranslate(tfds.core.GeneratorBasedBuilder):
  """As wmt14_translate: language pairs as configurations, three splits, Translation features."""

  VERSION = tfds.core.Version("1.0.0")
  BUILDER_CONFIGS = tuple(tfds.core.BuilderConfig(name=name) for name in ("fr-en", "de-en"))

  def _info(self):
    languages = tuple(self.builder_config.name.split("-"))
    return tfds.core.DatasetInfo(
      builder=self,
      features=tfds.features.Translation(languages=languages),
      supervised_keys=languages,
    )

  def _split_generators(self, dl_manager):
    return {"train": self._generate(30), "validation": self._generate(5), "test": self._generate(4)}

  def _generate(self, count):
    for index in range(count):
      yield (
        f"{count}/{index}",
        {language: f"{language} {index} é" for language in self.info.features},
      )

  _generate_examples = _generate


@pytest.fixture
def small(data):
  data.corpus, data.dir = "small_translate/fr-en", ""
  return data


class PackedTranslate(SmallTranslate):
  """As wmt14_translate in what it asks of TFDS: an archive to unpack, and a split to be sorted."""

  BUILDER_CONFIGS = (tfds.core.BuilderConfig(name="fr-en"),)
  archive: Path

  def _split_generators(self, dl_manager):
    folder = dl_manager.extract(self.archive)
    return {"train": self._lines(Path(folder))}

  def _lines(self, folder):
    sides = {language: (folder / f"corpus/x.{language}").read_text() for language in ("fr", "en")}
    columns = (text.removesuffix("\n").split("\n") for text in sides.values())
    for index, row in enumerate(zip(*columns, strict=True)):
      yield index, dict(zip(sides, row, strict=True))


def test_archives_and_large_splits_need_no_tensorflow(small, tmp_path, monkeypatch):
  with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
    for language in ("fr", "en"):
      content = "".join(f"{language} {index}\n" for index in range(2000)).encode()
      member = tarfile.TarInfo(f"corpus/x.{language}")
      member.size = len(content)
      archive.addfile(member, io.BytesIO(content))
  monkeypatch.setattr(PackedTranslate, "archive", tmp_path / "x.tgz", raising=False)
  monkeypatch.setattr("tensorflow_datasets.core.shuffle.MAX_MEM_BUFFER_SIZE", 1000)
  small.corpus = "packed_translate/fr-en"
  corpus = open_corpus(small, "train")
  pairs = corpus.read(range(2000))
  assert sorted(int(pair.source.split()[1]) for pair in pairs) == list(range(2000))
  assert all(pair.target == pair.source.replace("en", "fr") for pair in pairs)


def test_text_of_several_parts_stays_in_order(data, monkeypatch):
  monkeypatch.setattr(builders, "PART", 7)
  corpus = open_corpus(data, "valid")
  lines = (Path(data.dir) / "valid.fr").read_text().split("\n")[:20]
  assert [pair.target for pair in corpus.read(range(20))] == lines
  assert [corpus[index].target for index in (19, 7, 6)] == [lines[19], lines[7], lines[6]]


def test_text_is_read_in_file_order_with_empty_lines(data, tmp_path):
  (tmp_path / "text/odd.en").write_bytes("\ufeffb\r\n\r\n \nz\r\u2028\u00a0\r\n".encode())
  (tmp_path / "text/odd.fr").write_text("x\n\ny\n\n")
  corpus = open_corpus(data, "odd")
  expected = [Pair("b", "x"), Pair("", ""), Pair(" ", "y"), Pair("z\r\u2028\u00a0", "")]
  assert [corpus[index] for index in range(len(corpus))] == expected
  assert corpus.read([3, 0]) == [expected[3], expected[0]]
  with pytest.raises(IndexError):
    corpus[4]


def test_splits_are_stems_and_can_be_joined(data, tmp_path):
  (tmp_path / "text/news").mkdir()
  for stem, line in (("news/a", "one"), ("news/b", "two")):
    for language in ("en", "fr"):
      (tmp_path / f"text/{stem}.{language}").write_text(f"{line} {language}\n")
  corpus = open_corpus(data, "news/a+news/b+valid")
  assert len(corpus) == 22
  assert corpus.read([0, 1]) == [Pair("one en", "one fr"), Pair("two en", "two fr")]
  assert corpus.read(range(2, 22)) == open_corpus(data, "valid").read(range(20))


def test_the_fingerprint_follows_content_and_direction_only(data, tmp_path):
  first = open_corpus(data, "valid").fingerprint
  moved = data.copy_and_resolve_references()
  moved.dir = str((tmp_path / "text").rename(tmp_path / "moved"))
  assert open_corpus(moved, "valid").fingerprint == first
  with moved.unlocked():
    moved.source, moved.target = "fr", "en"
  assert open_corpus(moved, "valid").fingerprint != first
  moved.source, moved.target = "en", "fr"
  (tmp_path / "moved/valid.en").write_text("x\n" * 20)
  assert open_corpus(moved, "valid").fingerprint != first
  assert open_corpus(moved, "valid")[3].source == "x"


def test_a_corpus_can_be_sent_to_another_process(data):
  corpus = open_corpus(data, "valid")
  assert pickle.loads(pickle.dumps(corpus)).read([1, 2]) == corpus.read([1, 2])


def test_the_grammar_comes_with_links_in_either_direction(data):
  data.corpus = "grammar"
  data.grammar.valid = 20
  forth = open_corpus(data, "valid")
  assert len(forth) == 20
  assert forth.read(range(20)) == [grammar.pair(data.grammar, "valid", i) for i in range(20)]
  data.source, data.target = "fr", "en"
  back = open_corpus(data, "valid")
  for one, other in zip(forth.read(range(20)), back.read(range(20)), strict=True):
    assert (one.source, one.target) == (other.target, other.source)
    flipped = [link.replace("p", "-").split("-") for link in other.links.split()]
    straight = [link.replace("p", "-").split("-") for link in one.links.split()]
    assert [[j, i] for i, j in flipped] == straight
  assert forth.fingerprint != back.fingerprint


def test_the_grammar_knows_two_languages(data):
  data.corpus, data.target = "grammar", "de"
  with pytest.raises(UserError, match=r"data\.target=de"):
    open_corpus(data, "train")


def test_a_tfds_translation_dataset_is_opened_by_name(small):
  corpus = open_corpus(small, "validation")
  pairs = corpus.read(range(len(corpus)))
  assert sorted(pair.source for pair in pairs) == [f"en {index} é" for index in range(5)]
  assert all(pair.target == pair.source.replace("en", "fr") for pair in pairs)
  small.source, small.target = "fr", "en"
  assert open_corpus(small, "train+test")[0].source.startswith("fr ")
  assert "tensorflow" not in sys.modules


def test_the_small_dataset_is_built_like_wmt14(tmp_path):
  importlib.import_module("tensorflow_datasets.translate")
  wmt = tfds.builder("wmt14_translate/fr-en", data_dir=tmp_path, file_format="array_record")
  small = tfds.builder("small_translate/fr-en", data_dir=tmp_path, file_format="array_record")
  assert repr(wmt.info.features) == repr(small.info.features)
  assert wmt.info.supervised_keys == small.info.supervised_keys


@pytest.mark.parametrize(
  ("change", "split", "message"),
  [
    ({"corpus": "no_such_thing"}, "train", "data.corpus=no_such_thing is neither"),
    ({"corpus": "small_translate/xx-en"}, "train", "xx-en is neither"),
    ({"target": "de"}, "train", "has no language de; it has fr, en"),
    ({}, "valid", "has no split valid; it has test, train, validation"),
  ],
)
def test_what_tfds_does_not_have_is_named(small, change, split, message):
  small.update(change)
  with pytest.raises(UserError, match=message):
    open_corpus(small, split)


def test_text_needs_a_place(data):
  data.dir = ""
  with pytest.raises(UserError, match=r"data\.dir"):
    open_corpus(data, "train")


def test_text_can_live_at_an_address_alone(data, tmp_path):
  expected = open_corpus(data, "valid").read(range(20))
  data.url, data.dir = f"file://{data.dir}/{{split}}.{{language}}", ""
  assert open_corpus(data, "valid").read(range(20)) == expected
  (tmp_path / "text").rename(tmp_path / "gone")
  assert open_corpus(data, "valid").read(range(20)) == expected
