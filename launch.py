"""Runs an experiment here: python launch.py --config=configs/x.py[:variant] --workdir=W

  --config.model.size=512         changes one key of the config
  --help-config                   shows every key: default, range, meaning; kinds and their options
  --workdir=W                     the run's folder; default runs/<config>[-variant]
  --profile                       traces some updates into W/profile, shows what took their time
  --sweep=experiments/x.py        runs each point of a study in W/<point>, then its report; also x
    --parallel=4                  four points at once, which share the cores and GPUs; W/<point>/log
    --only=failed                 those that failed, or those of a pattern: --only='*seed=1*'
    --dry-run                     says what would run
  --executor=slurm                hands the runs over to a cluster, docs/clusters.md, and comes back
    --resources=gpus=8,time=24h   what each of them needs there; --dry-run prints the scripts

  python launch.py show --config=configs/x.py      the resolved config; --diff=W: what differs
  python launch.py work --workdir=W                runs what --executor=pool has handed over
  python launch.py status --workdir=W [--json]     how a run or a sweep is doing
  python launch.py results --workdir=W             the table of a sweep
  python launch.py cancel --workdir=W              takes runs back from a cluster; --only=PATTERN

Started again with the same flags, an unfinished run continues and a finished one is left as it is.
A point that fails does not keep the others of its study from running; started again, it is tried
again, and the report comes once all points are done. Without flags it is the quickstart: both of
the paper's models on the embedded corpus, compared. Exit codes: 0 done, 75 stopped (start it again
to continue), 2 wrong input, anything else failed (1 if a point of a study did).
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from ml_collections import ConfigDict

from nmt import cli
from nmt.exit_codes import CONTINUE, DONE, WRONG_INPUT
from nmt.launching import claim, executors, flags, handover, rounds, show, status, sweep, work
from nmt.launching.local import Local
from nmt.workdir import Workdir


def main(arguments: Sequence[str]) -> int:
  """Parses the flags and runs one config, or all of a study; returns the exit code."""
  if arguments and arguments[0] in flags.COMMANDS:
    return read(arguments[0], arguments[1:])
  order = flags.parse(arguments)
  if order == "help":
    print(__doc__)
    return 0
  if order == "help-config":
    from nmt import reference

    print(reference.text(), end="")
    return 0
  if order.sweep is not None:
    return run_study(order, order.sweep)
  if order.executor != executors.LOCAL:
    return handover.submit(handover.Runs.of(order, None), order, passed(order))
  with Local() as executor:
    return run(executor, Workdir(order.workdir), order.config, passed(order))


def read(command: str, arguments: Sequence[str]) -> int:
  """Runs one of flags.COMMANDS; returns the exit code."""
  if command == "show":
    show.main(arguments)
    return DONE
  if command == "status":
    return status.main(arguments)
  if command == "cancel":
    return handover.cancel(arguments)
  if command == "work":
    return work.main(arguments)
  from nmt.analysis.results import main as results  # heavy: not for those who launch

  return int(results(arguments))


def run(executor: Local, home: Workdir, config: ConfigDict, passed: Sequence[str]) -> int:
  """Claims the folder and runs its worker, unless it is finished; returns the exit code."""
  state = claim.claim(home, config)
  if state == "done":
    print(f"{home}: finished already", flush=True)
    return DONE
  print(f"{home}: {'starting' if state == 'new' else 'continuing'}", flush=True)
  code = executor.run(home, *passed)
  if code == CONTINUE:
    print(f"{home}: stopped; the same command continues it", flush=True)
  return code


def run_study(order: flags.Order, path: Path) -> int:
  """Runs the points of the study in the file `path`; returns the exit code."""
  try:
    study = sweep.read(path, order.config, order.workdir)
  except sweep.WrongPoints as e:
    if len(e.lines) == 1:
      raise
    for line in e.lines:
      print(line, file=sys.stderr)
    print(f"error: {e.summary}", file=sys.stderr)
    return WRONG_INPUT
  if order.executor != executors.LOCAL:
    return handover.submit(handover.Runs.of(order, study), order, passed(order))
  if order.dry_run:
    return rounds.preview(study, order.workdir, order.only)
  return rounds.run(study, order.workdir, order.parallel or 1, order.only, passed(order))


def passed(order: flags.Order) -> list[str]:
  """The flags that workers are given."""
  return ["--profile"] * order.profile


if __name__ == "__main__":
  # What commands print is data for other programs as well, but for what a worker says.
  cli.entry(main, pipe=sys.argv[1:2] in ([name] for name in flags.COMMANDS if name != "work"))
