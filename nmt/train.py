"""Trains the run of a folder, then tests it: python -m nmt.train --workdir W [--profile]

Reads W/config.json (launch.py writes it) and goes on from W's last checkpoint. Exit codes: 0 done,
75 stopped by a signal or Ctrl-C (start it again to continue), 2 wrong input, anything else failed.

Several processes train one run if each is started in this way, on a folder that all share: by srun
with several tasks, by an indexed Job or a JobSet that sets JAX_COORDINATOR_ADDRESS and
JAX_PROCESS_COUNT, on the hosts of a TPU slice, or with --coordinator, --processes and --process.
They end together: with 75 too where one was killed, or where no update ended for too long.
"""

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import jax
from ml_collections import ConfigDict

from nmt import cli, loading, ranks, starting
from nmt import config as config_lib
from nmt.analysis.publish import publish
from nmt.arguments import Parser, positive, weight
from nmt.data import cache, pipeline
from nmt.data.corpora import Corpus, open_corpus
from nmt.data.pipeline import Prepared, prepare
from nmt.decoding.translator import Translator
from nmt.errors import UserError, first_line
from nmt.evaluation import results
from nmt.evaluation.bleu import bleu
from nmt.evaluation.bleu import tokenizer as bleu_tokenizer
from nmt.evaluation.report import report
from nmt.exit_codes import CONTINUE, DONE, FAILED
from nmt.files import read_json, write_json
from nmt.launching import shares
from nmt.profiling.profile import Profile
from nmt.training import checkpoints, loop, processes, sharding, step
from nmt.training.divergence import Diverged, NonFinite
from nmt.training.peers import Peers
from nmt.training.session import Validate
from nmt.training.stopping import Stopped, Stopping
from nmt.workdir import Workdir

_SHARED = 10.0  # seconds until what one process wrote is there for all
_PROGRESS = ("update", "updates", "best", "fallbacks")  # of a status


def main(arguments: Sequence[str]) -> int:
  """Parses the command line and trains; returns the exit code."""
  parser = Parser("train", __doc__)
  parser.add_argument("--workdir", required=True, help="the run's folder, with its config.json")
  parser.add_argument("--profile", action="store_true", help="trace some updates into W/profile")
  several = parser.add_argument_group("one of several processes")
  add = several.add_argument
  add("--coordinator", metavar="HOST:PORT", help="a free port on the host of process 0")
  add("--processes", type=positive, metavar="N", help="how many; 1: alone, whatever SLURM says")
  add("--process", type=int, metavar="I", help="which one this is, counted from 0")
  add(
    "--meeting",
    type=weight,
    default=processes.MEETING,
    metavar="SECONDS",
    help="for how long to wait for the others (default: %(default)g)",
  )
  add(
    "--stall",
    type=weight,
    metavar="SECONDS",
    help="end where no update ends for so long; 0: never (default: 5 times the longest, 20 s at "
    "least)",
  )
  flags = parser.parse_args(arguments)
  given = flags.coordinator, flags.processes, flags.process
  rank = ranks.find(*given, os.environ, shares.gpus)
  home = Workdir(flags.workdir)
  if not home.config.exists():
    raise UserError(f"{home.config}: no such file; launch.py --workdir={home} makes one")
  config = config_lib.load(home.config)
  config_lib.validate(config)
  keep_programs(config.data.cache)
  stall = 0.0 if flags.profile else flags.stall  # to look at a profile takes time
  with Stopping() as stopping:
    try:
      with processes.joined(rank, config, stopping, flags.meeting, stall) as peers:
        return _reported(config, home, stopping, flags.profile, peers)
    except Stopped:  # before there was anything to save
      return CONTINUE


def _reported(
  config: ConfigDict, home: Workdir, stopping: Stopping, profile: bool, peers: Peers
) -> int:
  """Does the work, with the folder's lock, and says in W/status.json how that goes."""
  if not peers.first:
    _check_shared(home, peers)
    try:
      return _work(config, home, stopping, None, peers)
    except Diverged:
      return FAILED
  with home.lock():
    try:
      home.status("running", **_last(home))
      peers.at_end = lambda code, why: home.status(
        "stopped" if code == CONTINUE else "failed", **_last(home), reason=why
      )
      _check_shared(home, peers)
      code = _work(config, home, stopping, Profile if profile else None, peers)
      home.status("done" if code == DONE else "stopped", **_last(home))
      return code
    except Stopped:
      home.status("stopped", **_last(home))
      if peers.count > 1:
        raise
      return CONTINUE
    except Diverged as e:
      what = "nonfinite" if isinstance(e, NonFinite) else "diverged"
      home.status("failed", **_last(home), reason=str(e), **{what: e.update})
      print(f"error: {e}", file=sys.stderr)
      return FAILED
    except BaseException as e:
      home.status("failed", **_last(home), reason=first_line(e))
      raise


def _check_shared(home: Workdir, peers: Peers) -> None:
  """Raises UserError unless the folder of this process is that of process 0."""
  found = peers.by_first(home.read_status)
  until = time.monotonic() + _SHARED
  while home.read_status() != found:
    if time.monotonic() > until:
      raise UserError(
        f"workdir {home} of process {peers.index} is not that of process 0: choose one on a file "
        "system that all share"
      )
    time.sleep(0.1)


def _work(
  config: ConfigDict,
  home: Workdir,
  stopping: Stopping,
  profiler: type[Profile] | None,
  peers: Peers,
) -> int:
  """Devices, data, training, test."""
  sharding.build(config.mesh)  # whether there are any, and enough, is said before data are prepared
  linked = step.objective_of(config).links
  tests = {split: open_corpus(config.data, split) for split in config.data.test}
  start = None
  if peers.by_first(lambda: bool(checkpoints.updates(home.checkpoints))):
    prepared = prepare(config.data, home.tokenizers, linked)
    if changes := pipeline.changes(read_json(home.data), prepared.report):
      raise UserError(
        f"the data are not those that {home} began with: {changes}; bring those back, or choose "
        "another --workdir"
      )
  else:
    prepared, start = _begin(config, home, linked)
  ours = prepared.report
  if changes := pipeline.changes(peers.by_first(lambda: ours), ours):
    raise UserError(f"the data of process {peers.index} are not those of process 0: {changes}")
  validate = None
  if peers.first:
    _say_left_out(config, prepared)
    validate = _bleu_of(config, prepared)
  code = loop.train(config, home, prepared, validate, stopping, profiler, start, peers)
  if code == DONE:
    peers.by_first(lambda: _test(home, tests))
  return code


def _test(home: Workdir, tests: dict[str, Corpus]) -> None:
  """Reports on the test splits."""
  best = loading.load(home)
  for split, corpus in tests.items():
    results.check(home.test, "choose a place that can be")
    publish(report(best, split, corpus.read(range(len(corpus)))), home.test)


def _say_left_out(config: ConfigDict, prepared: Prepared) -> None:
  """What of the data is not used, or looks wrong."""
  for split in ("train", "valid"):
    if count := prepared.report[split]["too_many_tokens"]:
      most = config.data.filter.max_tokens if split == "train" else pipeline.VALID_TOKENS
      key = " (data.filter.max_tokens)" if split == "train" else ""
      print(f"{split}: {count} pairs of more than {most} tokens{key} left out", file=sys.stderr)
  if count := prepared.report["train"].get("without_links"):
    pairs = prepared.report["train"]["pairs"]
    print(f"train: {count} of {pairs} pairs have no word links", file=sys.stderr)
  found = prepared.report["filter"]
  if found["identical"] > found["kept"] / 2:
    same = f"{found['identical']} of {found['kept']} pairs have the same text on both sides"
    print(f"train: {same} (data.source, data.target)", file=sys.stderr)


def _begin(config: ConfigDict, home: Workdir, linked: bool) -> tuple[Prepared, Any]:
  """The data of a new run, and the parameters that it starts from, or None for those drawn."""
  if sharding.process() == (0, 1):  # several find out at their first save
    checkpoints.probe(home.checkpoints)
  other = starting.other(config, home)
  prepared = prepare(config.data, linked=linked)
  if sharding.first():
    prepared.save_tokenizers(home.tokenizers)
    write_json(home.data, prepared.report)
  return prepared, starting.parameters(config, home, prepared, other)


def _bleu_of(config: ConfigDict, prepared: Prepared) -> Validate:
  """BLEU of the validation split, translated greedily: quick, and good enough to compare.

  With it comes `cut`: how many translations had not ended at the longest length allowed.
  """
  tokenizer = bleu_tokenizer(config)
  corpus = open_corpus(config.data, config.data.valid)
  pairs = corpus.read(range(len(corpus)))
  sources, references = [p.source for p in pairs], [p.target for p in pairs]
  greedy = config.decode.copy_and_resolve_references()
  greedy.beam = 1
  empty = loading.of(config, prepared.source, prepared.target, None)
  translator = Translator(empty, greedy)
  encode = prepared.source.encode, prepared.target.encode
  _warn(translator, [(encode[0](pair.source), encode[1](pair.target)) for pair in pairs])

  def validate(params: Any) -> dict[str, float]:
    found = list(translator.translate(sources, params))
    score, _ = bleu([one.text for one in found], references, tokenizer=tokenizer)
    return {"bleu": score, "cut": sum(map(translator.cut, found))}

  return validate


def _warn(translator: Translator, pairs: Sequence[tuple[list[int], list[int]]]) -> None:
  """Says of how many validation pairs the limits of length, not the model, spoil the BLEU."""
  limit = sum(len(target) + 1 > translator.longest(len(source) + 1) for source, target in pairs)
  if limit:
    what = "references are longer than a translation may be: raise decode.max_ratio"
    print(f"warning: {limit} of {len(pairs)} validation {what}", file=sys.stderr)
  limit = sum(len(source) > translator.max_tokens for source, _ in pairs)
  if limit:
    what = f"sources have more than {translator.max_tokens} tokens and are not translated"
    print(f"warning: {limit} of {len(pairs)} validation {what}", file=sys.stderr)


def keep_programs(configured: str) -> None:
  """Keeps compiled programs from run to run: in $JAX_COMPILATION_CACHE_DIR, or among the caches."""
  if not os.environ.get("JAX_COMPILATION_CACHE_DIR"):
    folder = cache.root(configured) / "xla"
    jax.config.update("jax_compilation_cache_dir", str(folder))
  jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)


def _last(home: Workdir) -> dict[str, Any]:
  """What the last status said of the progress."""
  return {k: v for k, v in home.read_status().items() if k in _PROGRESS}


if __name__ == "__main__":
  cli.entry(main)
