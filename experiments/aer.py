"""How well does attention align people's text, without a link in training, beside aligners?

Hypothesis: a decoder whose state reads words alone and whose attention knows where it has looked
(configs/best.py) aligns two directions so that, put together, they come near fast_align, which was
made for nothing else, and stay behind MGIZA. It is wrong if they do not reach fast_align's 15.89.

  python launch.py --config=configs/europarl.py --sweep=aer --config.data.dir=DIR --workdir=W

trains it on those of Europarl's 400,000 pairs that have up to 30 words, not quite once on each,
English to French and back, with 3 seeds, tests it on newstest2014, and aligns the 447 pairs of the
Canadian Hansards in DIR/word-alignments/en-fr-hansards (test.en, test.fr, gold.0idx): by each way
to read links from attention, alone and with both directions together. Files of an aligner's links
there, named ALIGNER.LINKS.talp, are scored beside. It ends with a table, aer.jsonl and aer.png in
W. Units are words, as those of the gold links are.

Published AER: fast_align 16.39 forward, 15.89 backward, 10.48 together, MGIZA 7.99, 9.75 and 5.94;
both were trained on the Hansards themselves, 1.1 million pairs. BLEU in Moses tokens: the paper's
RNNsearch-30, with four times the states, twice the words and thirty times the text, cut off at 30
words too, 21.50 on all sentences and 31.44 on those without unknown words. Budget: 6 runs of 35
minutes of a core.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt.launching.points import seeds

if TYPE_CHECKING:
  from nmt.evaluation.alignment import Link, Links

  Found = list[Collection[Link]]  # of each pair

BASELINE = {"data.source": "en", "data.target": "fr"}
SMALL = {
  "data.filter.max_words": 30,
  "data.tokenizer.kind": "words",
  "data.tokenizer.size": 16_000,
  "data.tokenizer.joint": False,
  "batch.multiple": 8,  # few shapes: each costs seconds of compiling
  "model.size": 256,
  "model.embedding": 256,
  "model.readout.size": 256,
  "model.attention.kind": "conv",
  "model.attention.size": 256,
  "model.order.kind": "update_first",
  "model.order.input_feeding": False,
  "train.updates": 3000,
  "train.optimizer.learning_rate": 1.5e-3,
  "train.schedule.name": "cosine",
  "train.schedule.warmup": 500,
  "train.ema": 0.999,
  "valid.metric": "perplexity",
  "valid.every": 1500,
  "decode.beam": 4,
}
FILES = Path("word-alignments", "en-fr-hansards")


def sweep() -> Iterator[dict[str, Any]]:
  """Both directions."""
  for source, target in (("en", "fr"), ("fr", "en")):
    yield {"name": f"{source}-{target}", "data.source": source, "data.target": target, **SMALL}


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)


def columns(run: Path) -> dict[str, float]:
  """BLEU of Moses's tokens, which the paper reports."""
  from nmt import config as config_lib
  from nmt.evaluation import results
  from nmt.evaluation.bleu import moses_bleu

  data = config_lib.load(run / "config.json").data
  texts = results.texts(run / "test", data.test[0])
  score, _ = moses_bleu(texts["hypotheses"], texts["references"], data.target)
  return {"BLEU of Moses's tokens": score}


def report(workdirs: dict[str, Path]) -> None:
  """Aligns the Hansards by each run and each pair of runs of one seed; prints, writes and draws.

  aer.jsonl has a line for each way to make links, by seeds; aer.png their AER with intervals.
  """
  from nmt import config as config_lib
  from nmt.data import text_files
  from nmt.data.links import spaced
  from nmt.errors import UserError
  from nmt.evaluation import alignment, symmetrisation
  from nmt.files import replacing

  configs = {run: config_lib.load(run / "config.json") for run in workdirs.values()}
  folder = Path(next(iter(configs.values())).data.dir) / FILES
  if not folder.is_dir():
    raise UserError(f"{folder}: no such folder; it has to hold test.en, test.fr and gold.0idx")
  gold = alignment.read(folder / "gold.0idx")
  english, french = (
    [spaced(line) for line in text_files.lines(folder / f"test.{language}")]
    for language in ("en", "fr")
  )
  found: dict[int, dict[str, dict[str, Found]]] = {}  # by seed, direction and method
  for run, config in configs.items():
    here = _links(run, english, french, config.data.source == "fr")
    found.setdefault(config.seed, {})[config.data.source] = here
  groups: dict[tuple[str, str], list[Found]] = {}
  for directions in found.values():
    for method in alignment.METHODS:
      named = {f"from {source}": methods[method] for source, methods in directions.items()}
      if len(named) == 2:
        both = list(zip(*named.values(), strict=True))
        for rule, combine in symmetrisation.RULES.items():
          named[rule] = [combine(*pair) for pair in both]
      for called, links in named.items():
        groups.setdefault((method, called), []).append(links)
  for file in sorted(folder.glob("*.*.talp")):
    method, called = file.stem.split(".", 1)
    groups[method, called] = [[pair.possible for pair in alignment.read(file)]]
  rows = [
    {"method": method, "links": called, **_scored(runs, gold)}
    for (method, called), runs in groups.items()
  ]
  place = next(iter(workdirs.values())).parent
  with replacing(place / "aer.jsonl") as out:
    out.writelines(f"{json.dumps(row)}\n" for row in rows)
  table(rows)
  figure(rows, place / "aer.png")
  print(f"written: {place / 'aer.jsonl'} and aer.png")


def _links(
  run: Path, english: list[list[str]], french: list[list[str]], from_french: bool
) -> "dict[str, Found]":
  """By method, the links (English word, French word) of each pair."""
  from nmt.evaluation import alignment, attention
  from nmt.loading import load

  sides = (french, english) if from_french else (english, french)
  aligned = list(attention.align(load(run), zip(*sides, strict=True)))
  return {
    method: [
      {link[::-1] if from_french else link for link in attention.links(pair.alpha_TxJ, method)}
      if pair.alpha_TxJ is not None
      else set()
      for pair in aligned
    ]
    for method in alignment.METHODS
  }


def _scored(runs: "list[Found]", gold: "list[Links]") -> dict[str, Any]:
  """Means over runs; AER's interval, of 95 %, over seeds and resampled sentences."""
  import numpy as np

  from nmt.evaluation import alignment, significance

  scores = [alignment.score(links, gold) for links in runs]
  aer = np.array([score.aer for score in scores])
  counts = [alignment.counts(links, gold) for links in runs]
  drawn = significance.resample(alignment.error_rate, counts, 1000, np.random.default_rng(1))
  mean = float(aer.mean())
  spread = significance.spread(aer, drawn)
  assert spread is not None  # resampled sentences always tell something
  low, high = spread.interval(mean)
  return {
    "aer": mean,
    "low": low,
    "high": high,
    "precision": float(np.mean([score.precision for score in scores])),
    "recall": float(np.mean([score.recall for score in scores])),
    "runs": aer.tolist(),
  }


def table(rows: list[dict[str, Any]]) -> None:
  """Prints AER with its interval, precision and recall, means over the seeds."""
  from nmt.analysis import tables
  from nmt.cli import console

  texts = [
    [
      row["method"],
      row["links"],
      str(len(row["runs"])),
      tables.within({**row, "score": row["aer"]}),
      *(tables.number(row[column]) for column in ("precision", "recall")),
    ]
    for row in rows
  ]
  heads = ["method", "links", "runs", "AER", "precision", "recall"]
  console().print(tables.numbers(heads, texts))


def figure(rows: list[dict[str, Any]], path: Path) -> None:
  """A line for each method, with a mark for the AER of each of its sets of links."""
  from nmt.analysis import style

  methods = list(dict.fromkeys(row["method"] for row in rows))
  called = list(dict.fromkeys(row["links"] for row in rows))
  drawing, (axes,) = style.panels(1, width=6.4, height=3.4)
  for links, colour, mark in zip(called, style.COLOURS, style.MARKS, strict=False):
    here = [row for row in rows if row["links"] == links]
    heights = [methods.index(row["method"]) for row in here]
    low, high = ([row[end] for row in here] for end in ("low", "high"))
    axes.hlines(heights, low, high, color=colour)
    axes.plot([row["aer"] for row in here], heights, mark, color=colour, label=links)
  axes.set_yticks(range(len(methods)), methods)
  axes.invert_yaxis()
  axes.set_xlim(left=0)
  style.dress(axes, "AER on the Hansards, %", "")
  axes.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
  for ending in (".png", ".pdf"):
    style.save(drawing, path.with_suffix(ending))
