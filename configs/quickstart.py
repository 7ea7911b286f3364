"""A small RNNsearch on the embedded corpus: English to French by a grammar, with gold alignments.

  python launch.py

trains it, and RNNencdec beside it (experiments/lengths.py); this model alone:

  python launch.py --config=configs/quickstart.py
"""

from ml_collections import ConfigDict

from configs import base


def get_config() -> ConfigDict:
  """The model of the first page: minutes on two cores."""
  config = base.get_config()
  config.data.test = ("test", "long")
  config.data.tokenizer.kind = "words"
  config.batch.size = 64
  config.model.size = 192
  config.model.embedding = 96
  config.model.maxout = 96
  config.model.attention.size = 96
  config.model.init = "glorot"
  config.train.updates = 2500
  config.train.optimizer.name = "adam"
  config.train.optimizer.learning_rate = 2e-3
  config.train.schedule.name = "cosine"
  config.train.schedule.warmup = 100
  config.valid.every = 500
  config.valid.patience = 0
  config.decode.beam = 4
  return config
