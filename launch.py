"""Runs an experiment here: python launch.py --config=configs/x.py[:variant] --workdir=W

  --config.model.size=512         changes one key of the config (configs/base.py has them all)
  --sweep=experiments/x.py        runs each point of a study in W/<point>, then its report
  --workdir=W                     the run's folder; default runs/<config>[-variant]
  --profile                       traces some updates into W/profile, shows what took their time

Started again with the same flags, an unfinished run continues and a finished one is left as it is.
Without flags it is the quickstart: both of the paper's models on the embedded corpus, compared.
Exit codes: 0 done, 75 stopped (start it again to continue), 2 wrong input, anything else failed.
"""

from collections.abc import Sequence

from nmt import cli
from nmt.launching import claim, flags, sweep
from nmt.launching.local import CONTINUE, DONE, Local
from nmt.workdir import Workdir


def main(arguments: Sequence[str]) -> int:
  """Parses the flags, claims every folder, runs the workers in turn; returns the exit code."""
  order = flags.parse(arguments)
  if order is None:
    print(__doc__)
    return 0
  if order.sweep is None:
    study = sweep.Study({"": order.config}, None)
  else:
    study = sweep.read(order.sweep, order.config)
  homes = {name: Workdir(order.workdir / name) for name in study.points}
  for name, home in homes.items():
    claim.look(home, study.points[name])  # what is refused is refused before anything runs
  with Local() as executor:
    for name, home in homes.items():
      state = claim.claim(home, study.points[name])
      if state == "done":
        print(f"{home}: finished already", flush=True)
        continue
      print(f"{home}: {'starting' if state == 'new' else 'continuing'}", flush=True)
      code = executor.run(home, *["--profile"] * order.profile)
      if code == CONTINUE:
        print(f"{home}: stopped; the same command continues it", flush=True)
      if code != DONE:
        return code
  if study.report is not None:
    study.report({name: home.path for name, home in homes.items()})
  return 0


if __name__ == "__main__":
  cli.entry(main)
