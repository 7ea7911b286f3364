"""The devices of a run: the one file that names their axes and says what is sharded over which.

A batch is cut over all devices. A large parameter, its optimizer state and its average are stored
in pieces over `model` and put together at the start of a step, before the loops over time, so that
no device waits for another inside a loop.
"""

import math
import os
import re
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Shaped
from ml_collections import ConfigDict

from nmt.errors import UserError

AXES = ("data", "model")
BATCH = PartitionSpec(AXES)
WHOLE = PartitionSpec()

# The end of a parameter's path -> how it is stored; the first that matches holds.
RULES = (
  (r"/(E_x|E_y|W_o)$", PartitionSpec("model", None)),  # vocabularies
  (r"/(W|U|U_zr|C|C_o|U_o|V_o|W_a|U_a|W_s)$", PartitionSpec(None, "model")),
)


def available() -> list[jax.Device]:
  """All devices; UserError where JAX can't use what JAX_PLATFORMS asks for."""
  try:
    return jax.devices()
  except (AssertionError, RuntimeError) as e:  # the first without a word: no GPU is visible
    asked = os.environ.get("JAX_PLATFORMS")
    if not asked:
      raise
    reason = str(e).partition(" (set JAX_PLATFORMS")[0] or "no such device is visible"
    raise UserError(
      f"JAX_PLATFORMS={asked} asks for devices that can't be used here: {reason}; unset "
      "JAX_PLATFORMS for the best device there is, set it to cpu, or install with -e '.[cuda]' or "
      "-e '.[tpu]'"
    ) from e


def build(mesh: ConfigDict, devices: list[jax.Device] | None = None) -> Mesh:
  """The mesh that `config.mesh` asks for.

  UserError: there are none, or too few, or `data=-1` can't take all that are left, or a process of
  several would have none.
  """
  devices = available() if devices is None else devices
  data = len(devices) // mesh.model if mesh.data == -1 else mesh.data
  wanted = max(data, 1) * mesh.model
  if wanted > len(devices):
    raise UserError(
      f"mesh.data={mesh.data} and mesh.model={mesh.model} need {wanted} devices, "
      f"but there are {len(devices)}"
    )
  idle = len(devices) - wanted
  if mesh.data == -1 and idle:
    even = [str(n) for n in range(1, len(devices) + 1) if len(devices) % n == 0]
    raise UserError(
      f"mesh.model={mesh.model} does not divide {len(devices)} devices, so {idle} would be idle: "
      f"set mesh.model to one of {', '.join(even)}, or mesh.data to {data} to leave them idle"
    )
  if idle and jax.process_count() > 1:
    raise UserError(
      f"mesh.data={mesh.data} and mesh.model={mesh.model} take {wanted} of the {len(devices)} "
      f"devices of {jax.process_count()} processes: with several processes take all"
    )
  # Each process has neighbours, so that it also has rows of a batch that follow each other.
  devices = sorted(devices, key=lambda device: device.process_index)
  return jax.make_mesh(
    (data, mesh.model), AXES, axis_types=(AxisType.Auto,) * 2, devices=devices[:wanted]
  )


def process() -> tuple[int, int]:
  """Which process of how many this is: it has as large a part of the rows of a batch."""
  return jax.process_index(), jax.process_count()


def first() -> bool:
  """Whether this is process 0, which alone writes what is no array."""
  return jax.process_index() == 0


def meet() -> None:
  """Waits for all processes; what each wrote before is there after."""
  if jax.process_count() > 1:
    multihost_utils.sync_global_devices("meet")


def local(mesh: Mesh, tree: Any) -> Any:
  """The arrays of a tree, whole, on the first device of this process; all processes call it."""
  if jax.process_count() == 1:
    return jax.device_put(tree, jax.local_devices()[0])
  whole = jax.device_put(tree, NamedSharding(mesh, WHOLE))
  return jax.tree.map(lambda x: x.addressable_data(0), whole)


def divisor(mesh: Mesh) -> int:
  """What the rows of a batch must be a multiple of: all devices, and processes, get as many."""
  return math.lcm(mesh.size, jax.process_count())


def place(mesh: Mesh, rows: Shaped[np.ndarray, "B *rest"]) -> Shaped[Array, "rows *rest"]:
  """An array of one row a sentence, cut over all devices; a process gives its own rows."""
  array: Shaped[Array, "rows *rest"] = jax.make_array_from_process_local_data(
    NamedSharding(mesh, BATCH), rows
  )
  return array


def shardings(mesh: Mesh, tree: Any, shared: bool = False) -> Any:
  """How each array of a tree is stored, by the end of its path.

  Optimizer states and averages end in their parameter's path, so they are stored as it is; with
  `shared`, in pieces over all devices instead, of the first axis that these divide (ZeRO-1:
  Rajbhandari et al., 2020).
  """

  def one(
    path: tuple[Any, ...], leaf: Shaped[Array, "..."] | jax.ShapeDtypeStruct
  ) -> NamedSharding:
    name = "/" + jax.tree_util.keystr(path, simple=True, separator="/")
    if shared and re.match("/(optimizer|average)/", name):
      even = [i for i, n in enumerate(leaf.shape) if n % mesh.size == 0]
      return NamedSharding(mesh, PartitionSpec(*(None,) * even[0], AXES) if even else WHOLE)
    for rule, spec in RULES:
      if re.search(rule, name) and len(spec) == leaf.ndim:
        pieces = [n % mesh.shape[axis] for n, axis in zip(leaf.shape, spec, strict=True) if axis]
        return NamedSharding(mesh, WHOLE if any(pieces) else spec)
    return NamedSharding(mesh, WHOLE)

  return jax.tree_util.tree_map_with_path(one, tree)


def gather(mesh: Mesh, tree: Any) -> Any:
  """Inside jit: every array of the tree whole on every device."""
  return jax.lax.with_sharding_constraint(tree, NamedSharding(mesh, WHOLE))


def waits() -> bool:
  """Whether each step must be waited for: simulated devices can deadlock with several in flight."""
  return jax.default_backend() == "cpu" and jax.device_count() > 1
