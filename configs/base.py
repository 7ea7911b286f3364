"""Every key of an experiment: its default, which is the paper's (Bahdanau et al., 2015), its range
and its meaning, as `python launch.py --help-config` and docs/configuration.md show them.

A config file copies the defaults and changes what differs. Keys and types are fixed here, so that a
misspelt key or a value of another type fails before anything runs. A `kind` is one Python file that
declares its own options (nmt/kinds.py); those of the chosen kind stand beside it.
"""

from ml_collections import ConfigDict

from nmt import config as config_lib
from nmt.declarations import defaults
from nmt.options import (
  amount,
  choice,
  count,
  count_tuple,
  group,
  integer,
  kind,
  name,
  name_tuple,
  positive,
  real,
  share,
  switch,
  text,
  whole,
)


def _words(default: int, help: str):
  return integer(default, lambda x: 3 <= x <= 80, "a whole number from 3 to 80", help)


KEYS = group(
  "an experiment",
  seed=integer(
    1,
    lambda x: 0 <= x < 2**31,
    "a whole number from 0 to 2147483647",
    "of all that is drawn: parameters, the order of pairs, dropout",
  ),
  data=group(
    "the text, and what is made of it",
    corpus=name(
      "grammar", "grammar (embedded), text (files), or a TFDS name: wmt14_translate/fr-en"
    ),
    dir=text(
      "",
      "text: the folder of <split>.<language>[.gz] or <split>.tsv[.gz], and of the word links, if "
      "there are any, <split>.links[.gz]",
    ),
    url=text("", "text: where a missing file is fetched from, with {split} and {language}"),
    source=name("en", "the language that is translated from"),
    target=name("fr", "the language that is translated into"),
    train=name("train", "the split to train on; splits may be joined: newstest2012+newstest2013"),
    valid=name("valid", "the split that selects the best checkpoint"),
    test=name_tuple(("test",), "the splits that are scored at the end"),
    normalize=choice("nfc", ("nfc", "none"), "form of Unicode of all text; none: as it is"),
    cache=text("", "of corpora, tokens and programs; empty: $NMT_CACHE, else ~/.cache/nmt"),
    filter=group(
      "which pairs of the training split are kept",
      min_words=count(1, "fewest words a side"),
      max_words=count(50, "most words a side"),
      max_ratio=real(
        0.0,
        lambda x: x == 0 or x >= 1,
        "1 or more, or 0 for any ratio",
        "longer side / shorter side, in words",
      ),
      max_tokens=whole(500, "most tokens a side, as the tokenizer makes them; 0: any number"),
      distinct=switch(True, "drop exact duplicates of a pair"),
    ),
    tokenizer=group(
      "the units that text is cut into",
      kind=choice("words", ("words", "bpe", "unigram", "bytes", "characters"), "the units"),
      size=integer(
        30_000,
        lambda x: x >= 5,
        "5 or more: four entries are special",
        "entries a side, special ones included; unused by bytes",
      ),
      joint=switch(False, "one vocabulary for both sides"),
      dropout=share(0.0, "bpe: share of the merges that are left out, in training"),
      samples=count(1, "with dropout: how often an epoch has each pair, each time cut anew"),
    ),
    grammar=group(
      "the embedded corpus: sentences drawn from a grammar, with gold alignments",
      train=count(40_000, "pairs of the split train"),
      valid=count(500, "pairs of the split valid"),
      test=count(500, "pairs of the split test"),
      long=count(500, "pairs of the split long, of sentences longer than those trained on"),
      min_words=_words(3, "fewest words of an English sentence"),
      max_words=_words(20, "most words of a sentence of train, valid and test"),
      long_words=_words(60, "most words of a sentence of long, which has more than max_words"),
      order=choice(
        "french", ("french", "english"), "of the French words: their own, or that of the English"
      ),
    ),
  ),
  batch=group(
    "how sentences are put together",
    size=count(80, "sentences in a batch"),
    tokens=whole(0, "instead: most positions a side in a batch, padding included; 0: use size"),
    window=count(20, "batches that are drawn, sorted by length and cut together"),
    multiple=count(4, "lengths are padded to multiples of this"),
  ),
  model=group(
    "the network",
    size=count(1000, "n: states of each direction of the encoder, and of the decoder"),
    embedding=count(620, "m: size of a word's vector"),
    tie=switch(False, "word vectors of the output are those of the target's words"),
    joint=switch(
      False, "word vectors of the source are those of the target, if they have one vocabulary"
    ),
    init=choice(
      "paper",
      ("paper", "glorot"),
      "how parameters are drawn: as in appendix B.1, or Glorot and Bengio, 2010",
    ),
    precision=choice(
      "float32",
      ("float32", "bfloat16"),
      "numbers that products are made of; parameters and sums stay float32",
    ),
    encoder=group(
      "source words -> annotations",
      kind=kind("bidirectional", "how the source is read"),
    ),
    cell=group(
      "the recurrent cell of encoder and decoder",
      kind=kind("gru", "the cell"),
      layers=count(1, "cells on top of each other"),
      residual=switch(False, "a layer above the first adds its output to what it is given"),
      transitions=count(1, "cells a layer in each step, of which the first alone has an input"),
      layer_norm=switch(False, "normalise the sums of each gate: Ba et al., 2016"),
      zoneout=share(0.0, "of a state's values that a step leaves as they are, in training"),
    ),
    initial=choice(
      "summary",
      ("summary", "last", "mean", "zero"),
      "what the decoder's state starts from: the encoder's summary, which is the paper's, the last "
      "annotation, the mean of all, or nothing",
    ),
    attention=group(
      "which annotations a step looks at",
      kind=kind("additive", "how well an annotation matches a state; none: the RNNencdec baseline"),
    ),
    normaliser=group(
      "from energies to weights",
      kind=kind("softmax", "how energies become weights that sum to 1"),
    ),
    order=group(
      "in which order a step of the decoder looks and updates its state",
      kind=kind("attend_first", "the order"),
      gate=choice(
        "none",
        ("none", "source", "target", "both"),
        "the context gate of Tu et al., 2017: what it scales of a new state, the context's part "
        "(source), that of word and state (target), or each against the other (both)",
      ),
    ),
    readout=group(
      "from state, context and previous word to the logits of the next",
      kind=kind("maxout", "the layer before the vocabulary"),
    ),
    dropout=group(
      "shares of values that are set to 0 in training",
      word=share(0.0, "of words, both sides, whose whole vector it is"),
      embedding=share(0.0, "of word vectors, both sides"),
      state=share(0.0, "of annotations"),
      readout=share(0.0, "of what the logits are computed from"),
      layer=share(0.0, "of what a recurrent layer is given by the one below it"),
      one_mask=switch(
        False, "all positions of a sentence lose the same values: Gal and Ghahramani, 2016"
      ),
    ),
  ),
  train=group(
    "what is lowered, and how",
    updates=count(667_000, "updates of the parameters in all"),
    objective=group(
      "the loss",
      kind=kind("likelihood", "the loss"),
    ),
    optimizer=group(
      "from a gradient to an update",
      name=choice("adadelta", ("adadelta", "adam", "adamw", "sgd"), "the optimizer"),
      learning_rate=positive(1.0, "the highest that the schedule comes to"),
      batch=whole(0, "sentences an update that the rate is for; others scale it; 0: any number"),
      rho=share(0.95, "adadelta: decay of both averages"),
      eps=positive(1e-6, "adadelta, adam, adamw: added to a divisor"),
      b1=share(0.9, "adam, adamw: decay of the average of gradients"),
      b2=share(0.999, "adam, adamw: decay of the average of their squares"),
      momentum=share(0.0, "sgd: decay of the sum of gradients"),
      weight_decay=amount(0.0, "adamw: share of the weights that is taken off, times the rate"),
    ),
    schedule=group(
      "the learning rate in the course of training",
      name=choice("constant", ("constant", "inverse_sqrt", "cosine", "plateau"), "the schedule"),
      warmup=whole(0, "updates in which the rate rises from 0"),
      floor=share(0.0, "cosine ends at, plateau stops at this share of the learning rate"),
      factor=real(
        0.5,
        lambda x: 0 < x < 1,
        "between 0 and 1",
        "plateau: the rate is multiplied by this, each time that patience runs out",
      ),
      patience=whole(3, "plateau: validations without a new best"),
    ),
    start=group(
      "parameters that a new run begins with in the place of those drawn",
      run=text(
        "",
        "the folder of another run: those of its best checkpoint, where they fit; {seed} in it is "
        "this run's seed",
      ),
      source_vectors=text("", "a file of word vectors, of word2vec's text format: rows of E_x"),
      target_vectors=text("", "the same: rows of E_y"),
    ),
    fallback=group(
      "what is done when the loss diverges",
      times=whole(0, "how often a run goes back to its last checkpoint before it fails"),
      ratio=real(
        0.0,
        lambda x: x == 0 or 1 < x < float("inf"),
        "above 1, or 0 for no limit",
        "the loss has diverged, too, where its mean between two lines of metrics is above this "
        "times the lowest before; where it is not finite, it has anyway",
      ),
      factor=real(
        0.5,
        lambda x: 0 < x < 1,
        "between 0 and 1",
        "the learning rate is multiplied by this, each time that the run goes back",
      ),
    ),
    freeze=name_tuple(
      (), "parameters that stay as they are, by name, * for any part: encoder.E_x, *.attention.*"
    ),
    clip=amount(1.0, "highest norm of the whole gradient; 0: any"),
    accumulate=count(1, "batches an update"),
    ema=share(0.0, "decay of the averaged weights that are validated and tested; 0: no average"),
  ),
  valid=group(
    "validation and checkpoints",
    every=count(5000, "updates between two validations"),
    metric=choice("bleu", ("bleu", "perplexity"), "what the best checkpoint is best in"),
    patience=whole(10, "validations without a new best before training ends; 0: never"),
    keep=count(2, "last checkpoints that are kept, beside the best one"),
    keep_at=count_tuple((), "updates after which a checkpoint is saved and kept for good"),
    keep_tenfold=whole(
      0,
      "such checkpoints, log-spaced, for each tenfold of updates (3: after 1, 2, 5, 10, 22, 46, "
      "100, ...); 0: none",
    ),
    log=count(50, "updates between two lines of metrics"),
  ),
  decode=group(
    "the search for a translation",
    beam=count(12, "hypotheses kept at a time; 1: greedy"),
    length_penalty=amount(1.0, "scores are divided by length ** this"),
    coverage_penalty=amount(
      0.0, "beta of Wu et al., 2016: how much a score loses for source words not looked at"
    ),
    max_ratio=positive(2.0, "longest output: this times the length of the source, plus 10"),
    batch=count(64, "sentences translated together"),
    forbid_unk=switch(False, "never write [UNK]"),
  ),
  evaluation=group(
    "scores",
    tokenizer=choice(
      "", config_lib.BLEU_TOKENIZERS, "sacreBLEU's, of all BLEU; empty: by the target language"
    ),
  ),
  mesh=group(
    "devices",
    data=integer(
      -1,
      lambda x: x == -1 or x >= 1,
      "1 or more, or -1 for all devices left",
      "devices that share a batch",
    ),
    model=count(1, "devices that share each large parameter"),
    optimizer=switch(False, "all devices share the optimizer's state and the average (ZeRO-1)"),
  ),
)


def get_config() -> ConfigDict:
  """The defaults of all keys."""
  return defaults(KEYS)
