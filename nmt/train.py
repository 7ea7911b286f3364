"""Trains the run of a folder, then tests it: python -m nmt.train --workdir W [--profile]

Reads W/config.json (launch.py writes it) and goes on from W's last checkpoint. Exit codes: 0 done,
75 stopped by a signal or Ctrl-C (start it again to continue), 2 wrong input, anything else failed.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

import jax
from ml_collections import ConfigDict

from nmt import cli, loading, starting
from nmt import config as config_lib
from nmt.analysis.publish import publish
from nmt.arguments import Parser
from nmt.data import cache, pipeline
from nmt.data.corpora import open_corpus
from nmt.data.pipeline import Prepared, prepare
from nmt.decoding.translator import Translator
from nmt.errors import UserError, first_line
from nmt.evaluation import results
from nmt.evaluation.bleu import bleu
from nmt.evaluation.bleu import tokenizer as bleu_tokenizer
from nmt.evaluation.report import report
from nmt.exit_codes import CONTINUE, DONE, FAILED
from nmt.files import read_json, write_json
from nmt.profiling.profile import Profile
from nmt.training import checkpoints, loop, sharding, step
from nmt.training.divergence import Diverged, NonFinite
from nmt.training.session import Validate
from nmt.training.stopping import Stopped, Stopping
from nmt.workdir import Workdir

_PROGRESS = ("update", "updates", "best", "fallbacks")  # of a status


def main(arguments: Sequence[str]) -> int:
  """Parses the command line and trains; returns the exit code."""
  parser = Parser("train", __doc__)
  parser.add_argument("--workdir", required=True, help="the run's folder, with its config.json")
  parser.add_argument("--profile", action="store_true", help="trace some updates into W/profile")
  flags = parser.parse_args(arguments)
  home = Workdir(flags.workdir)
  if not home.config.exists():
    raise UserError(f"{home.config}: no such file; launch.py --workdir={home} makes one")
  config = config_lib.load(home.config)
  config_lib.validate(config)
  keep_programs(config.data.cache)
  with home.lock(), Stopping() as stopping:
    try:
      home.status("running", **_last(home))
      code = _work(config, home, stopping, flags.profile)
      home.status("done" if code == DONE else "stopped", **_last(home))
      return code
    except Stopped:
      home.status("stopped", **_last(home))
      return CONTINUE
    except Diverged as e:
      what = "nonfinite" if isinstance(e, NonFinite) else "diverged"
      home.status("failed", **_last(home), reason=str(e), **{what: e.update})
      print(f"error: {e}", file=sys.stderr)
      return FAILED
    except BaseException as e:
      home.status("failed", **_last(home), reason=first_line(e))
      raise


def _work(config: ConfigDict, home: Workdir, stopping: Stopping, profile: bool) -> int:
  """Devices, data, training, test."""
  sharding.build(config.mesh)  # whether there are any, and enough, is said before data are prepared
  linked = step.objective_of(config).links
  tests = {split: open_corpus(config.data, split) for split in config.data.test}
  start = None
  if checkpoints.updates(home.checkpoints):
    prepared = prepare(config.data, home.tokenizers, linked)
    if changes := pipeline.changes(read_json(home.data), prepared.report):
      raise UserError(
        f"the data are not those that {home} began with: {changes}; bring those back, or choose "
        "another --workdir"
      )
  else:
    prepared, start = _begin(config, home, linked)
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
  profiler = Profile if profile else None
  code = loop.train(config, home, prepared, _bleu_of(config, prepared), stopping, profiler, start)
  if code == DONE:
    best = loading.load(home)
    for split, corpus in tests.items():
      results.check(home.test, "choose a place that can be")
      publish(report(best, split, corpus.read(range(len(corpus)))), home.test)
  return code


def _begin(config: ConfigDict, home: Workdir, linked: bool) -> tuple[Prepared, Any]:
  """The data of a new run, and the parameters that it starts from, or None for those drawn."""
  checkpoints.probe(home.checkpoints)
  other = starting.other(config, home)
  prepared = prepare(config.data, linked=linked)
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
