"""The sentences of a split that a verb of nmt.analyze looks at, and their translations by a run."""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from nmt.analysis.place import HELP, place
from nmt.analysis.style import HELP as DRAW
from nmt.analysis.style import check_path
from nmt.arguments import Parser, changed, positive, search_given
from nmt.data.corpora import open_corpus
from nmt.data.pair import Pair
from nmt.data.text_files import one_line
from nmt.decoding.trained import Run
from nmt.decoding.translator import Translation, Translator
from nmt.errors import UserError
from nmt.evaluation.bleu import tokenizer as bleu_tokenizer
from nmt.files import check_output
from nmt.progress_bar import shown


class Sample(NamedTuple):
  """Sentence pairs of a split; lines: their numbers in it, from 1."""

  run: Run
  split: str
  pairs: list[Pair]
  lines: list[int]

  @property
  def sources(self) -> list[str]:
    return [pair.source for pair in self.pairs]

  @property
  def references(self) -> list[str]:
    return [pair.target for pair in self.pairs]

  @property
  def tokenizer(self) -> str:
    """sacreBLEU's, as the run is scored with."""
    return bleu_tokenizer(self.run.config)

  def encoded(self) -> list[tuple[list[int], list[int]]]:
    """(source ids, reference ids), without BOS or EOS."""
    run = self.run
    return [(run.source.encode(pair.source), run.target.encode(pair.target)) for pair in self.pairs]


def arguments(
  parser: argparse.ArgumentParser,
  search: bool = True,
  figure: bool = True,
  sentences: int | None = None,
) -> None:
  """Adds W, --split and --sentences, and the options of search and of a figure where asked for.

  sentences: how many unless asked otherwise; None: all.
  """
  add = parser.add_argument
  add("run", metavar="W", help=HELP)
  add("--split", help="of the config's corpus (default: its first test split)")
  several = f"that many, evenly spaced in the split (default: {sentences or 'all'})"
  add("--sentences", type=positive, default=sentences, help=several)
  if figure:
    add("--figure", type=Path, help=DRAW)
  if search and isinstance(parser, Parser):
    parser.add_search()


def check_figure(given: argparse.Namespace) -> None:
  """Raises UserError if --figure is asked for and can't be drawn there."""
  if given.figure:
    check_path(given.figure)
    check_output("--figure", given.figure)


def read(given: argparse.Namespace) -> Sample:
  """The run and the sentences asked for. UserError: there is no such run, split or sentence."""
  run = place(given.run).load()
  return sample(run, given.split or next(iter(run.config.data.test), ""), given.sentences)


def sample(run: Run, split: str, sentences: int | None = None) -> Sample:
  """`sentences` pairs of a split, evenly spaced; all if there are no more, or if it is None."""
  if not split:
    raise UserError("the config has no test split (data.test): name one with --split")
  corpus = open_corpus(run.config.data, split)
  count = min(sentences or len(corpus), len(corpus))
  places = np.unique(np.linspace(0, len(corpus) - 1, count).round().astype(int)).tolist()
  return Sample(run, split, corpus.read(places), [place + 1 for place in places])


def decode_of(given: argparse.Namespace, run: Run) -> ConfigDict:
  """The run's settings of search, with the changes asked for."""
  return changed(run.config.decode, search_given(given))


def translate(one: Sample, decode: ConfigDict, what: str = "translate") -> list[Translation]:
  """Their translations, in order, with a bar for whoever waits."""
  return translate_lines(one.run, one.sources, decode, f"{what} {one.split}")


def translate_lines(run: Run, lines: list[str], decode: ConfigDict, what: str) -> list[Translation]:
  """The translations of any lines, likewise."""
  return list(shown(Translator(run, decode).translate(lines), len(lines), what))


def texts(found: list[Translation]) -> list[str]:
  """Translations as they are scored, each on one line."""
  return [one_line(translation.text) for translation in found]
