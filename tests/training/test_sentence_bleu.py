"""BLEU of ids is sacreBLEU's, of single sentences with add-one smoothing."""

import jax
import numpy as np
import sacrebleu

from nmt.training.sentence_bleu import sentence_bleu


def of(ids, reference):
  text, wanted = (" ".join(f"w{i}" for i in side) for side in (ids, reference))
  metric = sacrebleu.BLEU(
    smooth_method="add-k", smooth_value=1, tokenize="none", force=True, effective_order=False
  )
  return metric.sentence_score(text, [wanted]).score / 100


def test_it_is_sacrebleus():
  random = np.random.default_rng(0)
  pairs = [([], [4, 5]), ([4], [4]), ([4, 5], [6, 7]), ([4, 5, 6, 7, 8], [4, 5, 6, 7, 8])]
  for _ in range(60):
    n, m = random.integers(1, 12, 2)
    pairs.append((random.integers(4, 7, n).tolist(), random.integers(4, 7, m).tolist()))
  ids, wanted = (np.zeros((len(pairs), 12), np.int32) for _ in range(2))
  for k, (x, y) in enumerate(pairs):
    ids[k, : len(x)], wanted[k, : len(y)] = x, y
  found = jax.jit(sentence_bleu)(ids, wanted)
  expected = [of(x, y) if x else 0 for x, y in pairs]
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
  assert found[3] == 1
  longer = jax.jit(sentence_bleu)(np.pad(ids, ((0, 0), (0, 3))), wanted)
  np.testing.assert_allclose(found, longer, rtol=1e-6)
