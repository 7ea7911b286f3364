"""What runs the steps of a recurrence."""

from nmt.errors import UserError
from nmt.models import kernel, late

LOOPS = {"scan": late.loop, "kernel": kernel.loop}


def find(kind: str) -> late.Loop:
  """The loop of `model.loop`; raises UserError for an unknown one."""
  if kind not in LOOPS:
    raise UserError(f"model.loop={kind!r} is unknown: choose {' or '.join(LOOPS)}")
  return LOOPS[kind]
