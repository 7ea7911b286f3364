"""English to French on Europarl, developed on newstest2012 and 2013, tested on newstest2014.

  python launch.py --config=configs/europarl.py --config.data.dir=DIR

DIR holds, plain or with .gz: europarl-en-fr/train.{en,fr}, newstest-en-fr/newstest2012.{en,fr}, and
newstest2013 and newstest2014 likewise: the paper's development and test sets, and that part of its
training text that is a debate in parliament.
"""

from ml_collections import ConfigDict

from configs import base


def get_config() -> ConfigDict:
  """The paper's model at half its size, over joint BPE, by Adam."""
  config = base.get_config()
  config.data.corpus = "text"
  config.data.dir = "data"
  config.data.train = "europarl-en-fr/train"
  config.data.valid = "newstest-en-fr/newstest2012+newstest-en-fr/newstest2013"
  config.data.test = ("newstest-en-fr/newstest2014",)
  config.data.filter.max_ratio = 3.0
  config.data.tokenizer.kind = "bpe"
  config.data.tokenizer.size = 16_000
  config.data.tokenizer.joint = True
  config.batch.window = 100  # of so large a corpus: half of the padding that 20 leave
  config.model.size = 512
  config.model.embedding = 512
  config.model.readout.size = 512
  config.model.attention.size = 512
  config.model.tie = True
  config.model.init = "glorot"
  config.model.dropout.embedding = 0.1
  config.model.dropout.readout = 0.2
  config.train.updates = 100_000
  config.train.optimizer.name = "adam"
  config.train.optimizer.learning_rate = 5e-4
  config.train.schedule.name = "inverse_sqrt"
  config.train.schedule.warmup = 4000
  config.train.objective.label_smoothing = 0.1
  config.valid.every = 2500
  return config
