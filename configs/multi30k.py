"""Multi30k, task 1: captions of 29,000 photographs, fetched from the dataset's own repository.

  python launch.py --config=configs/multi30k.py:en-de

Variants: en-de (the default), en-fr, de-en, fr-en. Selected on val, tested on test_2016_flickr.

En-de, seed 1, on 2 cores: 79 minutes of training (137 minutes of processor); BLEU 40.25
lower-cased, 39.77 cased (sacreBLEU, 13a, beam 12, update 8000; results/multi30k_en_de.json).
"""

from ml_collections import ConfigDict

from configs import base

VARIANTS = ("en-de", "en-fr", "de-en", "fr-en")


def get_config(variant: str = "en-de") -> ConfigDict:
  """A regularised RNNsearch with a conditional GRU, over joint BPE."""
  config = base.get_config()
  config.data.corpus = "text"
  config.data.url = (
    "https://raw.githubusercontent.com/multi30k/dataset/master/data/task1/raw/{split}.{language}.gz"
  )
  config.data.source, config.data.target = variant.split("-")
  config.data.train = "train"
  config.data.valid = "val"
  config.data.test = ("test_2016_flickr",)
  config.data.filter.max_words = 80
  config.data.tokenizer.kind = "bpe"
  config.data.tokenizer.size = 5000
  config.data.tokenizer.joint = True
  config.batch.size = 64
  config.batch.window = 50
  config.batch.multiple = 4
  config.model.size = 256
  config.model.embedding = 256
  config.model.readout.size = 256
  config.model.attention.size = 256
  config.model.order.kind = "conditional"
  config.model.order.state = "current"
  config.model.tie = True
  config.model.init = "glorot"
  config.model.dropout.embedding = 0.3
  config.model.dropout.state = 0.4
  config.model.dropout.readout = 0.4
  config.train.updates = 9_500
  config.train.optimizer.name = "adam"
  config.train.optimizer.learning_rate = 1.5e-3
  config.train.schedule.name = "cosine"
  config.train.schedule.warmup = 500
  config.train.objective.label_smoothing = 0.1
  config.train.ema = 0.999
  config.valid.every = 1000
  config.valid.patience = 0
  config.valid.log = 100
  return config
