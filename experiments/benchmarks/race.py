"""How long does Joey NMT's recurrent model train for the BLEU that ours has after minutes?

Hypothesis: faster updates, sentences batched by length and a schedule made for the time there is
reach the same validation BLEU on Multi30k in a third of Joey NMT's time or less.

  python -m experiments.benchmarks.race --folder DIR --lines race.jsonl

DIR holds train and val of Multi30k, .en and .de. First Joey NMT trains, by its own command, for
--minutes; then the project, until its BLEU on val is no less than Joey NMT's best. Both have the
machine to themselves, subwords learnt alike, and the same embeddings and states; both validate
greedily, by detokenised sacreBLEU. Seconds are those of the whole process up to the end of a
validation: start, tokenising, compiling and validations included.
Lines are one a validation, and one for what was found. A race stopped after Joey NMT's half goes
on, by its --lines, with ours.

Joey NMT's settings are those of its configs/iwslt14_deen_bpe.yaml (Bahdanau's attention), but for
sizes, a learning rate of 1e-3 in place of 2e-4, which is slow for a model of this size, and its
plateau schedule, which this PyTorch does not take from it and no such short run would reach.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from experiments.benchmarks.lines import read, write
from nmt import cli
from nmt.errors import UserError

SOURCE, TARGET = "en", "de"
OURS = {  # beside configs/multi30k.py: for minutes, small batches and little dropout
  "batch.size": 40,
  "train.updates": 4000,
  "train.schedule.warmup": 300,
  "train.ema": 0.99,
  "model.dropout.embedding": 0.2,
  "model.dropout.state": 0.2,
  "model.dropout.readout": 0.2,
  "valid.every": 500,
}
_JOEYNMT = "experiments.benchmarks.speed.peers.joeynmt_train"
Points = list[dict[str, float]]  # update, bleu, and wall and CPU seconds until it was known


def main(arguments: Sequence[str]) -> None:
  """Parses the command line, trains both, prints and writes what was found."""
  parser = argparse.ArgumentParser(
    prog="python -m experiments.benchmarks.race",
    description=__doc__,
    formatter_class=argparse.RawTextHelpFormatter,
  )
  parser.add_argument("--folder", type=Path, required=True, help="holds train and val, en and de")
  parser.add_argument("--minutes", type=float, default=25, help="of Joey NMT's training")
  parser.add_argument("--lines", type=Path, help="a file for what was found, as JSON lines")
  options = parser.parse_args(arguments)
  theirs = half(options.lines)
  with tempfile.TemporaryDirectory() as place:
    if not theirs:
      theirs = joeynmt(options.folder, Path(place), 60 * options.minutes)
      if not theirs:
        raise UserError(
          f"Joey NMT ended, or had {options.minutes} minutes, without a validation; see above"
        )
      keep(options.lines, {"joeynmt": theirs})
    ours = nmt(options.folder, Path(place), max(point["bleu"] for point in theirs))
  found = compare(ours, theirs)
  keep(options.lines, {"joeynmt": theirs, "nmt": ours}, found)
  print(json.dumps(found, indent=2))


def half(path: Path | None) -> Points:
  """Joey NMT's points of a race that was stopped after them; none of one that ended."""
  known = read(path) if path and path.exists() else []
  if any("system" not in line for line in known):  # what was found
    return []
  return [{k: v for k, v in line.items() if k != "system"} for line in known]


def keep(path: Path | None, points: dict[str, Points], found: dict[str, Any] | None = None) -> None:
  """Writes what is known, where that was asked for."""
  if path:
    rows = [{"system": name} | point for name, known in points.items() for point in known]
    write(path, [*rows, found] if found else rows)


def compare(ours: Points, theirs: Points) -> dict[str, Any]:
  """The first point of each that has Joey NMT's best BLEU, and how many times faster ours was."""
  best = max(theirs, key=lambda point: point["bleu"])
  first = next((point for point in ours if point["bleu"] >= best["bleu"]), None)
  if first is None:
    return {"joeynmt": best, "nmt": None}
  ratios = {f"{clock}_ratio": best[clock] / first[clock] for clock in ("wall", "cpu")}
  return {"joeynmt": best, "nmt": first, **ratios}


def joeynmt(folder: Path, place: Path, seconds: float) -> Points:
  """Trains Joey NMT for some seconds."""
  import yaml

  for split in ("train", "val"):
    copy(folder, split, place)
  pieces(place)
  config = place / "joeynmt.yaml"
  config.write_text(yaml.safe_dump(settings(place)))
  command = [sys.executable, "-m", _JOEYNMT, "train", str(config), "--skip-test"]

  def points() -> list[tuple[int, float]]:
    path = place / "joeynmt" / "validations.txt"
    text = path.read_text() if path.exists() else ""
    found = re.findall(r"^Steps: (\d+)\t.*?bleu: ([\d.]+).*\n", text, re.MULTILINE)
    return [(int(update), float(bleu)) for update, bleu in found]

  return watch(command, place, points, lambda bleu, spent: spent > seconds)


def nmt(folder: Path, place: Path, goal: float) -> Points:
  """Trains ours until the BLEU of a validation is the goal, or it ends."""
  command = [sys.executable, "launch.py", "--config=configs/multi30k.py:en-de"]
  changes = OURS | {"data.dir": str(folder.resolve()), "data.cache": str(place / "cache")}
  command += [f"--config.{key}={value}" for key, value in changes.items()]
  command += [f"--workdir={place / 'nmt'}"]

  def points() -> list[tuple[int, float]]:
    path = place / "nmt" / "metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    rows = [json.loads(line) for line in lines if line.endswith("\n")]
    return [(row["update"], row["bleu"]) for row in rows if row["kind"] == "valid"]

  return watch(command, place, points, lambda bleu, spent: bleu >= goal)


def watch(
  command: Sequence[str],
  place: Path,
  points: Callable[[], list[tuple[int, float]]],
  enough: Callable[[float, float], bool],
) -> Points:
  """Runs a command until `enough(last BLEU, seconds)`, or to its end; a point a validation."""
  environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(place / "programs")}
  began, found = time.monotonic(), Points()
  with open(place / "log", "ab") as log:
    process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
  try:
    while process.poll() is None:
      time.sleep(0.2)
      spent = time.monotonic() - began
      for update, bleu in points()[len(found) :]:
        found.append({"update": update, "bleu": bleu, "wall": spent, "cpu": cpu(process.pid)})
        print(f"{command[-1]}: update {update}, BLEU {bleu:.2f}, {spent:.0f} s", flush=True)
      if enough(found[-1]["bleu"] if found else 0.0, spent):
        break
    else:
      if not found:
        print((place / "log").read_text()[-2000:], file=sys.stderr)
    return found
  finally:
    process.send_signal(signal.SIGINT)
    try:
      process.wait(60)
    except subprocess.TimeoutExpired:
      process.kill()
      process.wait()


def cpu(pid: int) -> float:
  """CPU seconds of a process and of its children, ended or not."""
  total, ticks = 0.0, os.sysconf("SC_CLK_TCK")
  try:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    total += sum(map(int, fields[11:15])) / ticks
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
  except (FileNotFoundError, ProcessLookupError):
    return total
  return total + sum(cpu(int(child)) for child in children)


def copy(folder: Path, split: str, place: Path) -> None:
  """Writes a split's pairs as plain text, one file a language."""
  from nmt.data import text_files

  pairs = list(text_files.pairs(text_files.find(folder, split, SOURCE, TARGET)))
  for language, lines in zip((SOURCE, TARGET), zip(*pairs, strict=True), strict=True):
    text = "".join(f"{line}\n" for line in lines)
    (place / f"{split}.{language}").write_text(text, encoding="utf-8")


def pieces(place: Path) -> None:
  """Writes the pieces that the project learns from the text, in SentencePiece's own form."""
  from configs import multi30k
  from nmt.data import subwords

  lines = (
    line
    for language in (SOURCE, TARGET)
    for line in (place / f"train.{language}").read_text(encoding="utf-8").split("\n")
  )
  learnt = subwords.train("bpe", multi30k.get_config().data.tokenizer.size, lines)
  (place / "pieces.model").write_bytes(learnt.dump())


def settings(place: Path) -> dict[str, Any]:
  """Joey NMT's config."""
  from configs import multi30k

  ours = multi30k.get_config()
  model, words = ours.model, ours.data.filter.max_words
  side: dict[str, Any] = {
    "level": "bpe",
    "lowercase": False,
    "max_length": 2 * words,  # pieces
    "tokenizer_type": "sentencepiece",
    "tokenizer_cfg": {"model_file": str(place / "pieces.model")},
  }
  rnn = {
    "type": "recurrent",
    "rnn_type": "gru",
    "embeddings": {"embedding_dim": model.embedding, "scale": False},
    "hidden_size": model.size,
    "dropout": 0.0,
    "num_layers": 1,
  }
  return {
    "name": "multi30k",
    "model_dir": str(place / "joeynmt"),
    "use_cuda": False,
    "data": {
      "train": str(place / "train"),
      "dev": str(place / "val"),
      "dataset_type": "plain",
      "src": side | {"lang": SOURCE},
      "trg": side | {"lang": TARGET},
    },
    "testing": {
      "eval_metrics": ["bleu"],
      "beam_size": 1,
      "batch_size": 64,
      "max_output_length": 80,
    },
    "training": {
      "optimizer": "adam",
      "normalization": "tokens",
      "learning_rate": 1e-3,
      "batch_size": 80,
      "early_stopping_metric": "loss",
      "scheduling": "exponential",
      "decrease_factor": 1.0,  # constant
      "epochs": 100,
      "validation_freq": 500,
      "logging_freq": 50,
      "keep_best_ckpts": 1,
      "shuffle": True,
    },
    "model": {
      "encoder": rnn | {"bidirectional": True},
      "decoder": rnn
      | {
        "hidden_dropout": 0.2,
        "input_feeding": True,
        "init_hidden": "bridge",
        "attention": "bahdanau",
      },
    },
  }


if __name__ == "__main__":
  cli.entry(main)
