"""Greedy search: the likeliest token, again and again."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from nmt.data.ids import BOS, EOS, PAD
from nmt.decoding.hypotheses import Hypotheses, Step, penalties
from nmt.decoding.topk import best_tokens


def greedy(
  step: Step,
  memory: Any,
  state: Any,
  limit_B: jax.Array,
  *,
  steps: int,
  forbid: Sequence[int],
  length_penalty: jax.Array | float = 1.0,
  alphas: bool = True,
) -> Hypotheses:
  """Follows argmax_y p(y | y_<i, x) until EOS or `limit_B` tokens; the loop ends with the last row.

  Args:
    step: see `Step`.
    memory: what `step` reads; leaves lead with B.
    state: the state before the first token; leaves lead with B.
    limit_B: longest output of each row, EOS included, at most `steps`; a row of 0 is not run.
    steps: T, the size of the buffers.
    forbid: tokens never chosen.
    length_penalty: used for the score only.
    alphas: whether to keep the alignment weights.
  """
  B = limit_B.shape[0]
  _, (logits, alpha) = jax.eval_shape(step, memory, state, jnp.zeros(B, jnp.int32))
  penalty_V = penalties(logits.shape[-1], forbid)
  history_TxBxJ = jnp.zeros((steps, *alpha.shape), alpha.dtype) if alphas else None

  def going(carry):
    i, live_B = carry[0], carry[3]
    return (i < steps) & live_B.any()

  def body(carry):
    i, state, y_B, live_B, log_p_B, tokens_TxB, history_TxBxJ = carry
    state, (logits_BxV, alpha_BxJ) = step(memory, state, y_B)
    log_y_Bx1, _, y_Bx1 = best_tokens(logits_BxV[None], penalty_V, jnp.zeros((B, 1), jnp.float32))
    y_B, log_y_B = y_Bx1[:, 0], log_y_Bx1[:, 0]
    tokens_TxB = tokens_TxB.at[i].set(jnp.where(live_B, y_B, PAD))
    if alphas:
      history_TxBxJ = history_TxBxJ.at[i].set(jnp.where(live_B[:, None], alpha_BxJ, 0.0))
    log_p_B = log_p_B + jnp.where(live_B, log_y_B, 0.0)
    live_B = live_B & (y_B != EOS) & (i + 1 < limit_B)
    return i + 1, state, y_B, live_B, log_p_B, tokens_TxB, history_TxBxJ

  start = (
    jnp.int32(0),
    state,
    jnp.full(B, BOS, jnp.int32),
    limit_B > 0,
    jnp.zeros(B, jnp.float32),
    jnp.full((steps, B), PAD, jnp.int32),
    history_TxBxJ,
  )
  *_, log_p_B, tokens_TxB, history_TxBxJ = jax.lax.while_loop(going, body, start)
  length_B = (tokens_TxB != PAD).sum(axis=0, dtype=jnp.int32)
  ran_B = limit_B > 0
  score_B = log_p_B / jnp.maximum(length_B, 1).astype(jnp.float32) ** length_penalty
  return Hypotheses(
    tokens_BxNxT=tokens_TxB.T[:, None],
    length_BxN=length_B[:, None],
    log_probability_BxN=jnp.where(ran_B, log_p_B, -jnp.inf)[:, None],
    score_BxN=jnp.where(ran_B, score_B, -jnp.inf)[:, None],
    finished_BxN=(tokens_TxB == EOS).any(axis=0)[:, None],
    alpha_BxNxTxJ=None if history_TxBxJ is None else history_TxBxJ.swapaxes(0, 1)[:, None],
  )
