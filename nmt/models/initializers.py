"""How parameters start: as in the paper, or so that small models train fast.

Drawn by NumPy on the host: the same for every device, and no program to compile for each shape.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from nmt.errors import UserError

Shape = tuple[int, ...]
Initializer = Callable[[Shape], Float[np.ndarray, "..."]]


@dataclass(frozen=True)
class Initializers:
  """One initializer for each role that a parameter can have; biases are always 0."""

  recurrent: Initializer  # square, from a state to itself
  dense: Initializer
  embedding: Initializer  # rows are words
  attention: Initializer  # W_a, U_a
  energy: Initializer  # v_a


def blocks(initializer: Initializer, count: int) -> Initializer:
  """Fused matrices [A_1 .. A_count] side by side, each started as if it were alone."""

  def fused(shape: Shape) -> Float[np.ndarray, "D G"]:
    rows, columns = shape
    return np.concatenate([initializer((rows, columns // count)) for _ in range(count)], axis=1)

  return fused


def zeros(shape: Shape) -> Float[np.ndarray, "..."]:
  """Biases, and anything of which only the shape matters."""
  return np.zeros(shape, np.float32)


NOTHING = Initializers(zeros, zeros, zeros, zeros, zeros)


def paper(random: np.random.Generator) -> Initializers:
  """Section B.1: recurrent orthogonal; W_a, U_a ~ N(0, 0.001^2); v_a 0; the rest N(0, 0.01^2)."""
  small = _normal(random, 0.01)
  return Initializers(_orthogonal(random), small, small, _normal(random, 0.001), zeros)


def glorot(random: np.random.Generator) -> Initializers:
  """Glorot and Bengio (2010): uniform, variance 2 / (rows + columns); recurrent orthogonal.

  Word vectors have an expected squared length of 1.
  """

  def uniform(shape: Shape) -> Float[np.ndarray, "..."]:
    limit = np.sqrt(6 / (shape[0] + (shape[1] if len(shape) > 1 else 1)))
    return random.uniform(-limit, limit, shape).astype(np.float32)

  def word_vectors(shape: Shape) -> Float[np.ndarray, "V M"]:
    return _normal(random, shape[1] ** -0.5)(shape)

  return Initializers(_orthogonal(random), uniform, word_vectors, uniform, uniform)


def _normal(random: np.random.Generator, deviation: float) -> Initializer:
  return lambda shape: np.float32(deviation) * random.standard_normal(shape, np.float32)


def _orthogonal(random: np.random.Generator) -> Initializer:
  def orthogonal(shape: Shape) -> Float[np.ndarray, "D E"]:
    q, r = np.linalg.qr(random.standard_normal(shape))
    return (q * np.sign(np.diag(r))).astype(np.float32)  # signs: uniform over all rotations

  return orthogonal


KINDS = {"paper": paper, "glorot": glorot}


def initializers(kind: str, seed: int) -> Initializers:
  """The initializers of `model.init`; raises UserError for an unknown one."""
  if kind not in KINDS:
    raise UserError(f"model.init={kind!r} is unknown: choose {' or '.join(KINDS)}")
  return KINDS[kind](np.random.default_rng(seed))
