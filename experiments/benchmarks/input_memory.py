"""Does the memory of the input pipeline depend on the size of the corpus?

Hypothesis: corpora are streamed and tokens memory-mapped, so ten times the text takes only some
megabytes more (the lengths of its sentences and the order of an epoch).

  python -m experiments.benchmarks.input_memory --folder DIR

takes the first 40,000 and the first 400,000 pairs of DIR/train.en[.gz] and DIR/train.fr[.gz], and
prints, as JSON lines, the most resident memory in MB of a process that reads an epoch of batches:
`cold` after preparing the tokens itself, `warm` after finding them prepared. `anonymous` is the
process's own memory; `file` is that of mapped files, which the system takes back whenever others
want it.

On Europarl English-French (results/input_memory.jsonl): 222 against 286 MB warm, 261 against 361 MB
cold; 400,000 pairs are tokenised in 209 s on 2 cores.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SEED = 1


def main() -> None:
  parser = argparse.ArgumentParser(description="Memory of the input pipeline by corpus size.")
  parser.add_argument("--folder", type=Path, required=True, help="holds train.en and train.fr")
  parser.add_argument("--source", default="en")
  parser.add_argument("--target", default="fr")
  parser.add_argument("--pairs", type=int, nargs="+", default=[40_000, 400_000])
  parser.add_argument("--cache", help="(internal) measure one corpus whose cache is here")
  options = parser.parse_args()
  if options.cache:
    print(json.dumps(measure(options)))
    return
  warm = {}
  for pairs in options.pairs:
    with tempfile.TemporaryDirectory() as folder:
      cut(options.folder, Path(folder), (options.source, options.target), pairs)
      again = [
        sys.executable,
        "-m",
        "experiments.benchmarks.input_memory",
        "--folder",
        folder,
        "--cache",
        f"{folder}/cache",
      ]
      again += ["--source", options.source, "--target", options.target]
      for phase in ("cold", "warm"):
        done = subprocess.run(again, check=True, stdout=subprocess.PIPE)
        found = json.loads(done.stdout)
        print(json.dumps({"pairs": pairs, "phase": phase} | found), flush=True)
      warm[pairs] = found
  first, last = warm[options.pairs[0]], warm[options.pairs[-1]]
  growth = {kind: round(last[kind] - first[kind], 1) for kind in ("resident", "anonymous", "file")}
  print(json.dumps({"growth while iterating": growth}))


def cut(folder: Path, into: Path, languages: tuple[str, str], pairs: int) -> None:
  """Copies the first pairs of a corpus, and the first hundred as a validation split."""
  from nmt.data import text_files

  files = text_files.find(folder, "train", *languages)
  for split, count in (("train", pairs), ("valid", 100)):
    with open(into / f"{split}.tsv", "w") as table:
      for source, target in itertools.islice(text_files.pairs(files), count):
        table.write(f"{source}\t{target}\n")


def measure(options: argparse.Namespace) -> dict[str, float]:
  """Prepares a corpus and reads an epoch of batches; returns the most memory it saw, in MB."""
  from configs.base import get_config
  from nmt.data.batches import Batches, iterate
  from nmt.data.pipeline import prepare

  config = get_config()
  config.data.update(corpus="text", dir=str(options.folder), cache=options.cache)
  config.data.update(source=options.source, target=options.target)
  start = time.monotonic()
  prepared = prepare(config.data)
  prepare_seconds = time.monotonic() - start
  prepare_peak = memory()["peak"]
  batches = Batches(prepared.train, config.batch, seed=SEED)
  count = batches.epoch_size()
  most = memory()
  start = time.monotonic()
  for index, _ in enumerate(itertools.islice(iterate(batches, 0), count)):
    if index % 20 == 0:
      most = {kind: max(size, most[kind]) for kind, size in memory().items()}
  padding = batches.padding()
  return {
    "pairs kept": len(prepared.train),
    "prepare seconds": round(prepare_seconds, 1),
    "peak after preparing": prepare_peak,
    **most,
    "batches": count,
    "batches/s": round(count / (time.monotonic() - start)),
    "padding share": round(padding.share, 4),
    "shapes": len(batches.used_shapes()),
  }


def memory() -> dict[str, float]:
  """This process's resident memory in MB: all, its own, of mapped files; and its highest ever."""
  lines = Path("/proc/self/status").read_text().splitlines()
  sizes = dict(line.split(":", 1) for line in lines)
  names = {"resident": "VmRSS", "anonymous": "RssAnon", "file": "RssFile", "peak": "VmHWM"}
  return {kind: round(int(sizes[name].split()[0]) / 1024, 1) for kind, name in names.items()}


if __name__ == "__main__":
  main()
