"""What a model computes on the way to its words, for those who look into it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int

from nmt.data.ids import PAD
from nmt.models.layers import Stack
from nmt.models.translation import Translation, before


class Activations(NamedTuple):
  """With a target given: annotations h, and of each step the state s_i after it, c_i and alpha_i.

  Contexts c_BxTxG are as a matrix of the reader sees them: side by side for several heads.
  """

  h_BxJxD: Float[Array, "B J D"]
  s_BxTxN: Float[Array, "B T N"]
  c_BxTxG: Float[Array, "B T G"]
  alpha_BxTxJ: Float[Array, "B T J"]


def activations(
  model: Translation, source_BxJ: Int[Array, "B J"], target_BxT: Int[Array, "B T"]
) -> Activations:
  """The activations of given pairs, without dropout; what is padding holds anything finite."""
  real_BxJ = source_BxJ != PAD
  notes = model.encoder(source_BxJ, real_BxJ)
  decoder = model.decoder
  memory, start = decoder.prepare(notes, real_BxJ)
  own = memory["attention"]
  readable = own if notes.values_BxJxD is None else own | {"h": notes.values_BxJxD}
  width = decoder.C[...].shape[0]
  same = jnp.eye(width, dtype=notes.h_BxJxD.dtype)  # a reader that changes nothing
  values = decoder.attention.project(readable, same)

  def look(s_BxN: Array, memory: Any, carry: Any) -> Any:
    return decoder.attention.attend(s_BxN, memory, carry, None)

  def step(state: Any, y_B: Int[Array, "B"]) -> tuple[Any, Any]:
    x_BxG = decoder.project(decoder.E_y[...][y_B])
    after, (_, glance) = decoder.looking(memory, state, x_BxG, look)
    c_BxG = decoder.attention.read(glance.weights, values, same)
    return after, (decoder.cell.output(after["cell"]), c_BxG, glance.alpha_BxJ)

  _, found = jax.lax.scan(step, start, before(target_BxT).T)
  s, c, alpha = (x.swapaxes(0, 1) for x in found)
  return Activations(notes.h_BxJxD, s, c, alpha)


def layers(model: Translation, source_BxJ: Int[Array, "B J"]) -> list[Float[Array, "B J _"]]:
  """The word vectors E_x x_j, then the annotations of the lowest 1, 2, .. layers of the encoder.

  The last of them are the model's own. An encoder without layers has one.
  """
  encoder, real_BxJ = model.encoder, source_BxJ != PAD
  deep = {name: part for name, part in vars(encoder).items() if isinstance(part, Stack | nnx.List)}
  depth = max((len(_cells(part)) for part in deep.values()), default=1)
  found = [encoder.E_x[...][source_BxJ]]
  for count in range(1, depth + 1):
    view = object.__new__(type(encoder))  # the same parameters
    vars(view).update(vars(encoder), **{k: _lowest(part, count) for k, part in deep.items()})
    found.append(view(source_BxJ, real_BxJ).h_BxJxD)
  return found


def _cells(part: Any) -> Any:
  return part.cells if isinstance(part, Stack) else part


def _lowest(part: Any, count: int) -> Any:
  kept = list(_cells(part))[:count]
  return Stack(kept, part.residual, part.rates) if isinstance(part, Stack) else nnx.List(kept)
