"""The decoder: annotations and target words -> what the readout needs, one step or all at once."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int, Key
from ml_collections import ConfigDict

from nmt import kinds
from nmt.models import late, mixture
from nmt.models.attention import base as attentions
from nmt.models.attention.base import Attention, Glance, Memory
from nmt.models.cells.base import Cell
from nmt.models.dropout import Rates, split
from nmt.models.encoders.base import Annotations, Encoder, at, mean, pick
from nmt.models.initializers import Initializers, zeros
from nmt.models.layers import Stack, Transition
from nmt.models.mixture import Mixture
from nmt.models.products import affine, product
from nmt.models.readouts.base import Readout

State = dict[str, Any]
Attend = Callable[[Float[Array, "B N"]], tuple[Glance, Float[Array, "B G"]]]
AttendFromAll = Callable[[Float[Array, "T B N"]], tuple[Glance, Float[Array, "T B G"]]]


class Seen(NamedTuple):
  """What a step shows: the state s_Bxn that the readout sees, and the look at the notes.

  If attention mixes (`Attention.mixes`), s is what `shown` takes, which does without the context.
  """

  s: Float[Array, "*steps B N"]
  glance: Glance


class Features(NamedTuple):
  """What all steps give: t_BxTxl for the logits, alpha_BxTxJ, BxT numbers of each loss, and drawn.

  If attention mixes, t is what the t of each source word is made of. drawn_BxT is the
  log-probability of what attention drew at random, None where it draws nothing.
  """

  t: Float[Array, "B T L"] | Mixture
  alpha: Float[Array, "B T J"]
  losses: dict[str, Float[Array, "B T"]]
  drawn: Float[Array, "B T"] | None


class Decoder(nnx.Module):
  """Update the scratchpad: s_i = ScratchpadNN(y_{i-1}, c_i, s_{i-1}), from the cheat sheet c_i.

  s_0 = tanh(W_s summary + b_s), of the encoder's summary; in the paper that is hb_1. By
  `model.initial` the last annotation or the mean of all takes its place, or s_0 = 0.

  In which order a step reads the word, attends and moves the state is what a file of this folder
  writes: `extend`, `begin` and `advance`.

  What multiplies contexts, C of the order and C_o of the readout, is given to the mechanism once a
  sentence (`project`), and a step reads the result. Memory is {"attention": the mechanism's own,
  "scratchpad": projected by C, "readout": projected by C_o}. A state is {"cell": of the cell,
  "attention": what the mechanism carries}, and what the order adds.
  """

  cell: Cell | Transition | Stack  # made by `extend`
  C: nnx.Param[Any]  # context x columns, likewise
  cells = 1  # how many of them, alike, a step goes through
  shows_context = False  # whether `shown` depends on the context

  def __init__(self, model: ConfigDict, encoder: Encoder, words: int, initial: Initializers):
    mechanism = attentions.find(model, model.attention.kind)
    n, context = model.size, mechanism.width(model, encoder)
    self.product = product(model.precision)
    self.size, self.tie = n, model.tie
    self.rates = Rates.of(model)
    self.E_y = nnx.Param(initial.embedding((words, model.embedding)))
    self.initial = model.initial
    if self.initial != "zero":
      whole = encoder.summary_width if self.initial == "summary" else encoder.width
      self.W_s = nnx.Param(initial.dense((whole, n)))
      self.b_s = nnx.Param(zeros((n,)))
    self.extend(model, context, initial)
    self.attention: Attention = mechanism(model, encoder, initial)
    readout = kinds.find("model.readout", model.readout.kind).Readout
    self.readout: Readout = readout(model, context, words, initial)

  def extend(self, model: ConfigDict, context: int, initial: Initializers) -> None:
    """Makes C, `cell` and what else the order has, for contexts of that width."""
    raise TypeError(f"{type(self).__module__} has no extend")

  def begin(self, s_BxN: Float[Array, "B N"]) -> State:
    """The state before the first word, from s_0, but for what attention carries."""
    return {"cell": self.cell.start(s_BxN)}

  def advance(self, state: State, x_BxG: Float[Array, "B G"], attend: Attend) -> tuple[State, Seen]:
    """One step: the next state, but for what attention carries, and what is seen.

    x_BxG is what `project` makes of E y_{i-1}. attend(s_BxN) looks at the notes from a state: it
    gives the Glance and C c.
    """
    raise TypeError(f"{type(self).__module__} has no advance")

  def project(self, E_y: Float[Array, "*rows M"]) -> Float[Array, "*rows G"]:
    """What `advance` is given of the word before, for all steps at once."""
    return self.cell.project(E_y)

  def together(
    self, state: State, x_TxBxG: Float[Array, "T B G"], attend: AttendFromAll
  ) -> Seen | None:
    """What all steps show, if no state depends on a look: attend(s_TxBxN) then looks from all.

    None: the steps run one after the other.
    """
    return None

  def prepare(self, notes: Annotations, real_BxJ: Bool[Array, "B J"]) -> tuple[Memory, State]:
    """Memory of the source, and the state before the first word."""
    own = self.attention.remember(notes.h_BxJxD, real_BxJ)
    read = own if notes.values_BxJxD is None else own | {"h": notes.values_BxJxD}
    memory = {
      "attention": own,
      "scratchpad": self.attention.project(read, self.C[...]),
      "readout": None
      if self.readout.C_o is None
      else self.attention.project(read, self.readout.C_o[...]),
    }
    state = self.begin(self._first(notes, real_BxJ))
    return memory, state | {"attention": self.attention.begin(own)}

  def _first(self, notes: Annotations, real_BxJ: Bool[Array, "B J"]) -> Float[Array, "B N"]:
    """s_0, by `model.initial`."""
    if self.initial == "zero":
      return jnp.zeros((notes.h_BxJxD.shape[0], self.size), notes.h_BxJxD.dtype)
    if self.initial == "summary":
      whole = notes.summary_BxN
    elif self.initial == "mean":
      whole = mean(notes.h_BxJxD, real_BxJ)
    else:
      whole = pick(notes.h_BxJxD, at("last", real_BxJ))
    return jnp.tanh(affine(self.product, whole, self.W_s[...], self.b_s[...]))

  def features(
    self,
    memory: Memory,
    state: State,
    y_BxT: Int[Array, "B T"],
    keys_B: Key[Array, "B"] | None = None,
  ) -> Features:
    """Features of all steps, the previous words y_BxT being known (BOS first).

    Only what is recurrent is in the scan: words are projected before it, the readout comes after.
    """
    word_keys, readout_keys, attention_keys, cell_keys, layer_keys = split(keys_B, 5)
    state = state | {"cell": self.cell.drawing(state["cell"], cell_keys)}
    words = self.rates.words(word_keys, self.E_y[...][y_BxT]).swapaxes(0, 1)
    keys_T = _each_step(attention_keys, y_BxT.shape[1]) if self.attention.random else None
    inputs = self.project(words)
    masks = self._masks(layer_keys, y_BxT.shape[1])
    seen = None
    if not jax.tree.leaves(state["attention"]):
      attend = partial(self._from_all, memory, keys_T)
      seen = self.together(_masked(state, masks), inputs, attend)
    s, glance = seen or self._in_turn(memory, state, inputs, keys_T, masks)
    t: Float[Array, "B T L"] | Mixture
    if self.attention.mixes:
      losses, drawn = jax.tree.map(jnp.transpose, (glance.losses, glance.drawn))
      t = self._mixture(memory, s, words, glance, readout_keys)
      return Features(t, glance.alpha_BxJ.swapaxes(0, 1), losses, drawn)
    c = jax.vmap(self._read, (0, None))(glance.weights, memory["readout"])
    t = self.readout(s, self.readout.project(words), c).swapaxes(0, 1)
    losses, drawn = jax.tree.map(jnp.transpose, (glance.losses, glance.drawn))
    t = self.rates.positions(readout_keys, self.rates.readout, t)
    return Features(t, glance.alpha_BxJ.swapaxes(0, 1), losses, drawn)

  def step(
    self, memory: Memory, state: State, y_B: Int[Array, "B"]
  ) -> tuple[State, Float[Array, "B L"] | Mixture, Float[Array, "B J"]]:
    """The state after one step, t_Bxl and alpha_BxJ, y_B being the previous word.

    If attention mixes, in the place of t what it is made of, for T = 1 step.
    """
    words = self.E_y[...][y_B]
    after, (s, glance) = self.looking(memory, state, self.project(words), self.attention.search)
    if self.attention.mixes:
      one = self._mixture(memory, *jax.tree.map(lambda x: x[None], (s, words, glance)))
      return after, one.largest(self.attention.top), glance.alpha_BxJ
    c = self._read(glance.weights, memory["readout"])
    return after, self.readout(s, self.readout.project(words), c), glance.alpha_BxJ

  def shown(
    self, s: Float[Array, "#*rows N"], c: Float[Array, "#*rows G"] | None
  ) -> Float[Array, "#*rows N"]:
    """What the readout sees of `Seen.s` if attention mixes and one word's C h_j is the context."""
    return s

  def each(self, part: Mixture) -> Float[Array, "B T J L"]:
    """t_ij of some positions i and all source words j."""
    every = jax.tree.map(lambda c: c[:, None], part.notes)
    one = jax.tree.map(lambda x: x[:, :, None], part._replace(notes={}))
    return self.read(one, every)

  def read(
    self, part: Mixture, notes: dict[str, Float[Array, "#*rows _"] | None]
  ) -> Float[Array, "*rows L"]:
    """t of some positions, with these notes in the place of the context's."""
    s = self.shown(part.s, notes["scratchpad"])
    t = self.readout(s, part.words, notes["readout"])
    return t if part.kept is None else t * part.kept

  def _mixture(
    self,
    memory: Memory,
    s_TxBxN: Float[Array, "T B N"],
    words_TxBxM: Float[Array, "T B M"],
    glance: Glance,
    keys_B: Key[Array, "B"] | None = None,
  ) -> Mixture:
    """What the features of all source words are made of, in all steps."""
    s, words, alpha = (x.swapaxes(0, 1) for x in (s_TxBxN, words_TxBxM, glance.alpha_BxJ))
    kept = None
    if keys_B is not None and self.rates.readout:
      ones = jnp.ones((*s.shape[:2], self.output()[0].shape[1]), s.dtype)
      kept = self.rates.positions(keys_B, self.rates.readout, ones)
    scratchpad = memory["scratchpad"] if self.shows_context else None
    notes = {"scratchpad": scratchpad, "readout": memory["readout"]}
    return Mixture(notes, mixture.logarithm(alpha), s, self.readout.project(words), kept)

  def output(self) -> tuple[Float[Array, "V L"], Float[Array, "V"]]:
    """W_o (Vxl) and b_o (V) of the logits."""
    return self.readout.output(self.E_y[...] if self.tie else None)

  def looking(
    self, memory: Memory, state: State, x_BxG: Float[Array, "B G"], look: Callable[..., Glance]
  ) -> tuple[State, Seen]:
    """One step, in which look(s, memory, carry) is how the mechanism attends."""

    def attend(s_BxN: Float[Array, "B N"]) -> tuple[Glance, Float[Array, "B G"]]:
      glance = look(s_BxN, memory["attention"], state["attention"])
      return glance, self.attention.read(glance.weights, memory["scratchpad"], self.C[...])

    after, seen = self.advance(state, x_BxG, attend)
    return after | {"attention": seen.glance.carry}, seen._replace(
      glance=seen.glance._replace(carry=())
    )

  def _in_turn(
    self,
    memory: Memory,
    state: State,
    x_TxBxG: Float[Array, "T B G"],
    keys_TxB: Key[Array, "T B"] | None,
    masks: tuple[Bool[Array, "T B N"], ...],
  ) -> Seen:
    """What all steps show, one after the other."""

    def step(constants: tuple[Decoder, Memory], state: State, inputs: Any) -> tuple[State, Seen]:
      decoder, memory = constants
      x_BxG, keys_B, masks = inputs
      look = partial(decoder.attention.attend, keys_B=keys_B)
      return decoder.looking(memory, _masked(state, masks), x_BxG, look)

    inside = {key: memory[key] for key in ("attention", "scratchpad")}
    seen: Seen = late.scan(step, (self, inside), state, (x_TxBxG, keys_TxB, masks))[1]
    return seen

  def _masks(self, keys_B: Key[Array, "B"] | None, steps: int) -> tuple[Bool[Array, "T B N"], ...]:
    """What dropout keeps between the layers of the cells, in each step."""
    return self.cell.masks(keys_B, steps, self.cells) if isinstance(self.cell, Stack) else ()

  def _from_all(
    self,
    memory: Memory,
    keys_TxB: Key[Array, "T B"] | None,
    s_TxBxN: Float[Array, "T B N"],
  ) -> tuple[Glance, Float[Array, "T B G"]]:
    """A mechanism that carries nothing looks from all states at once."""
    glance = self.attention.attend_all(s_TxBxN, memory["attention"], keys_TxB)

    def read(weights: Any) -> Float[Array, "B G"]:
      return self.attention.read(weights, memory["scratchpad"], self.C[...])

    c_TxBxG: Float[Array, "T B G"] = jax.vmap(read)(glance.weights)
    return glance, c_TxBxG

  def _read(self, weights: Any, values: Any) -> Float[Array, "B G"] | None:
    C_o = self.readout.C_o
    return None if C_o is None else self.attention.read(weights, values, C_o[...])


def _masked(state: State, masks: tuple[Bool[Array, "..."], ...]) -> State:
  """The state before a step, or all of them, in which dropout keeps that between the layers."""
  return state | {"cell": state["cell"]._replace(masks=masks)} if masks else state


def _each_step(keys_B: Key[Array, "B"] | None, steps: int) -> Key[Array, "T B"] | None:
  """keys_TxB: a key of its own for each step of each sentence."""
  if keys_B is None:
    return None
  fold = jax.vmap(jax.random.fold_in, (0, None))
  return jax.vmap(fold, (None, 0))(keys_B, jnp.arange(steps, dtype=jnp.int32))
