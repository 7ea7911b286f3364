"""How large should a beam be, and does a larger one show search or model to be wrong?

Hypothesis: plain log p prefers short translations, so that BLEU falls as the beam grows and finds
more of them; divided by the length it does not fall; a penalty for source words not looked at adds
little to that. Without attention all of it is worse. It is wrong if BLEU at a beam of 100 is that
at 4 with plain log p.

  python launch.py --config=configs/multi30k.py:en-de --sweep=beam --parallel=2 --workdir=W

trains RNNsearch and RNNencdec as experiments/captions.py does (a run of it whose folder is copied
into W need not be trained again) and translates 500 captions of val by beams of 1 to 100, by three
scores. What was found is kept in W/searches, so a stopped study goes on; it ends with a table,
beam.jsonl and beam.png.

Published: Koehn and Knowles (2017) find BLEU to fall with large beams, more so without
normalisation; Stahlberg and Byrne (2019) that models like the empty translation best for more than
half of the sentences. Budget: the six runs of captions, and 40 minutes of a core.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import captions

if TYPE_CHECKING:
  from nmt.decoding.trained import Run

__all__ = ["BASELINE", "report", "sweep", "sweep_seed", "sweep_size"]

BASELINE = captions.BASELINE

SIZES = (1, 2, 4, 8, 16, 32, 100)
SENTENCES = 500  # of val, evenly spaced
PLAIN = {"length_penalty": 0.0, "coverage_penalty": 0.0}
SCORES = {
  "log p": PLAIN,
  "log p / length": {**PLAIN, "length_penalty": 1.0},
  "log p / length + coverage": {"length_penalty": 1.0, "coverage_penalty": 0.2},
}


def sweep() -> Iterator[dict[str, Any]]:
  """With attention and without."""
  for kind in ("additive", "none"):
    yield {captions.KIND: kind}


sweep_size, sweep_seed = captions.sweep_size, captions.sweep_seed  # after sweep, as runs are named


def report(workdirs: dict[str, Path]) -> None:
  """Translates val in all ways, then prints a table and draws it; writes beam.jsonl."""
  from nmt.files import replacing
  from nmt.loading import load

  folder = next(iter(workdirs.values())).parent
  groups: dict[str, dict[Path, Run]] = {}
  for workdir in workdirs.values():
    run = load(workdir)
    groups.setdefault(run.config.model.attention.kind, {})[workdir] = run
  rows = []
  for kind, runs in groups.items():
    for called, score in SCORES.items():
      if kind == "additive" or not score["coverage_penalty"]:
        rows += _rows(kind, called, [_searched(*run, called, score) for run in runs.items()])
  with replacing(folder / "beam.jsonl") as file:
    file.writelines(f"{json.dumps(row)}\n" for row in rows)
  table(rows)
  figure(rows, folder / "beam.png")
  print(f"figure: {folder / 'beam.png'}")


def _searched(workdir: Path, run: "Run", called: str, score: dict[str, float]) -> dict[str, Any]:
  """What `nmt.analyze beams` finds on val by one score."""
  from nmt.analysis import translated
  from nmt.analysis.verbs.beams import beams
  from nmt.arguments import changed
  from nmt.files import read_json, write_json

  asked = {"update": run.update, "sizes": list(SIZES), "sentences": SENTENCES, **score}
  kept = workdir.parent / "searches" / f"{workdir.name},{called.replace('/', 'by')}.json"
  if kept.exists() and (before := read_json(kept)).get("asked") == asked:
    return dict(before)
  sample = translated.sample(run, run.config.data.valid, SENTENCES)
  found = {"asked": asked, **beams(sample, list(SIZES), changed(run.config.decode, score))}
  kept.parent.mkdir(exist_ok=True)
  write_json(kept, found)
  return found


def _rows(kind: str, called: str, runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
  """A row for each size of the beam: means over the seeds, and the interval of BLEU."""
  import numpy as np

  from nmt.evaluation import significance

  rows = []
  for same in zip(*[run["rows"] for run in runs], strict=True):
    row: dict[str, Any] = {"attention": kind, "score": called, "beam": same[0]["beam"]}
    for key in ("bleu", "length", "search_errors", "empty", "empty_better"):
      values = [one[key] for one in same]
      row[key] = None if None in values else float(np.mean(values))
    bleu = np.array([one["bleu"] for one in same])
    spread = significance.spread(bleu, None)
    row["seeds"] = bleu.tolist()
    row["low"], row["high"] = spread.interval(row["bleu"]) if spread else (None, None)
    rows.append(row)
  return rows


def table(rows: list[dict[str, Any]]) -> None:
  """Prints a row for each attention, score and size of the beam."""
  from nmt.analysis import tables
  from nmt.cli import console

  columns = {
    "bleu": "BLEU",
    "low": "from",
    "high": "to",
    "length": "length ratio, %",
    "search_errors": "search errors, %",
    "empty": "empty, %",
    "empty_better": "empty scores higher, %",
  }
  texts = [
    [
      row["attention"],
      row["score"],
      str(row["beam"]),
      *(tables.number(row[key]) for key in columns),
    ]
    for row in rows
  ]
  console().print(tables.numbers(["attention", "score", "beam", *columns.values()], texts))


def figure(rows: list[dict[str, Any]], path: Path) -> None:
  """BLEU over the size of the beam: a panel for each attention, a curve for each score."""
  from nmt.analysis import style

  kinds = list(dict.fromkeys(row["attention"] for row in rows))
  drawing, panels = style.panels(len(kinds), width=4.2, height=3.2)
  top = 1.05 * max(row["high"] or row["bleu"] for row in rows)
  for axes, kind in zip(panels, kinds, strict=True):
    for called, colour, mark in zip(SCORES, style.COLOURS, style.MARKS, strict=False):
      here = [row for row in rows if (row["attention"], row["score"]) == (kind, called)]
      if not here:
        continue
      sizes = [row["beam"] for row in here]
      axes.plot(sizes, [row["bleu"] for row in here], f"{mark}-", color=colour, label=called)
      if all(row["low"] is not None for row in here):
        low, high = ([row[end] for row in here] for end in ("low", "high"))
        axes.fill_between(sizes, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.set_xscale("log", base=2)
    axes.set_xticks(SIZES, map(str, SIZES))
    axes.minorticks_off()
    axes.set_ylim(0, top)
    style.dress(axes, "hypotheses in the beam", "BLEU on val", f"attention: {kind}")
    style.legend(axes)
  for ending in (".png", ".pdf"):
    style.save(drawing, path.with_suffix(ending))
