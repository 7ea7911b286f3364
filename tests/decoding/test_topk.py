"""The block-wise choice against sorting everything."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.decoding.topk import best_tokens

K, B = 4, 3


@pytest.mark.parametrize(("V", "block"), [(4, None), (37, None), (64, 8), (100, 7), (257, None)])
def test_blocks_choose_what_sorting_chooses(V, block):
  rng = np.random.default_rng(V)
  logits = rng.normal(size=(K, B, V)).astype(np.float32) * 3
  live = rng.normal(size=(B, K)).astype(np.float32)
  live[1, 2:] = -np.inf
  penalty = np.where(np.arange(V) == 2, -np.inf, 0).astype(np.float32)
  choose = jax.jit(best_tokens, static_argnames="block")
  log_p, parent, token = map(np.asarray, choose(logits, jnp.asarray(penalty), live, block=block))
  wide = logits.astype(np.float64)
  all_KxBxV = wide - np.log(np.exp(wide).sum(-1, keepdims=True)) + penalty + live.T[:, :, None]
  for b in range(B):
    np.testing.assert_allclose(log_p[b], np.sort(all_KxBxV[:, b].ravel())[::-1][:K], atol=1e-5)
    np.testing.assert_allclose(all_KxBxV[parent[b], b, token[b]], log_p[b], atol=1e-5)
    assert len(set(zip(parent[b], token[b], strict=True))) == K


@pytest.mark.parametrize("block", [None, 1, 2, 3, 8])
def test_ties_go_to_the_smaller_hypothesis_and_then_to_the_smaller_word(block):
  # Few distinct values: nearly all choices are between equals, within a block and across blocks.
  rng = np.random.default_rng(0)
  choose = jax.jit(best_tokens, static_argnames="block")
  for V in (4, 9, 17):
    logits = rng.integers(0, 3, size=(K, 50, V)).astype(np.float32)
    logits = np.sort(logits, axis=0)[:1].repeat(K, axis=0)  # equal normalisers: ties across k too
    logits = rng.permuted(logits, axis=2)
    live = rng.integers(-2, 1, size=(50, K)).astype(np.float32)
    live[::5, 1] = -np.inf
    log_p, parent, token = map(np.asarray, choose(logits, jnp.zeros(V), live, block=block))
    log_z = jax.nn.logsumexp(logits, axis=-1)
    all_BxKV = np.moveaxis(logits + (live.T - log_z)[:, :, None], 0, 1).reshape(50, K * V)
    first_BxK = np.argsort(-all_BxKV, axis=1, kind="stable")[:, :K]
    real = log_p > -np.inf
    np.testing.assert_array_equal((parent * V + token)[real], first_BxK[real])
    np.testing.assert_array_equal(np.isfinite(np.take_along_axis(all_BxKV, first_BxK, 1)), real)
