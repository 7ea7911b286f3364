"""Cells put together as one: deep transitions, and layers on top of each other."""

import functools
from typing import NamedTuple

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Key
from ml_collections import ConfigDict

from nmt.models.cells.base import Cell, State, find
from nmt.models.dropout import Rates, drop, split
from nmt.models.initializers import Initializers


class Cells(nnx.Module):
  """Several cells as one: what is said of a cell holds of the first one for what comes in.

  The share of a step, too, is that of the first cell's products.
  """

  def __init__(self, cells: "list[Cell | Transition]"):
    self.cells = nnx.List(cells)

  @property
  def layers(self) -> "tuple[Cell | Transition, ...]":
    raise TypeError(f"{type(self).__name__} has no layers")

  @property
  def size(self) -> int:
    return int(self.cells[0].size)

  @property
  def width(self) -> int:
    return int(self.cells[0].width)

  def project(self, x: Float[Array, "*rows M"]) -> Float[Array, "*rows G"]:
    return self.cells[0].project(x)

  def multiply(self, x: Float[Array, "*rows M"]) -> Float[Array, "*rows G"]:
    return self.cells[0].multiply(x)

  def given(self, x_BxG: Float[Array, "B G"]) -> Float[Array, "B G"]:
    return self.cells[0].given(x_BxG)


class Transition(Cells):
  """A deep transition: in each step one cell after another, and the first alone has an input.

  s' = cell_K(.. cell_2(cell_1(s, x)))   (Miceli Barone et al., 2017, deep transitions)
  """

  @property
  def layers(self) -> "tuple[Cell | Transition, ...]":
    return (self,)

  def begin(self, like_BxG: Float[Array, "B G"]) -> State:
    return self.cells[0].begin(like_BxG)

  def start(self, s_BxN: Float[Array, "B N"]) -> State:
    return self.cells[0].start(s_BxN)

  def output(self, state: State) -> Float[Array, "..."]:
    return self.cells[-1].output(state)

  def drawing(self, state: State, keys_B: Key[Array, "B"] | None) -> State:
    return self.cells[0].drawing(state, keys_B)

  def __call__(
    self, state: State, x_BxG: Float[Array, "B G"], share_BxN: Float[Array, "B N"] | None = None
  ) -> State:
    state = self.cells[0](state, x_BxG, share_BxN)
    for cell in self.cells[1:]:
      state = cell(state, cell.given(jnp.zeros_like(x_BxG)))
    return state


class Layers(NamedTuple):
  """The state of a stack: the layers' own, and what dropout keeps between them in the next step.

  masks: BxN of each layer but the lowest, one after the other for each call of a step; the steps at
  once have TxBxN. Empty where nothing is dropped.
  """

  own: tuple[State, ...]
  masks: tuple[Bool[Array, "..."], ...] = ()


class Stack(Cells):
  """Cells on top of each other: each above the first takes the output of the one below it.

  With residual connections (model.cell.residual) that is the sum of all outputs below it, and so is
  what the whole shows. All start from the same s. model.dropout.layer is between them.
  """

  def __init__(self, cells: "list[Cell | Transition]", residual: bool, rates: Rates):
    super().__init__(cells)
    self.residual, self.rates = residual, rates

  @property
  def layers(self) -> "tuple[Cell | Transition, ...]":
    return tuple(self.cells)

  def start(self, s_BxN: Float[Array, "B N"]) -> State:
    return Layers(tuple(cell.start(s_BxN) for cell in self.cells))

  def output(self, state: State) -> Float[Array, "..."]:
    if not self.residual:
      return self.cells[-1].output(state.own[-1])
    return functools.reduce(jnp.add, map(lambda cell, own: cell.output(own), self.cells, state.own))

  def drawing(self, state: State, keys_B: Key[Array, "B"] | None) -> State:
    keys = split(keys_B, len(self.cells))
    own = map(lambda cell, own, keys: cell.drawing(own, keys), self.cells, state.own, keys)
    return state._replace(own=tuple(own))

  def masks(
    self, keys_B: Key[Array, "B"] | None, steps: int, calls: int
  ) -> tuple[Bool[Array, "T B N"], ...]:
    """What a state of so many steps has as `masks`, if each step calls so many stacks like this."""
    if keys_B is None or self.rates.layer == 0:
      return ()
    keys = split(keys_B, calls * (len(self.cells) - 1))
    return tuple(self.rates.kept_below(key, steps, self.size) for key in keys)

  def __call__(
    self, state: State, x_BxG: Float[Array, "B G"], share_BxN: Float[Array, "B N"] | None = None
  ) -> State:
    states = [self.cells[0](state.own[0], x_BxG, share_BxN)]
    below = self.cells[0].output(states[0])
    for i in range(1, len(self.cells)):
      cell = self.cells[i]
      states.append(cell(state.own[i], cell.project(self.dropped(state, i, below))))
      below = self.above(below, cell.output(states[-1]))
    return Layers(tuple(states), state.masks[len(self.cells) - 1 :])

  def dropped(self, state: State, i: int, below: Float[Array, "..."]) -> Float[Array, "..."]:
    """What layer i, above the first, is given."""
    return drop(state.masks[i - 1], self.rates.layer, below) if state.masks else below

  def above(self, below: Float[Array, "..."], output: Float[Array, "..."]) -> Float[Array, "..."]:
    """What the layers up to one show, from what those below it show and from its own output."""
    return below + output if self.residual else output


def make(model: ConfigDict, inputs: int | None, initial: Initializers) -> Cell | Transition | Stack:
  """The cell of `model.cell`, or its layers; `inputs` is the width of what goes into the first."""
  layers = [layer(model, inputs, initial)]
  layers += [layer(model, model.size, initial) for _ in range(model.cell.layers - 1)]
  return layers[0] if len(layers) == 1 else Stack(layers, model.cell.residual, Rates.of(model))


def layer(model: ConfigDict, inputs: int | None, initial: Initializers) -> Cell | Transition:
  """One layer of `model.cell`, of as many cells as it has transitions."""
  kind = find(model)
  cells: list[Cell | Transition] = [kind(model, inputs, initial)]
  cells += [kind(model, None, initial) for _ in range(model.cell.transitions - 1)]
  return cells[0] if len(cells) == 1 else Transition(cells)
