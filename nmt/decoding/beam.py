"""Beam search with length normalisation and a coverage penalty, whole in one program."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from nmt.data.ids import BOS, EOS, PAD
from nmt.decoding.hypotheses import Hypotheses, Step, penalties
from nmt.decoding.topk import best_tokens


class Coverage(NamedTuple):
  """What scores a search by how much of the source its hypotheses have looked at."""

  weight: float | Float[Array, ""]  # beta
  real_BxJ: Bool[Array, "B J"]  # False: padding


class History(NamedTuple):
  """What was chosen at each position, and from where; -inf, 0, PAD where there was no choice."""

  log_p_TxBxK: Float[Array, "T B K"]
  score_TxBxK: Float[Array, "T B K"]  # of what ends here
  parent_TxBxK: Int[Array, "T B K"]
  token_TxBxK: Int[Array, "T B K"]
  alpha_TxKxBxJ: Float[Array, "T K B J"] | None  # where each parent looked as it was continued


# Of a history, its position: what the walk back reads.
Place = tuple[Int[Array, ""], Int[Array, "B K"], Int[Array, "B K"], Float[Array, "K B J"] | None]


class Search(NamedTuple):
  """What the loop over positions carries."""

  i: Int[Array, ""]  # the position
  state: Any  # of the model; leaves lead with K, B
  y_KxB: Int[Array, "K B"]  # the previous tokens
  live_BxK: Float[Array, "B K"]  # log-probabilities of the live hypotheses; -inf for an empty place
  count_B: Int[Array, "B"]  # how many hypotheses have finished
  best_BxN: Float[Array, "B N"]  # the best scores of these
  covered_KxBxJ: Float[Array, "K B J"] | None  # alpha of the live ones, added up
  history: History


def beam(
  step: Step,
  memory: Any,
  state: Any,
  limit_B: Int[Array, "B"],
  *,
  size: int,
  steps: int,
  forbid: Sequence[int],
  length_penalty: float | Float[Array, ""] = 1.0,
  coverage: Coverage | None = None,
  n_best: int = 1,
  alphas: bool = True,
) -> Hypotheses:
  """Finds the sequences of largest score that a beam of K reaches.

    score = log p(y | x) / |y| ** length_penalty + beta sum_j log(min(sum_i alpha_ij, 1))

  The second term is the coverage penalty of Wu et al. (2016, equation 14), for all tokens of the
  source; a sum too small for a float is taken as the smallest normal one.

  At each position the K likeliest continuations of the live hypotheses are taken; those that are
  EOS are finished, the others live on. A sentence is done when K hypotheses have finished (so that
  K = 1 is greedy), or none lives, or no live one can still enter the N best: log p never rises
  and the longest length divides it most, so a live one scores at most log p / limit **
  length_penalty, as the coverage penalty is never above 0. What lives at the limit is given out
  unfinished, after all that finished.

  The loop keeps what was chosen and from where; the best are traced back after it, so that tokens
  and alignment weights are never reordered. `step` is mapped over K with its memory shared.

  Args:
    step: see `Step`.
    memory: what `step` reads; leaves lead with B.
    state: the state before the first token; leaves lead with B.
    limit_B: longest output of each row, EOS included, at most `steps`; a row of 0 is not run.
    size: K.
    steps: T, the size of the buffers.
    forbid: tokens never chosen.
    length_penalty: at least 0; 0 compares plain log-probabilities.
    coverage: beta, at least 0, and where the source is real; None: no coverage penalty.
    n_best: N, at most K.
    alphas: whether to keep the alignment weights.
  """
  B, K = limit_B.shape[0], size
  step_K = jax.vmap(step, in_axes=(None, 0, 0))
  state = jax.tree.map(lambda x: jnp.broadcast_to(x[None], (K, *x.shape)), state)
  y_KxB = jnp.full((K, B), BOS, jnp.int32)
  _, (logits, alpha) = jax.eval_shape(step_K, memory, state, y_KxB)
  penalty_V = penalties(logits.shape[-1], forbid)
  longest_Bx1 = jnp.maximum(limit_B, 1).astype(jnp.float32)[:, None] ** length_penalty

  def going(now: Search) -> Bool[Array, ""]:
    return (now.i < steps) & (now.live_BxK > -jnp.inf).any()

  def body(now: Search) -> Search:
    i, past = now.i, now.history
    state, (logits_KxBxV, alpha_KxBxJ) = step_K(memory, now.state, now.y_KxB)
    log_p_BxK, parent_BxK, y_BxK = best_tokens(logits_KxBxV, penalty_V, now.live_BxK)
    alpha_TxKxBxJ = past.alpha_TxKxBxJ
    row_KxB = parent_BxK.T * B + jnp.arange(B, dtype=jnp.int32)[None, :]
    score_BxK = log_p_BxK / (i + 1).astype(jnp.float32) ** length_penalty
    covered_KxBxJ = now.covered_KxBxJ
    if covered_KxBxJ is not None and coverage is not None:
      covered_KxBxJ = (covered_KxBxJ + alpha_KxBxJ).reshape(K * B, -1)[row_KxB]
      score_BxK += coverage.weight * uncovered(covered_KxBxJ, coverage.real_BxJ).T
    history = History(
      log_p_TxBxK=past.log_p_TxBxK.at[i].set(log_p_BxK),
      score_TxBxK=past.score_TxBxK.at[i].set(score_BxK),
      parent_TxBxK=past.parent_TxBxK.at[i].set(parent_BxK),
      token_TxBxK=past.token_TxBxK.at[i].set(y_BxK),
      alpha_TxKxBxJ=None if alpha_TxKxBxJ is None else alpha_TxKxBxJ.at[i].set(alpha_KxBxJ),
    )
    ended_BxK = (y_BxK == EOS) & (log_p_BxK > -jnp.inf)
    score_BxK = jnp.where(ended_BxK, score_BxK, -jnp.inf)
    count_B = now.count_B + ended_BxK.sum(axis=1, dtype=jnp.int32)
    best_BxN, _ = jax.lax.top_k(jnp.concatenate([now.best_BxN, score_BxK], axis=1), n_best)
    worst_Bx1 = best_BxN.min(axis=1)[:, None]
    over_Bx1 = ((count_B >= K) | (i + 1 >= limit_B))[:, None]
    live_BxK = jnp.where(ended_BxK | over_Bx1, -jnp.inf, log_p_BxK)
    # A sentence stops as a whole: a hopeless hypothesis beside a hopeful one keeps its place.
    hopeless_B = (live_BxK / longest_Bx1 <= worst_Bx1).all(axis=1)
    live_BxK = jnp.where(hopeless_B[:, None], -jnp.inf, live_BxK)
    state = jax.tree.map(lambda x: x.reshape(K * B, *x.shape[2:])[row_KxB], state)
    return Search(i + 1, state, y_BxK.T, live_BxK, count_B, best_BxN, covered_KxBxJ, history)

  first_BxK = (jnp.arange(K)[None, :] == 0) & (limit_B > 0)[:, None]
  start = Search(
    i=jnp.int32(0),
    state=state,
    y_KxB=y_KxB,
    live_BxK=jnp.where(first_BxK, jnp.float32(0), -jnp.inf),
    count_B=jnp.zeros(B, jnp.int32),
    best_BxN=jnp.full((B, n_best), -jnp.inf, jnp.float32),
    covered_KxBxJ=jnp.zeros(alpha.shape, alpha.dtype) if coverage else None,
    history=History(
      log_p_TxBxK=jnp.full((steps, B, K), -jnp.inf, jnp.float32),
      score_TxBxK=jnp.full((steps, B, K), -jnp.inf, jnp.float32),
      parent_TxBxK=jnp.zeros((steps, B, K), jnp.int32),
      token_TxBxK=jnp.full((steps, B, K), PAD, jnp.int32),
      alpha_TxKxBxJ=jnp.zeros((steps, *alpha.shape), alpha.dtype) if alphas else None,
    ),
  )
  end = jax.lax.while_loop(going, body, start)
  return trace(end.history, limit_B, n_best)


def uncovered(
  covered_KxBxJ: Float[Array, "K B J"], real_BxJ: Bool[Array, "B J"]
) -> Float[Array, "K B"]:
  """sum_j log(min(covered_j, 1)) over the real tokens of the source, at most 0."""
  log_KxBxJ = jnp.log(jnp.clip(covered_KxBxJ, np.finfo(np.float32).tiny, 1.0))
  return jnp.where(real_BxJ[None], log_KxBxJ, 0.0).sum(axis=-1)


def trace(history: History, limit_B: Int[Array, "B"], n_best: int) -> Hypotheses:
  """Picks the N best ends out of a search's history and walks back from each."""
  log_p_TxBxK, token_TxBxK = history.log_p_TxBxK, history.token_TxBxK
  score_TxBxK = history.score_TxBxK
  T, B, K = log_p_TxBxK.shape
  length_T = jnp.arange(1, T + 1, dtype=jnp.int32)
  ended_TxBxK = token_TxBxK == EOS
  cut_TxBxK = ~ended_TxBxK & (length_T[:, None] == limit_B[None, :])[:, :, None]

  def best(where_TxBxK: Bool[Array, "T B K"]) -> tuple[Float[Array, "B N"], Int[Array, "B N"]]:
    score_TxBxK_ = jnp.where(where_TxBxK, score_TxBxK, -jnp.inf)
    score_BxN, end_BxN = jax.lax.top_k(score_TxBxK_.swapaxes(0, 1).reshape(B, T * K), n_best)
    return score_BxN, end_BxN

  (score_BxN, end_BxN), (score_cut_BxN, end_cut_BxN) = best(ended_TxBxK), best(cut_TxBxK)
  # First those that finished, then those that were cut.
  found_Bx1 = (score_BxN > -jnp.inf).sum(axis=1, dtype=jnp.int32)[:, None]
  rank_1xN = jnp.arange(n_best, dtype=jnp.int32)[None, :]
  finished_BxN = rank_1xN < found_Bx1
  pick_BxN = jnp.where(finished_BxN, rank_1xN, n_best + rank_1xN - found_Bx1)
  score_BxN = jnp.take_along_axis(jnp.concatenate([score_BxN, score_cut_BxN], 1), pick_BxN, 1)
  end_BxN = jnp.take_along_axis(jnp.concatenate([end_BxN, end_cut_BxN], 1), pick_BxN, 1)
  exists_BxN = score_BxN > -jnp.inf
  length_BxN = jnp.where(exists_BxN, end_BxN // K + 1, 0)
  b_Bx1 = jnp.arange(B, dtype=jnp.int32)[:, None]

  def back(
    k_BxN: Int[Array, "B N"], step: Place
  ) -> tuple[Int[Array, "B N"], tuple[Int[Array, "B N"], Float[Array, "B N J"] | None]]:
    i, parent_BxK, token_BxK, alpha_KxBxJ = step
    inside_BxN = i < length_BxN
    token_BxN = jnp.where(inside_BxN, token_BxK[b_Bx1, k_BxN], PAD)
    k_BxN = jnp.where(inside_BxN, parent_BxK[b_Bx1, k_BxN], k_BxN)
    if alpha_KxBxJ is None:
      return k_BxN, (token_BxN, None)
    return k_BxN, (token_BxN, jnp.where(inside_BxN[..., None], alpha_KxBxJ[k_BxN, b_Bx1], 0.0))

  steps = (
    jnp.arange(T, dtype=jnp.int32),
    history.parent_TxBxK,
    token_TxBxK,
    history.alpha_TxKxBxJ,
  )
  _, (token_TxBxN, alpha_TxBxNxJ) = jax.lax.scan(back, end_BxN % K, steps, reverse=True)
  log_p_BxN = log_p_TxBxK[end_BxN // K, b_Bx1, end_BxN % K]
  return Hypotheses(
    tokens_BxNxT=jnp.moveaxis(token_TxBxN, 0, 2),
    length_BxN=length_BxN,
    log_probability_BxN=jnp.where(exists_BxN, log_p_BxN, -jnp.inf),
    score_BxN=score_BxN,
    finished_BxN=finished_BxN & exists_BxN,
    alpha_BxNxTxJ=None if alpha_TxBxNxJ is None else jnp.moveaxis(alpha_TxBxNxJ, 0, 2),
  )
