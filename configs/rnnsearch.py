"""The paper to the letter: WMT 2014 English to French, 1000 states, 30,000 words a side.

  python launch.py --config=configs/rnnsearch.py:rnnsearch-50

Variants: rnnsearch-50 (the default), rnnsearch-30, rnnencdec-50, rnnencdec-30: the model, and the
longest sentence in words that it is trained on. The paper's model had seen 288,000 updates when it
scored 26.75 BLEU (tokenised), 667,000 when it scored 28.45.

Two things are TFDS's and not the paper's. Its `validation` is newstest2013, where the paper joined
newstest2012 and 2013. Its training set is all of WMT 2014's parallel text, where the paper took the
348 million words that data selection kept of it.
"""

from ml_collections import ConfigDict

from configs import base

VARIANTS = ("rnnsearch-50", "rnnsearch-30", "rnnencdec-50", "rnnencdec-30")


def get_config(variant: str = "rnnsearch-50") -> ConfigDict:
  """What configs/base.py says, which is the paper's model and training, on the paper's corpus."""
  model, words = variant.split("-")
  config = base.get_config()
  config.data.corpus = "wmt14_translate/fr-en"
  config.data.source = "en"
  config.data.target = "fr"
  config.data.train = "train"
  config.data.valid = "validation"
  config.data.test = ("test",)
  config.data.filter.max_words = int(words)
  config.data.filter.distinct = False
  config.data.tokenizer.kind = "words"
  config.data.tokenizer.size = 30_000
  config.model.attention.kind = {"rnnsearch": "additive", "rnnencdec": "none"}[model]
  return config
