"""How well does attention align people's text, without a link in training, beside aligners?

Hypothesis: a decoder whose state reads words alone and whose attention knows where it has looked
(configs/best.py) aligns two directions so that, put together, they come near fast_align, which was
made for nothing else, and stay behind MGIZA. It is wrong if they do not reach fast_align's 15.89.

  python launch.py --config=configs/europarl.py --sweep=aer --config.data.dir=DIR --workdir=W

trains it on those of Europarl's 400,000 pairs that have up to 30 words, not quite once on each,
English to French and back, with 3 seeds, tests it on newstest2014, and aligns the 447 pairs of the
Canadian Hansards in DIR/word-alignments/en-fr-hansards (test.en, test.fr, gold.0idx): by each way
to read links from attention, alone and with both directions together; once from alpha, and once
from what alpha becomes when the target word is known (`nmt.align --posterior`). Files of an
aligner's links there, English-French, named ALIGNER.LINKS.talp, are scored beside. It says too how
often most weight is on a linked word by how probable the target word was to the model, and ends
with tables, aer_links.jsonl, aer_foreseen.jsonl and aer.png in W. Units are words, as those of the
gold links are.

Published AER: fast_align 16.39 forward, 15.89 backward, 10.48 together, MGIZA 7.99, 9.75 and 5.94;
both were trained on the Hansards themselves, 1.1 million pairs. BLEU in Moses tokens: the paper's
RNNsearch-30, with four times the states, twice the words and thirty times the text, cut off at 30
words too, 21.50 on all sentences and 31.44 on those without unknown words (by
sacreBLEU here). Budget: 6 runs of 35 minutes of a core.
"""

import json
from collections.abc import Iterator
from itertools import chain, cycle, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import _hansards
from nmt.launching.points import seeds

if TYPE_CHECKING:
  from experiments._hansards import Found
  from nmt.evaluation.alignment import Links
  from nmt.evaluation.significance import Counts, Score

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
PROBABILITIES = (0.0, 0.0001, 0.001, 0.01, 0.1, 0.5, 1.0)  # of a target word: bounds of ranges


def sweep() -> Iterator[dict[str, Any]]:
  """Both directions."""
  for source, target in (("en", "fr"), ("fr", "en")):
    yield {"name": f"{source}-{target}", "data.source": source, "data.target": target, **SMALL}


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)


def columns(run: Path) -> dict[str, float | None]:
  """BLEU of Moses's tokens, and sacreBLEU's on sentences without words that are unknown."""
  from nmt import config as config_lib
  from nmt.evaluation import results
  from nmt.evaluation.bleu import moses_bleu
  from nmt.files import read_json

  data = config_lib.load(run / "config.json").data
  texts = results.texts(run / "test", data.test[0])
  score, _ = moses_bleu(texts["hypotheses"], texts["references"], data.target)
  known = read_json(run / "test" / f"{results.stem(data.test[0])}.json")["no_unk"] or {}
  return {"BLEU of Moses's tokens": score, "BLEU without unknown words": known.get("bleu")}


def report(workdirs: dict[str, Path]) -> None:
  """Aligns the Hansards by each run and each pair of runs of one seed; prints, writes and draws.

  aer_links.jsonl has a line for each set of links, aer_foreseen.jsonl one for each range of a
  target word's probability; aer.png shows both.
  """
  from nmt import config as config_lib
  from nmt.errors import UserError
  from nmt.files import replacing

  configs = {run: config_lib.load(run / "config.json") for run in workdirs.values()}
  english, french, gold, files = _hansards.read(Path(next(iter(configs.values())).data.dir) / FILES)
  found: _hansards.ByWeights = {}
  for run, config in configs.items():
    for weights, here in _hansards.looked(run, english, french, config.data.source == "fr").items():
      directions = found.setdefault(weights, {}).setdefault(config.seed, {})
      if (way := f"from {config.data.source}") in directions:
        raise UserError(f"{run}: another run {way} has its seed, {config.seed}; leave one out")
      directions[way] = here
  rows = [
    {"method": method, "links": called, **_scored(runs, gold)}
    for (method, called), runs in (_hansards.of_attention(found) | files).items()
  ]
  foreseen = _foreseen(found, gold)
  place = next(iter(workdirs.values())).parent
  for name, lines in {"aer_links": rows, "aer_foreseen": foreseen}.items():
    with replacing(place / f"{name}.jsonl") as out:
      out.writelines(f"{json.dumps(line)}\n" for line in lines)
  table(rows, foreseen)
  figure(rows, foreseen, place / "aer.png")
  print(f"written: {place / 'aer_links.jsonl'}, aer_foreseen.jsonl, aer.png and aer.pdf")


def _foreseen(found: _hansards.ByWeights, gold: "list[Links]") -> list[dict[str, Any]]:
  """By how probable a target word was, how often the source word of most weight is linked to it.

  In percent of the target words that are known and have a sure link. The end of the source is no
  word. A range has a line if each run has words in it; intervals of few words are rough.
  """
  import numpy as np

  ways: dict[tuple[str, str], list[Any]] = {}
  for weights, by_seed in found.items():
    for way, pairs in chain.from_iterable(directions.items() for directions in by_seed.values()):
      counts = np.zeros((len(pairs), len(PROBABILITIES) - 1, 2))  # right, all
      for number, (pair, links) in enumerate(zip(pairs, gold, strict=True)):
        if pair.alpha_TxJ is None:
          continue
        sure = {pair.turn(link) for link in links.sure}
        for i in {target for _, target in sure if not np.isnan(pair.log_probs_T[target])}:
          part = np.searchsorted(PROBABILITIES[1:-1], np.exp(pair.log_probs_T[i]), side="right")
          alpha_J = pair.alpha_TxJ[i, :-1]
          right = alpha_J.any() and (int(alpha_J.argmax()), i) in sure
          counts[number, part] += (right, 1)
      ways.setdefault((weights, way), []).append(counts)
  rows = []
  for (weights, way), runs in ways.items():
    for part, bounds in enumerate(pairwise(PROBABILITIES)):
      here = [counts[:, part] for counts in runs]
      words = [counts[:, 1].sum() for counts in here]
      if min(words):
        row = {"weights": weights, "links": way, "from": bounds[0], "to": bounds[1]}
        row["words"] = float(np.mean(words))
        share = _interval(here, lambda sums: 100 * sums[..., 0] / sums[..., 1].clip(1))
        rows.append({**row, **share})
  return rows


def _scored(runs: "list[Found]", gold: "list[Links]") -> dict[str, Any]:
  """AER with its interval, precision and recall, means over the runs."""
  from statistics import fmean

  from nmt.evaluation import alignment

  scores = [alignment.score(links, gold) for links in runs]
  counts = [alignment.counts(links, gold) for links in runs]
  return {
    **_interval(counts, alignment.error_rate),
    "precision": fmean(score.precision for score in scores),
    "recall": fmean(score.recall for score in scores),
  }


def _interval(counts: "list[Counts]", score: "Score") -> dict[str, Any]:
  """The mean over runs, and its interval of 95 %, over seeds and resampled sentences."""
  import numpy as np

  from nmt.evaluation import significance

  scores, low, high = significance.over_runs(score, counts, 1000, np.random.default_rng(1))
  return {"score": float(scores.mean()), "low": low, "high": high, "runs": scores.tolist()}


def table(rows: list[dict[str, Any]], foreseen: list[dict[str, Any]]) -> None:
  """Prints AER, precision and recall; and how often attention is right, by probability."""
  from nmt.analysis import tables
  from nmt.cli import console

  texts = [
    [
      row["method"],
      row["links"],
      str(len(row["runs"])),
      tables.within(row),
      *(tables.number(row[column]) for column in ("precision", "recall")),
    ]
    for row in rows
  ]
  heads = ["method", "links", "runs", "AER", "precision", "recall"]
  console().print(tables.numbers(heads, texts))
  texts = [
    [
      row["weights"],
      row["links"],
      f"{row['from']:g} to {row['to']:g}",
      f"{row['words']:,.0f}",
      tables.within(row),
    ]
    for row in foreseen
  ]
  heads = ["weights", "links", "probability", "words", "most weight on a linked word, %"]
  console().print(tables.numbers(heads, texts))


def figure(rows: list[dict[str, Any]], foreseen: list[dict[str, Any]], path: Path) -> None:
  """AER: a line for each method, a mark for each set of links; and what was foreseen."""
  from nmt.analysis import style

  drawing, (left, right) = style.panels(2, width=4.6, height=3.4)
  methods = list(dict.fromkeys(row["method"] for row in rows))
  called = list(dict.fromkeys(row["links"] for row in rows))
  looks = dict(zip(called, cycle(zip(style.COLOURS, style.MARKS, strict=True)), strict=False))
  for links, (colour, mark) in looks.items():
    here = [row for row in rows if row["links"] == links]
    heights = [methods.index(row["method"]) for row in here]
    low, high = ([row[end] for row in here] for end in ("low", "high"))
    left.hlines(heights, low, high, color=colour)
    left.plot([row["score"] for row in here], heights, mark, color=colour, label=links)
    for weights, line in {"alpha": "-", "posterior": "--"}.items():
      here = [row for row in foreseen if (row["weights"], row["links"]) == (weights, links)]
      places = [PROBABILITIES.index(row["from"]) for row in here]
      style.intervals(right, places, here, colour)
      right.plot(places, [row["score"] for row in here], f"{mark}{line}", color=colour)
  left.set_yticks(range(len(methods)), methods)
  left.invert_yaxis()
  left.set_xlim(left=0)
  style.dress(left, "AER, %", "")
  bins = [f"{high:g}" for high in PROBABILITIES[1:]]
  right.set_xticks(range(len(bins)), [f"to {high}" for high in bins])
  right.set_ylim(0, 100)
  title = "line: alpha, dashes: posterior"
  style.dress(right, "probability of the target word", "most weight on a linked word, %", title)
  names = left.get_legend_handles_labels()
  drawing.legend(*names, loc="outside lower center", ncols=len(looks), frameon=False, fontsize=8)
  for ending in (".png", ".pdf"):
    style.save(drawing, path.with_suffix(ending))
