"""The decoder: annotations and target words -> what the readout needs, one step or all at once."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from nmt import kinds
from nmt.models import late
from nmt.models.attention.base import Glance, Memory
from nmt.models.cells.base import Cell, Stack
from nmt.models.dropout import Rates, split
from nmt.models.encoders.base import Annotations, Encoder
from nmt.models.initializers import Initializers, zeros
from nmt.models.products import affine, product

State = dict[str, Any]
Attend = Callable[[jax.Array], tuple[Glance, jax.Array]]


class Seen(NamedTuple):
  """What a step shows: the state s_Bxn that the readout sees, and the look at the notes."""

  s: jax.Array
  glance: Glance


class Features(NamedTuple):
  """What all steps give: t_BxTxl for the logits, alpha_BxTxJ, BxT numbers of each loss, and drawn.

  drawn_BxT is the log-probability of what attention drew at random, None where it draws nothing.
  """

  t: jax.Array
  alpha: jax.Array
  losses: dict[str, jax.Array]
  drawn: jax.Array | None


class Decoder(nnx.Module):
  """Update the scratchpad: s_i = ScratchpadNN(y_{i-1}, c_i, s_{i-1}), from the cheat sheet c_i.

  s_0 = tanh(W_s summary + b_s), of the encoder's summary; in the paper that is hb_1.

  In which order a step reads the word, attends and moves the state is what a file of this folder
  writes: `extend`, `begin` and `advance`.

  What multiplies contexts, C of the order and C_o of the readout, is given to the mechanism once a
  sentence (`project`), and a step reads the result. Memory is {"attention": the mechanism's own,
  "scratchpad": projected by C, "readout": projected by C_o}. A state is {"cell": of the cell,
  "attention": what the mechanism carries}, and what the order adds.
  """

  cell: Cell | Stack  # made by `extend`
  C: nnx.Param[Any]  # context x columns, likewise

  def __init__(self, model: ConfigDict, encoder: Encoder, words: int, initial: Initializers):
    mechanism = kinds.find("model.attention", model.attention.kind).Attention
    n, context = model.size, mechanism.width(model, encoder)
    self.product = product(model.precision)
    self.tie = model.tie
    self.rates = Rates.of(model)
    self.E_y = nnx.Param(initial.embedding((words, model.embedding)))
    self.W_s = nnx.Param(initial.dense((encoder.summary_width, n)))
    self.b_s = nnx.Param(zeros((n,)))
    self.extend(model, context, initial)
    self.attention = mechanism(model, encoder, initial)
    readout = kinds.find("model.readout", model.readout.kind).Readout
    self.readout = readout(model, context, words, initial)

  def extend(self, model: ConfigDict, context: int, initial: Initializers) -> None:
    """Makes C, `cell` and what else the order has, for contexts of that width."""
    raise TypeError(f"{type(self).__module__} has no extend")

  def begin(self, s_BxN: jax.Array) -> State:
    """The state before the first word, from s_0, but for what attention carries."""
    return {"cell": self.cell.start(s_BxN)}

  def advance(self, state: State, x_BxG: jax.Array, attend: Attend) -> tuple[State, Seen]:
    """One step: the next state, but for what attention carries, and what is seen.

    x_BxG is the cell's projection of E y_{i-1}. attend(s_BxN) looks at the notes from a state: it
    gives the Glance and C c.
    """
    raise TypeError(f"{type(self).__module__} has no advance")

  def prepare(self, notes: Annotations, real_BxJ: jax.Array) -> tuple[Memory, State]:
    """Memory of the source, and the state before the first word."""
    own = self.attention.remember(notes.h_BxJxD, real_BxJ)
    memory = {
      "attention": own,
      "scratchpad": self.attention.project(own, self.C[...]),
      "readout": None
      if self.readout.C_o is None
      else self.attention.project(own, self.readout.C_o[...]),
    }
    s_0 = jnp.tanh(affine(self.product, notes.summary_BxN, self.W_s[...], self.b_s[...]))
    return memory, self.begin(s_0) | {"attention": self.attention.begin(own)}

  def features(
    self, memory: Memory, state: State, y_BxT: jax.Array, keys_B: jax.Array | None = None
  ) -> Features:
    """Features of all steps, the previous words y_BxT being known (BOS first).

    Only what is recurrent is in the scan: words are projected before it, the readout comes after.
    """
    word_keys, readout_keys, attention_keys = split(keys_B, 3)
    words = self.rates.words(word_keys, self.E_y[...][y_BxT]).swapaxes(0, 1)
    keys_T = _each_step(attention_keys, y_BxT.shape[1]) if self.attention.random else None

    def step(constants: Any, state: State, x: Any) -> tuple[State, Seen]:
      decoder, memory = constants
      x_BxG, keys_B = x
      return decoder.looking(memory, state, x_BxG, partial(decoder.attention.attend, keys_B=keys_B))

    inside = {key: memory[key] for key in ("attention", "scratchpad")}
    inputs = self.cell.project(words), keys_T
    _, (s, glance) = late.scan(step, (self, inside), state, inputs)
    c = jax.vmap(self._read, (0, None))(glance.weights, memory["readout"])
    t = self.readout(s, self.readout.project(words), c).swapaxes(0, 1)
    losses, drawn = jax.tree.map(jnp.transpose, (glance.losses, glance.drawn))
    t = self.rates.positions(readout_keys, self.rates.readout, t)
    return Features(t, glance.alpha_BxJ.swapaxes(0, 1), losses, drawn)

  def step(
    self, memory: Memory, state: State, y_B: jax.Array
  ) -> tuple[State, jax.Array, jax.Array]:
    """The state after one step, t_Bxl and alpha_BxJ, y_B being the previous word."""
    words = self.E_y[...][y_B]
    after, (s, glance) = self.looking(
      memory, state, self.cell.project(words), self.attention.search
    )
    c = self._read(glance.weights, memory["readout"])
    return after, self.readout(s, self.readout.project(words), c), glance.alpha_BxJ

  def output(self) -> tuple[jax.Array, jax.Array]:
    """W_o (Vxl) and b_o (V) of the logits."""
    return self.readout.output(self.E_y[...] if self.tie else None)

  def looking(
    self, memory: Memory, state: State, x_BxG: jax.Array, look: Callable[..., Glance]
  ) -> tuple[State, Seen]:
    """One step, in which look(s, memory, carry) is how the mechanism attends."""

    def attend(s_BxN: jax.Array) -> tuple[Glance, jax.Array]:
      glance = look(s_BxN, memory["attention"], state["attention"])
      return glance, self.attention.read(glance.weights, memory["scratchpad"])

    after, seen = self.advance(state, x_BxG, attend)
    return after | {"attention": seen.glance.carry}, seen._replace(
      glance=seen.glance._replace(carry=())
    )

  def _read(self, weights: Any, values: Any) -> jax.Array | None:
    return None if values is None else self.attention.read(weights, values)


def _each_step(keys_B: jax.Array | None, steps: int) -> jax.Array | None:
  """keys_TxB: a key of its own for each step of each sentence."""
  if keys_B is None:
    return None
  fold = jax.vmap(jax.random.fold_in, (0, None))
  return jax.vmap(fold, (None, 0))(keys_B, jnp.arange(steps, dtype=jnp.int32))
