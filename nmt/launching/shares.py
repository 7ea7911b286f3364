"""The machine shared out among workers: processor cores, and GPUs where there are several."""

import dataclasses
import os
import subprocess
from collections.abc import Sequence


@dataclasses.dataclass(frozen=True)
class Share:
  """What one worker may use. cores: numbers of cores, () for all. variables: of its environment."""

  cores: tuple[int, ...] = ()
  variables: dict[str, str] = dataclasses.field(default_factory=dict)

  def text(self) -> str:
    """The cores as become.py takes them."""
    return ",".join(map(str, self.cores)) or "all"


def divide(workers: int) -> list[Share]:
  """A share for each of some workers; for one alone, the whole machine as it is.

  Each gets as many cores as the others, neighbours, so that a run computes the same in any share;
  where there are too few, several workers share a core. So it is with GPUs, and workers that share
  one have a part of its memory each.
  """
  if workers == 1:
    return [Share()]
  cores = _cores()
  cards = gpus()
  shares = []
  for worker in range(workers):
    mine = _part(cores, worker, workers)
    variables = {}
    if mine:  # what asks for the number of cores in the machine would start a thread for each
      variables = {name: str(len(mine)) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    if len(cards) > 1:
      variables["CUDA_VISIBLE_DEVICES"] = cards[worker % len(cards)]
    if cards and workers > len(cards):
      beside = -(-workers // len(cards))
      variables["XLA_PYTHON_CLIENT_MEM_FRACTION"] = f"{0.9 / beside:.3f}"
    kept = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "XLA_PYTHON_CLIENT_MEM_FRACTION")
    given = {name for name in kept if name in os.environ}  # by who knows better
    shares.append(Share(mine, {k: v for k, v in variables.items() if k not in given}))
  return shares


def gpus() -> list[str]:
  """The NVIDIA GPUs that a worker would see, as CUDA_VISIBLE_DEVICES calls them."""
  if os.environ.get("JAX_PLATFORMS", "").startswith("cpu"):
    return []
  visible = os.environ.get("CUDA_VISIBLE_DEVICES")
  if visible is not None:
    return [name for name in visible.split(",") if name.strip() not in ("", "-1")]
  try:
    listed = subprocess.run(
      ["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=True
    ).stdout
  except (OSError, subprocess.SubprocessError):
    return []
  return [str(number) for number, line in enumerate(listed.splitlines()) if line[:4] == "GPU "]


def count() -> int:
  """How many cores this process, and a worker that has all it has, may use."""
  return len(_cores()) or os.cpu_count() or 1


def _cores() -> list[int]:
  """Those that this process may use; none where the system can't say."""
  return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []


def _part(cores: Sequence[int], worker: int, workers: int) -> tuple[int, ...]:
  if not cores:
    return ()
  if workers > len(cores):
    return (cores[worker % len(cores)],)
  count = len(cores) // workers
  return tuple(cores[worker * count : (worker + 1) * count])
