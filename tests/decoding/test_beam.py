"""Beam search against enumeration, on a step function that no model is behind."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.data.ids import BOS, EOS
from nmt.decoding.beam import Coverage, beam
from nmt.decoding.greedy import greedy
from nmt.decoding.hypotheses import forbidden

V, J, T = 6, 5, 4


def toy(seed, B, scale=2.0):
  """A table of random logits and weights for each sentence and each history of tokens."""
  rng = np.random.default_rng(seed)
  table = rng.normal(size=(B, V**T, V)).astype(np.float32) * scale
  alpha = rng.dirichlet(np.ones(J), size=(B, V**T)).astype(np.float32)
  return {"table": jnp.asarray(table), "alpha": jnp.asarray(alpha)}, {"s": jnp.zeros(B, jnp.int32)}


def step(memory, state, y_B):
  s_B = state["s"] * V + y_B
  rows = jnp.arange(len(s_B))
  return {"s": s_B}, (memory["table"][rows, s_B], memory["alpha"][rows, s_B])


def follow(memory, b, ids):
  """(log-probability, alpha) of a token sequence, by the definition, in float64."""
  table, alpha = np.asarray(memory["table"][b], np.float64), np.asarray(memory["alpha"][b])
  s, y, total, rows = 0, BOS, 0.0, []
  for token in ids:
    s = s * V + y
    total += table[s, token] - np.log(np.exp(table[s]).sum())
    rows.append(alpha[s])
    y = token
  return total, np.array(rows).reshape(len(ids), J)


def enumerate_all(memory, b, limit, penalty, banned, beta=0.0, real=J):
  """Every allowed sequence, best first: those that end, then those cut at the limit."""
  words = [v for v in range(V) if v not in banned and v != EOS]
  found = []
  for length in range(1, limit + 1):
    for head in itertools.product(words, repeat=length - 1):
      for last in [EOS] + (words if length == limit else []):
        ids = [*head, last]
        log_p, alpha = follow(memory, b, ids)
        covered = np.log(np.minimum(alpha.sum(axis=0)[:real], 1)).sum()
        found.append((last != EOS, -log_p / length**penalty - beta * covered, ids))
  return sorted(found)


@functools.partial(jax.jit, static_argnames=("K", "n_best", "forbid_unk", "alphas"))
def run(memory, state, limit_B, penalty, K, n_best, forbid_unk, alphas, coverage=None):
  forbid = forbidden(forbid_unk)
  shared = dict(steps=T, forbid=forbid, length_penalty=penalty, alphas=alphas)
  if K == 0:
    return greedy(step, memory, state, limit_B, **shared)
  return beam(step, memory, state, limit_B, size=K, n_best=n_best, coverage=coverage, **shared)


def search(memory, state, limit, K, penalty=1.0, n_best=1, forbid_unk=False, alphas=True, **more):
  """Greedy for K = 0."""
  limit_B = np.asarray(limit, np.int32)
  found = run(memory, state, limit_B, np.float32(penalty), K, n_best, forbid_unk, alphas, **more)
  return jax.tree.map(np.asarray, found)


def ids(found, b, n=0):
  return found.tokens_BxNxT[b, n, : found.length_BxN[b, n]].tolist()


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0, 2.0])
@pytest.mark.parametrize("forbid_unk", [False, True])
def test_a_wide_beam_finds_all_that_enumeration_finds(penalty, forbid_unk):
  limit = [4, 3, 1, 4]
  memory, state = toy(3, 4)
  banned = forbidden(forbid_unk)
  found = search(memory, state, limit, K=128, penalty=penalty, n_best=30, forbid_unk=forbid_unk)
  for b in range(4):
    every = enumerate_all(memory, b, limit[b], penalty, banned)
    assert (found.length_BxN[b] > 0).sum() == min(30, len(every))
    for n, (cut, cost, expected) in enumerate(every[:30]):
      assert ids(found, b, n) == expected
      assert found.finished_BxN[b, n] == (not cut)
      np.testing.assert_allclose(found.score_BxN[b, n], -cost, rtol=1e-5)
      log_p, alpha = follow(memory, b, expected)
      np.testing.assert_allclose(found.log_probability_BxN[b, n], log_p, rtol=1e-5)
      np.testing.assert_array_equal(found.alpha_BxNxTxJ[b, n, : len(expected)], alpha)
      assert not found.alpha_BxNxTxJ[b, n, len(expected) :].any()


def covering(beta, real, B):
  return Coverage(np.float32(beta), np.arange(J)[None] < np.full((B, 1), real))


@pytest.mark.parametrize("beta", [0.3, 4.0])
@pytest.mark.parametrize("alphas", [True, False])
def test_the_coverage_penalty_is_that_of_its_equation(beta, alphas):
  limit, real, penalty = [4, 3], 3, 0.6
  memory, state = toy(11, 2)
  wide = dict(K=128, penalty=penalty, n_best=20, alphas=alphas)
  found = search(memory, state, limit, **wide, coverage=covering(beta, real, 2))
  plain = search(memory, state, limit, **wide)
  assert (found.tokens_BxNxT != plain.tokens_BxNxT).any()  # it makes a difference
  for b in range(2):
    every = enumerate_all(memory, b, limit[b], penalty, forbidden(False), beta, real)
    for n, (_, cost, expected) in enumerate(every[:20]):
      assert ids(found, b, n) == expected
      np.testing.assert_allclose(found.score_BxN[b, n], -cost, rtol=1e-5)
      log_p, _ = follow(memory, b, expected)
      np.testing.assert_allclose(found.log_probability_BxN[b, n], log_p, rtol=1e-5)


def test_a_word_that_nothing_looks_at_costs_much_but_no_infinity():
  memory, state = toy(12, 1)
  memory["alpha"] = memory["alpha"].at[..., 0].set(0.0)
  found = search(memory, state, [T], K=3, coverage=covering(0.1, J, 1))
  assert found.length_BxN[0, 0] > 0
  assert np.isfinite(found.score_BxN).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_beam_of_one_is_greedy(seed):
  memory, state = toy(seed, 16)
  limit = np.arange(16) % (T + 1)
  narrow = search(memory, state, limit, K=1, penalty=0.7)
  for a, b in zip(narrow, search(memory, state, limit, K=0, penalty=0.7), strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("K", [2, 3])
def test_a_row_does_not_depend_on_the_others(K):
  memory, state = toy(7, 6)
  limit = np.array([4, 1, 0, 3, 4, 2])
  together = search(memory, state, limit, K=K, n_best=2)
  order = np.array([3, 2, 5, 0, 1, 4])
  moved = jax.tree.map(lambda x: x[order], (memory, state))
  for a, b in zip(together, search(*moved, limit[order], K=K, n_best=2), strict=True):
    np.testing.assert_array_equal(a[order], b)
  assert together.length_BxN[2].tolist() == [0, 0]
  assert not np.isfinite(together.score_BxN[2]).any()


def test_weights_can_be_left_out():
  memory, state = toy(8, 3)
  with_alpha = search(memory, state, [T] * 3, K=2)
  without = search(memory, state, [T] * 3, K=2, alphas=False)
  assert without.alpha_BxNxTxJ is None
  np.testing.assert_array_equal(with_alpha.tokens_BxNxT, without.tokens_BxNxT)


@pytest.mark.parametrize("K", [0, 2])
def test_the_loop_ends_when_every_sentence_is_done(K):
  seen = []

  def ends_third(memory, state, y_B):
    jax.debug.callback(lambda s_B: seen.append(s_B), state)
    ending_B = jnp.where(state >= 2, 9.0, -9.0)
    logits_BxV = jnp.zeros((len(y_B), V)).at[:, EOS].set(ending_B).at[:, 5].set(3.0)
    return state + 1, (logits_BxV, jnp.zeros((len(y_B), J)))

  def run(state, limit_B):
    if K == 0:
      return greedy(ends_third, (), state, limit_B, steps=90, forbid=forbidden(False))
    return beam(ends_third, (), state, limit_B, size=K, steps=90, forbid=forbidden(False))

  found = jax.jit(run)(jnp.zeros(2, jnp.int32), jnp.array([90, 80]))
  assert found.length_BxN.tolist() == [[3], [3]]
  jax.effects_barrier()
  assert max(int(np.max(s)) for s in seen) <= 4
