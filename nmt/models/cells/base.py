"""What a recurrent cell is: split into what can be done for all steps at once and what cannot."""

import functools
import types
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Key
from ml_collections import ConfigDict

from nmt import kinds
from nmt.models.dropout import split
from nmt.models.initializers import Initializers, blocks, zeros
from nmt.models.products import affine, product

State = Any  # a tree of arrays, each with B first

SCOPE = "cell"  # what the operations of a step are called in traces, by which its gates are found


class Cell(nnx.Module):
  """A recurrent cell of size n, whose sums are W x + b from outside and U s from its own state.

  W x, and whatever else is not recurrent, has one block of n columns for each sum of the cell; a
  step is given it as x_BxG, G = `sums` n. A cell of a file declares `sums` and writes `advance`.

  Layer normalisation (model.cell.layer_norm; Ba et al., 2016, equations 20 to 22): what comes from
  outside and each product with the state are normalised over all their columns, with a gain each,
  and b is added after that.
  """

  sums: int  # blocks of n columns that x has
  gates: tuple[str, ...] = ()  # names of what its logistic functions give, n units each, in order
  share: Float[Array, "B N"] | None = None  # of these products, by unit; None: all (`sharing`)

  def __init__(self, model: ConfigDict, inputs: int | None, initial: Initializers):
    """inputs: the width of what `project` takes; None: another part of the model makes the sums."""
    n: int = model.size
    self.size = n
    self.product = product(model.precision)
    self.layer_norm = model.cell.layer_norm
    self.zoneout = model.cell.zoneout
    if inputs is not None:
      self.W = nnx.Param(blocks(initial.dense, self.sums)((inputs, self.sums * n)))
    self.b = nnx.Param(zeros((self.sums * n,)))
    if self.layer_norm:
      self.gain_W = nnx.Param(ones((self.sums * n,)))

  @property
  def layers(self) -> tuple["Cell", ...]:
    """The cells on top of each other that this is: itself."""
    return (self,)

  @property
  def width(self) -> int:
    """G, the columns of x."""
    return self.sums * self.size

  def project(self, x: Float[Array, "*rows M"]) -> Float[Array, "*rows G"]:
    """W x (+ b) of shape ...xG, from x_...xm: for all steps at once."""
    if self.layer_norm:
      return affine(self.product, x, self.W[...])
    return affine(self.product, x, self.W[...], self.b[...])

  def multiply(self, x: Float[Array, "*rows M"]) -> Float[Array, "*rows G"]:
    """W x alone, for sums that become those of a step by `given`."""
    return affine(self.product, x, self.W[...])

  def given(self, x_BxG: Float[Array, "B G"]) -> Float[Array, "B G"]:
    """x (+ b), for sums that another part of the model has made."""
    return x_BxG if self.layer_norm else x_BxG + self.b[...][None]

  def outside(self, x: Float[Array, "*rows G"]) -> Float[Array, "*rows G"]:
    """x_...xG from outside, as a step adds it: normalised, if that is asked for."""
    if not self.layer_norm:
      return x
    return normalise(x, self.gain_W[...]) + along(self.b[...], x)

  def recur(
    self, s_BxN: Float[Array, "B N"], U: nnx.Param[Any], gain: nnx.Param[Any] | None
  ) -> Float[Array, "B G"]:
    """U s, normalised if there is a gain, and multiplied by the share if there is one."""
    product = self.product("bn,nm->bm", s_BxN, U[...])
    product = product if gain is None else normalise(product, gain[...])
    if self.share is None:
      return product
    return product * jnp.tile(self.share, (1, product.shape[1] // self.size))

  def sharing(self, share_BxN: Float[Array, "B N"]) -> "Cell":
    """This cell for one step, in which that share of each unit's product with the state counts."""
    view = object.__new__(type(self))  # the same parameters, by which `late` knows a constant
    vars(view).update(vars(self), share=share_BxN)
    return view

  def begin(self, like_BxG: Float[Array, "B G"]) -> State:
    """The state before the first step, zeros, for as many rows as `like`."""
    return self.start(jnp.zeros_like(like_BxG[:, : self.size]))

  def start(self, s_BxN: Float[Array, "B N"]) -> State:
    """The state whose output is s."""
    return s_BxN

  def output(self, state: State) -> Float[Array, "*rows N"]:
    """s_BxN of a state: what the rest of the model sees."""
    s: Float[Array, "*rows N"] = state
    return s

  def drawing(self, state: State, keys_B: Key[Array, "B"] | None) -> State:
    """The same state for a run in which the cell draws by these keys, if it draws at all."""
    return state

  def __call__(
    self, state: State, x_BxG: Float[Array, "B G"], share_BxN: Float[Array, "B N"] | None = None
  ) -> State:
    """The next state, from the last one and the sums from outside (`project` or `given`).

    share_BxN: what of each unit's product with the state counts; None: all of it.
    """
    cell = self if share_BxN is None else self.sharing(share_BxN)
    with jax.named_scope(SCOPE):
      return cell.advance(state, cell.outside(x_BxG))

  def advance(self, state: State, x_BxG: Float[Array, "B G"]) -> State:
    """The cell's equations, x being all that comes from outside."""
    raise TypeError(f"{type(self).__module__} has no advance")


class Zoneout(Cell):
  """A first base for a cell: in each step some entries of its state stay what they were.

  s' = d * s + (1 - d) * cell(s, x), d ~ Bernoulli(model.cell.zoneout) for each entry of each array
  of the state; where nothing is drawn, d is the share itself (Krueger et al., 2017, section 3).
  The state is {"own": the cell's, "keys": for the steps to come, or None}.
  """

  def start(self, s_BxN: Float[Array, "B N"]) -> State:
    return {"own": super().start(s_BxN), "keys": None}

  def output(self, state: State) -> Float[Array, "..."]:
    return super().output(state["own"])

  def drawing(self, state: State, keys_B: Key[Array, "B"] | None) -> State:
    return {"own": state["own"], "keys": keys_B}

  def __call__(
    self, state: State, x_BxG: Float[Array, "B G"], share_BxN: Float[Array, "B N"] | None = None
  ) -> State:
    before, tree = jax.tree.flatten(state["own"])
    after = jax.tree.leaves(super().__call__(state["own"], x_BxG, share_BxN))
    keys, *array_keys = split(state["keys"], 1 + len(after))
    mixed = map(self._mix, array_keys, before, after)
    return {"own": jax.tree.unflatten(tree, mixed), "keys": keys}

  def _mix(
    self, keys_B: Key[Array, "B"] | None, old: Float[Array, "..."], new: Float[Array, "..."]
  ) -> Float[Array, "..."]:
    if keys_B is None:
      expected: Float[Array, "..."] = self.zoneout * old + (1 - self.zoneout) * new
      return expected
    share = jnp.float32(self.zoneout)  # of a type: masks are drawn the same in any precision
    stays = jax.vmap(lambda key: jax.random.bernoulli(key, share, old.shape[1:]))(keys_B)
    return jnp.where(stays, old, new)


def find(model: ConfigDict) -> type[Cell]:
  """The cell of `model.cell.kind`, with zoneout if that is asked for."""
  kind: type[Cell] = kinds.find("model.cell", model.cell.kind).Cell
  return _zoned(kind) if model.cell.zoneout else kind


@functools.cache
def _zoned(kind: type[Cell]) -> type[Cell]:
  return types.new_class(kind.__name__, (Zoneout, kind))


def ones(shape: tuple[int, ...]) -> Float[np.ndarray, "..."]:
  """Gains start at 1."""
  return np.ones(shape, np.float32)


def normalise(x: Float[Array, "*rows G"], gain_G: Float[Array, "G"]) -> Float[Array, "*rows G"]:
  """gain * (x - mean) / deviation over the last axis (Ba et al., 2016, equation 4)."""
  centred = x - x.mean(axis=-1, keepdims=True)
  variance = (centred * centred).mean(axis=-1, keepdims=True)
  return along(gain_G, x) * centred * jax.lax.rsqrt(variance + 1e-5)


def along(v_G: Float[Array, "G"], x: Float[Array, "*rows G"]) -> Float[Array, "#*rows G"]:
  """v with as many axes as x, along its last."""
  return v_G.reshape((1,) * (x.ndim - 1) + v_G.shape)
