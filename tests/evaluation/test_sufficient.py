"""Scores from counts are sacreBLEU's, whatever sentences they are of."""

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF

from nmt.errors import UserError
from nmt.evaluation import sufficient
from nmt.evaluation.sufficient import Bleu, Chrf

WORDS = ["a", "bb", "ccc", "dé", "猫", "e.", "%"]


def lines(count, seed):
  random = np.random.default_rng(seed)
  return [" ".join(random.choice(WORDS, random.integers(0, 9))) for _ in range(count)]


REFERENCES, HYPOTHESES = lines(40, 0), lines(40, 1)


@pytest.mark.parametrize(
  ("ours", "theirs"),
  [
    (Bleu(REFERENCES), BLEU(force=True)),
    (Bleu(REFERENCES, "zh"), BLEU(force=True, tokenize="zh")),
    (Chrf(REFERENCES), CHRF()),
  ],
)
def test_any_choice_of_sentences_is_scored_as_sacrebleu_does(ours, theirs):
  counts = ours.counts(HYPOTHESES)
  random = np.random.default_rng(2)
  # Few at a time: orders without a match, or without an n-gram at all, and empty lines.
  chosen = [random.integers(0, 40, size) for size in (1, 2, 3, 5, 40) for _ in range(30)]
  wanted = [
    theirs.corpus_score([HYPOTHESES[i] for i in some], [[REFERENCES[i] for i in some]]).score
    for some in chosen
  ]
  found = ours.score(np.stack([counts[some].sum(axis=0) for some in chosen]))
  np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
  assert ours.signature == str(theirs.get_signature())


def test_a_tokenizer_that_can_not_be_used_is_one_line(monkeypatch):
  def missing(**_):
    raise RuntimeError("please install it:\npip install x")

  monkeypatch.setattr(sufficient, "BLEU", missing)
  with pytest.raises(UserError, match="tokenizer ja-mecab can't be used here: please install it:"):
    Bleu(["a"], "ja-mecab")
