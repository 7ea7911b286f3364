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


def test_ties_go_to_the_first():
  logits = jnp.zeros((1, 2, 50)).at[:, :, 7].set(1.0).at[:, :, 40].set(1.0)
  choose = jax.jit(best_tokens, static_argnames="block")
  _, _, token = choose(logits, jnp.zeros(50), jnp.zeros((2, 1)), block=8)
  assert token.tolist() == [[7], [7]]
