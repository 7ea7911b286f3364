"""The three sizes that are measured, and the project's config of each."""

from dataclasses import dataclass

from ml_collections import ConfigDict

from configs import base

FIXED = 30  # tokens of each side in the workload of fixed length


@dataclass(frozen=True)
class Size:
  """One size of model, and how much work makes a round of seconds."""

  name: str
  embedding: int  # m
  n: int  # states, and units of the attention
  maxout: int  # l
  vocabulary: int  # a side
  batch: int  # sentences
  optimizer: str
  updates: int  # a round of fixed lengths
  parts: int  # rounds that one window of realistic lengths is spread over
  sentences: int  # searched in a round
  rate: float = 1e-4  # learning rate: weights stay about as they start


SIZES = {
  size.name: size
  for size in (
    Size("small", 128, 256, 128, 4_000, 64, "adam", 10, 4, 1024),
    Size("medium", 256, 512, 256, 8_000, 64, "adam", 5, 5, 1024),
    Size("paper", 620, 1000, 500, 30_000, 80, "adadelta", 2, 20, 256),
  )
}


def config(size: Size) -> ConfigDict:
  """configs/base.py at a size, on one device."""
  config = base.get_config()
  config.batch.update(size=size.batch, window=100)
  config.model.update(size=size.n, embedding=size.embedding, init="glorot")
  config.model.readout.size = size.maxout
  config.model.attention.size = size.n
  config.train.optimizer.update(name=size.optimizer, learning_rate=size.rate)
  config.mesh.data = 1
  return config
