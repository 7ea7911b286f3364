"""A small model, ragged batches and the NumPy oracle."""

import importlib
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from jax.extend.core import jaxprs_in_params
from ml_collections import ConfigDict

from nmt import declarations
from nmt.models import init

HERE = Path(__file__).parent
SIZES = (11, 13)  # words of the source and of the target
SMALL = {
  "attention.size": 7,
  "attention.heads": 3,
  "attention.longest": 5,  # below the longest source
  "attention.window": 2,
  "attention.coverage_size": 4,
  "attention.filters": 2,
  "attention.filter_width": 3,
  "readout.size": 4,
  "encoder.positions": 4,
}


@pytest.fixture(scope="session")
def oracle():
  if str(HERE) not in sys.path:
    sys.path.append(str(HERE))
  return importlib.import_module("oracle")


@pytest.fixture(scope="session")
def small():
  """small(key=value, ..) is a model section of small, all different sizes; keys may be dotted."""

  def make(**changes):
    known = declarations.declared({f"model.{key}": value for key, value in changes.items()})
    flat = {key[6:]: option.default for key, option in known.items() if key.startswith("model.")}
    flat |= {"size": 6, "embedding": 5, "init": "glorot"}
    flat |= {key: size for key, size in SMALL.items() if key in flat}
    if changes.get("tie"):
      flat["embedding"] = flat.get("readout.size", 6)
    return ConfigDict(declarations.put({}, flat | changes), convert_dict=True)

  return make


@pytest.fixture(scope="session")
def sizes():
  return SIZES


@pytest.fixture(scope="session")
def weights():
  """weights(model): float64 NumPy parameters, every one of them off its initial value."""

  def make(model, seed=0):
    random = np.random.default_rng(seed)
    params = init(model, *SIZES, seed=seed)
    return jax.tree.map(
      lambda leaf: np.asarray(leaf, np.float64) + 0.3 * random.standard_normal(leaf.shape), params
    )

  return make


@pytest.fixture(scope="session")
def pairs():
  """Token lists of different lengths, both sides ending with EOS."""
  return [
    ([4, 5, 6, 7, 10, 2], [4, 12, 6, 2]),
    ([9, 2], [7, 8, 9, 10, 11, 2]),
    ([2], [2]),
    ([8, 3, 8, 2], [3, 5, 5, 2]),
  ]


@pytest.fixture(scope="session")
def pad():
  """pad(sequences, length) is an array padded with 0."""

  def make(sequences, length=0):
    length = max(length, *(len(sequence) for sequence in sequences))
    return np.array([[*sequence, *[0] * (length - len(sequence))] for sequence in sequences])

  return make


@pytest.fixture(scope="session")
def loops():
  """loops(jaxpr): the equations that are loops, those inside others too."""

  def find(jaxpr):
    for equation in jaxpr.eqns:
      if equation.primitive.name in ("scan", "while"):
        yield equation
      for inner in jaxprs_in_params(equation.params):
        yield from find(inner)

  return find
