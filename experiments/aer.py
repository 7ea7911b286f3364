"""How well does attention align people's text, without a link in training, beside aligners?

Hypothesis: a decoder whose state reads words alone and whose attention knows where it has looked
(configs/best.py) aligns two directions so that, put together, they come near fast_align, which was
made for nothing else, and stay behind MGIZA. It is wrong if they do not reach fast_align's 15.89.

  python launch.py --config=configs/europarl.py --sweep=aer --config.data.dir=DIR --workdir=W

trains it on those of Europarl's 400,000 pairs that have up to 30 words, about once on each, English
to French and back, with 3 seeds, tests it on newstest2014, and aligns the 447 pairs of the Canadian Hansards in
DIR/word-alignments/en-fr-hansards (test.en, test.fr, gold.0idx): by each way to read links from
attention, alone and with both directions together. Files of an aligner's links there, named
ALIGNER.LINKS.talp, are scored beside. What it finds is printed and in W/aer.jsonl.

Published AER: fast_align 16.39 forward, 15.89 backward, 10.48 together, MGIZA 7.99, 9.75 and 5.94;
both were trained on the Hansards themselves, 1.1 million pairs. BLEU: the paper's RNNsearch-30, of
four times the size on thirty times the text, of up to 30 words too, 21.50 on all sentences. Budget:
6 runs of 40 minutes of a core.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmt.launching.points import seeds

if TYPE_CHECKING:
  from nmt.evaluation.alignment import AlignmentScore

BASELINE = {"data.source": "en", "data.target": "fr"}
SMALL = {
  "data.filter.max_words": 30,
  "data.tokenizer.size": 8000,
  "batch.multiple": 8,  # few shapes: each costs seconds of compiling
  "model.size": 256,
  "model.embedding": 256,
  "model.readout.size": 256,
  "model.attention.kind": "conv",
  "model.attention.size": 256,
  "model.order.kind": "update_first",
  "model.order.input_feeding": False,
  "train.updates": 3500,
  "train.optimizer.learning_rate": 1.5e-3,
  "train.schedule.name": "cosine",
  "train.schedule.warmup": 500,
  "train.ema": 0.999,
  "valid.metric": "perplexity",
  "valid.every": 1750,
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
  """Aligns the Hansards by each run and each pair of runs of one seed; writes aer.jsonl."""
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
  found: dict[int, dict[str, dict[str, list[Any]]]] = {}  # by seed, direction and method
  for run, config in configs.items():
    here = _links(run, english, french, config.data.source == "fr")
    found.setdefault(config.seed, {})[config.data.source] = here
  rows = []
  for seed, directions in found.items():
    for method in alignment.METHODS:
      named = {f"from {source}": methods[method] for source, methods in directions.items()}
      if len(named) == 2:
        both = list(zip(*named.values(), strict=True))
        for rule, combine in symmetrisation.RULES.items():
          named[rule] = [combine(*pair) for pair in both]
      for called, links in named.items():
        rows.append(_row(method, called, seed, alignment.score(links, gold)))
  for file in sorted(folder.glob("*.*.talp")):
    method, called = file.stem.split(".", 1)
    links = [pair.possible for pair in alignment.read(file)]
    rows.append(_row(method, called, None, alignment.score(links, gold)))
  path = next(iter(workdirs.values())).parent / "aer.jsonl"
  with replacing(path) as out:
    out.writelines(f"{json.dumps(row)}\n" for row in rows)
  table(rows)
  print(f"written: {path}")


def _row(method: str, called: str, seed: int | None, score: "AlignmentScore") -> dict[str, Any]:
  return {
    "method": method,
    "links": called,
    "seed": seed,
    "aer": score.aer,
    "precision": score.precision,
    "recall": score.recall,
  }


def _links(
  run: Path, english: list[list[str]], french: list[list[str]], from_french: bool
) -> dict[str, list[set[tuple[int, int]]]]:
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


def table(rows: list[dict[str, Any]]) -> None:
  """Prints AER, precision and recall, means over the seeds."""
  import numpy as np

  from nmt.analysis import tables
  from nmt.cli import console

  columns = {"aer": "AER", "precision": "precision", "recall": "recall"}
  groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
  for row in rows:
    groups.setdefault((row["method"], row["links"]), []).append(row)
  texts = []
  for key, same in groups.items():
    means = [float(np.mean([row[column] for row in same])) for column in columns]
    runs = "" if same[0]["seed"] is None else str(len(same))
    texts.append([*key, runs, *map(tables.number, means)])
  heads = ["method", "links", "seeds", *columns.values()]
  console().print(tables.numbers(heads, texts))
