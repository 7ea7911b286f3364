"""The start of JAX in several processes."""

import contextlib
import hashlib
from collections.abc import Iterator

import jax
from ml_collections import ConfigDict

from nmt.ranks import Rank
from nmt.training.meeting import meet
from nmt.training.peers import Peers
from nmt.training.stopping import Stopping

MEETING = 300.0  # seconds in which all processes have to come
HEARTBEAT = 25  # seconds after which JAX gives a process up, in whatever it is doing
SHUTDOWN = 15  # seconds


@contextlib.contextmanager
def joined(
  rank: Rank,
  config: ConfigDict,
  stopping: Stopping,
  timeout: float = MEETING,
  stall: float | None = None,
) -> Iterator[Peers]:
  """Inside, this process is one of several of the run, if it is not the only one.

  JAX must not have been used. An error inside ends all processes. UserError: not all came in time.
  """
  if rank.count == 1:
    yield Peers()
    return
  run = hashlib.sha256(config.to_json(sort_keys=True).encode()).hexdigest()
  line, coordinator = meet(rank, stopping, run, timeout, stall)
  with line.failing():
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(
      coordinator,
      rank.count,
      rank.index,
      local_device_ids=rank.gpus,
      cluster_detection_method="deactivate",
      initialization_timeout=60,
      heartbeat_timeout_seconds=HEARTBEAT,
      shutdown_timeout_seconds=SHUTDOWN,
    )
    stopping.renew()  # JAX has a handler of its own for SIGTERM
    yield line
    line.close()
