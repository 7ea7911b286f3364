"""Runs an experiment here: python launch.py --config=configs/x.py[:variant] --workdir=W

  --config.model.size=512         changes one key of the config
  --help-config                   shows every key: default, range, meaning; kinds and their options
  --sweep=experiments/x.py        runs each point of a study in W/<point>, then its report
  --workdir=W                     the run's folder; default runs/<config>[-variant]
  --profile                       traces some updates into W/profile, shows what took their time

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
from nmt.errors import UserError
from nmt.exit_codes import CONTINUE, DONE, FAILED
from nmt.launching import claim, flags, sweep
from nmt.launching.local import Local, failure
from nmt.workdir import Workdir


def main(arguments: Sequence[str]) -> int:
  """Parses the flags and runs one config, or all of a study; returns the exit code."""
  order = flags.parse(arguments)
  if order == "help":
    print(__doc__)
    return 0
  if order == "help-config":
    from nmt import reference

    print(reference.text(), end="")
    return 0
  passed = ["--profile"] * order.profile
  if order.sweep is not None:
    return run_study(sweep.read(order.sweep, order.config), order.workdir, passed)
  with Local() as executor:
    return run(executor, Workdir(order.workdir), order.config, passed)


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


def run_study(study: sweep.Study, folder: Path, passed: Sequence[str]) -> int:
  """Runs every point in turn, then the report, or says which points failed and why."""
  homes = {name: Workdir(folder / name) for name in study.points}
  failed: dict[str, str] = {}  # reasons
  for name, home in homes.items():
    try:
      claim.look(home, study.points[name])
    except UserError as e:
      failed[name] = str(e)
  waiting = [name for name in homes if name not in failed]
  if waiting:  # what is refused is said before the others run for hours
    for reason in failed.values():
      print(f"error: {reason}", file=sys.stderr)
  stopped = False
  with Local() as executor:
    for name in waiting:
      if executor.stopped:
        stopped = True
        print(f"{homes[name]}: not started; the same command goes on with it", flush=True)
        break
      try:
        code = run(executor, homes[name], study.points[name], passed)
      except (UserError, OSError) as e:
        failed[name] = str(e)
        print(f"error: {e}", file=sys.stderr)
        continue
      if code not in (DONE, CONTINUE):
        failed[name] = failure(homes[name], code)
      if code == CONTINUE or (code != DONE and executor.stopped):
        stopped = True
        break
  if failed:
    print(f"{len(failed)} of {len(homes)} points failed:", file=sys.stderr)
    for name, reason in failed.items():
      print(f"  {name}: {reason}", file=sys.stderr)
    report = "; the report waits for them" if study.report else ""
    print(f"The same command tries them again, and no finished one{report}.", file=sys.stderr)
  if stopped or failed:
    return CONTINUE if stopped else FAILED
  if study.report is not None:
    study.report({name: home.path for name, home in homes.items()})
  return 0


if __name__ == "__main__":
  cli.entry(main)
