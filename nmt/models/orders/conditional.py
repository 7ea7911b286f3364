"""Two cells a step: the first reads the previous word, attention sees its state (Nematus, 2017)."""

from nmt.options import choice

OPTIONS = {
  "state": choice(
    "previous",
    ("previous", "current"),
    "the state that the readout sees: that before the step | that after it",
  ),
}
