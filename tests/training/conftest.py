"""A config that trains in seconds, data without a corpus, and programs kept from test to test."""

import dataclasses
import socket
import types

import numpy as np
import pytest

from configs import base
from nmt.data.batches import Batch
from nmt.data.ids import EOS, PAD
from nmt.data.pipeline import Prepared
from nmt.launching import flags
from nmt.training import checkpoints

VOCABULARY = 24


class Store:
  """Random pairs: the target is the source, backwards."""

  def __init__(self, pairs: int, longest: int, seed: int):
    random = np.random.default_rng(seed)
    self._rows = [random.integers(4, VOCABULARY, random.integers(1, longest)) for _ in range(pairs)]
    self.source_lengths = self.target_lengths = np.array([len(r) + 1 for r in self._rows], np.int32)

  def __len__(self):
    return len(self._rows)

  def source(self, i):
    return np.append(self._rows[i], EOS).astype(np.int32)

  def target(self, i):
    return np.append(self._rows[i][::-1], EOS).astype(np.int32)

  def fill(self, side, indices, rows):
    for row, index in zip(rows, indices, strict=False):
      ids = getattr(self, side)(index)
      row[: len(ids)] = ids


class LinkedStore(Store):
  """The same, with the links that are right."""

  def fill_links(self, indices, rows):
    for row, index in zip(rows, indices, strict=False):
      last = self.source_lengths[index] - 2
      for k in range(last + 1):
        row[k, last - k] = 1


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch):
  """What is damaged stays so: no test waits for files that may still come."""
  monkeypatch.setattr(checkpoints, "PATIENCE", 0.0)


@pytest.fixture
def port():
  """A port that the system gives to nobody else, while servers (SO_REUSEADDR) can listen on it."""
  with socket.socket() as held:
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("", 0))
    yield held.getsockname()[1]


@pytest.fixture
def batch() -> Batch:
  """Sixteen ragged random pairs."""
  rows, random = 16, np.random.default_rng(0)

  def side(length):
    ids = random.integers(4, VOCABULARY, (rows, length), dtype=np.int32)
    ends = random.integers(0, length, rows)
    ids[np.arange(rows), ends] = EOS
    return np.where(np.arange(length)[None] > ends[:, None], PAD, ids).astype(np.int32)

  return Batch(side(8), side(8), np.arange(rows, dtype=np.int32))


@pytest.fixture
def prepared():
  side = types.SimpleNamespace(size=VOCABULARY)
  return Prepared(side, side, Store(96, 7, seed=1), Store(12, 7, seed=2), report={})


@pytest.fixture
def linked(prepared):
  """The same data, with links."""
  return dataclasses.replace(prepared, train=LinkedStore(96, 7, seed=1))


@pytest.fixture
def guided(config):
  """The config of a run whose objective needs links."""
  return flags.override_by(config, {"train.objective.kind": "guided"})


@pytest.fixture
def config():
  config = base.get_config()
  config.batch.update(size=16, window=2)
  config.model.update(size=8, embedding=8, init="glorot")
  config.model.readout.size = 8
  config.model.attention.size = 8
  config.train.optimizer.update(name="adam", learning_rate=0.01)
  config.mesh.data = 1
  return config
