"""The paper's order: attention sees the state before the step, then the cell updates it."""

from nmt.options import choice

OPTIONS = {
  "state": choice(
    "previous",
    ("previous", "current"),
    "the state that the readout sees: previous (appendix A.2.2) | current (section 3.1)",
  ),
}
