"""What else than the likelihood of the next word should a model be trained on?

Hypothesis: guided attention, which is told the links, aligns better and translates as before; with
scheduled sampling long sentences get better, as a model then goes on from its own mistakes; minimum
risk lifts BLEU, which it is trained on, without moving AER. It is wrong where an objective moves
what it does not mention.

  python launch.py --config=configs/quickstart.py --sweep=objectives --workdir=runs/objectives

trains the same model on each, with 3 seeds. Minimum risk goes on from the models of the likelihood,
as in its paper, so the workdir must be this one, and where many run at once, those of the
likelihood come first (--only='objective=likelihood*'); beside it stands the likelihood that goes on
in the same way.

Published: Shen et al. (2016) report significantly better BLEU by minimum risk on several language
pairs, Chen et al. (2016) better translations by guided alignment. Budget: 24 runs of 4 to 9
minutes each on a core, 3 of 15.
"""

from collections.abc import Iterator
from typing import Any

from experiments.attention import columns
from nmt.launching.points import seeds

__all__ = ["BASELINE", "columns", "sweep", "sweep_seed"]

KIND = "train.objective.kind"
BASELINE = {KIND: "likelihood"}
LONGER = {
  "train.start.run": "runs/objectives/objective=likelihood,seed={seed}",
  "train.updates": 150,
  "train.schedule.warmup": 20,
  "train.optimizer.learning_rate": 2e-4,
  "valid.every": 50,
  "valid.log": 10,
}


def sweep() -> Iterator[dict[str, Any]]:
  """The likelihood, its variants, the other objectives, and two that go on from it."""
  yield {KIND: "likelihood"}
  yield {"train.objective.label_smoothing": 0.1}
  yield {"train.objective.coverage": 0.1}
  for weight in (1.0, 0.1):
    yield {KIND: "guided", "train.objective.weight": weight}
  # The target's word is given always at first, half of the time at the end.
  scheduled = {KIND: "scheduled", "train.objective.speed": 250.0}
  for own in ("sampled", "likeliest"):
    yield {**scheduled, "train.objective.own": own}
  yield {"name": "longer_likelihood", **LONGER, KIND: "likelihood"}
  yield {"name": "risk", **LONGER, KIND: "risk", "train.objective.samples": 10}


def sweep_seed() -> Iterator[dict[str, Any]]:
  """Three runs of each."""
  return seeds(3)
