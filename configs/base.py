"""Every key of an experiment with its default: the paper's model (Bahdanau et al., 2015).

A config file copies this tree and changes what differs. Keys and types are fixed here, so that a
misspelt key or a value of another type fails before anything runs.
"""

from ml_collections import ConfigDict


def get_config() -> ConfigDict:
  return ConfigDict(
    dict(
      seed=1,
      data=dict(
        corpus="grammar",  # grammar | text | a TFDS name such as wmt14_translate/fr-en
        dir="",  # text: the folder that holds <split>.<language>[.gz] or <split>.tsv[.gz]
        url="",  # text: where a missing file is fetched from, with {split} and {language}
        source="en",
        target="fr",
        train="train",  # splits may be joined: newstest2012+newstest2013
        valid="valid",
        test=("test",),
        normalize="nfc",  # form of Unicode in which all text is taken: nfc | none, as it is
        cache="",  # of corpora, tokens and programs; empty: $NMT_CACHE, else ~/.cache/nmt
        filter=dict(  # of the training split only
          min_words=1,
          max_words=50,
          max_ratio=0.0,  # longer side / shorter side in words; 0: any
          max_tokens=500,  # of the tokenizer, a side; 0: any
          distinct=True,  # drop exact duplicates of a pair
        ),
        tokenizer=dict(
          kind="words",  # words | bpe | unigram | bytes | characters
          size=30_000,  # entries a side, special ones included; unused by bytes
          joint=False,  # one vocabulary for both sides
          dropout=0.0,  # of merges of bpe, in training
          samples=1,  # with dropout: how often an epoch has each pair, segmented anew each time
        ),
        grammar=dict(  # the embedded corpus
          train=40_000,  # pairs
          valid=500,
          test=500,
          long=500,  # a split of sentences longer than those trained on
          min_words=3,
          max_words=20,  # in train, valid and test; `long` reaches from there to long_words
          long_words=60,
        ),
      ),
      batch=dict(
        size=80,  # sentences in a batch
        tokens=0,  # or: most positions a side in a batch, padding included; 0: use size
        window=20,  # batches drawn, sorted by length and cut together
        multiple=4,  # lengths are padded to multiples of this
      ),
      model=dict(
        size=1000,  # n: states of each encoder direction and of the decoder
        embedding=620,  # m
        cell=dict(kind="gru", layers=1, layer_norm=False),
        encoder=dict(kind="bidirectional"),
        order=dict(kind="attend_first", state="previous"),
        readout=dict(kind="maxout", size=500),
        normaliser=dict(kind="softmax"),
        attention=dict(
          kind="additive",  # none: the RNNencdec baseline
          size=1000,  # n'
        ),
        tie=False,  # output word vectors = target embedding (needs maxout == embedding)
        init="paper",  # paper | glorot
        precision="float32",  # float32 | bfloat16, of products; parameters and sums stay float32
        dropout=dict(
          embedding=0.0,
          state=0.0,  # annotations
          readout=0.0,
        ),
      ),
      train=dict(
        updates=667_000,
        optimizer=dict(
          name="adadelta",  # adadelta | adam | adamw | sgd
          learning_rate=1.0,
          batch=0,  # sentences an update that this rate is for; other sizes scale it; 0: any
          rho=0.95,
          eps=1e-6,
          b1=0.9,
          b2=0.999,
          momentum=0.0,
          weight_decay=0.0,
        ),
        schedule=dict(
          name="constant",  # constant | inverse_sqrt | cosine | plateau
          warmup=0,  # updates
          floor=0.0,  # cosine ends at, plateau stops at this share of the learning rate
          factor=0.5,  # plateau: the rate is multiplied by this ...
          patience=3,  # ... after so many validations without a new best
        ),
        clip=1.0,  # global gradient norm; 0: off
        objective=dict(kind="likelihood", label_smoothing=0.0),
        accumulate=1,  # batches an update
        ema=0.0,  # decay of the averaged weights that are validated and tested; 0: off
      ),
      valid=dict(
        every=5000,  # updates
        metric="bleu",  # bleu | perplexity: what best means
        patience=10,  # validations without a new best before training ends; 0: never
        keep=2,  # last checkpoints kept, beside the best one
        log=50,  # updates between two lines of metrics
      ),
      decode=dict(
        beam=12,
        length_penalty=1.0,  # scores are divided by length ** this
        max_ratio=2.0,  # longest output: this times the source length, plus 10
        batch=64,  # sentences
        forbid_unk=False,
      ),
      evaluation=dict(
        tokenizer="",  # of all BLEU, a name of sacreBLEU's; empty: by the target language
      ),
      mesh=dict(
        data=-1,  # devices that share a batch; -1: all that are left
        model=1,  # devices that share each large parameter
      ),
    ),
    convert_dict=True,
  )
