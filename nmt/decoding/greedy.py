"""Greedy search: the likeliest token, again and again."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from nmt.data.ids import BOS, EOS, PAD
from nmt.decoding.hypotheses import Hypotheses, Step, penalties
from nmt.decoding.topk import best_tokens


class Search(NamedTuple):
  """What the loop over positions carries."""

  i: Int[Array, ""]  # the position
  state: Any  # of the model
  y_B: Int[Array, "B"]  # the previous token
  live_B: Bool[Array, "B"]  # whether the sentence goes on
  log_p_B: Float[Array, "B"]
  tokens_TxB: Int[Array, "T B"]
  alpha_TxBxJ: Float[Array, "T B J"] | None


def greedy(
  step: Step,
  memory: Any,
  state: Any,
  limit_B: Int[Array, "B"],
  *,
  steps: int,
  forbid: Sequence[int],
  length_penalty: float | Float[Array, ""] = 1.0,
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

  def going(now: Search) -> Bool[Array, ""]:
    return (now.i < steps) & now.live_B.any()

  def body(now: Search) -> Search:
    state, (logits_BxV, alpha_BxJ) = step(memory, now.state, now.y_B)
    log_y_Bx1, _, y_Bx1 = best_tokens(logits_BxV[None], penalty_V, jnp.zeros((B, 1), jnp.float32))
    y_B, log_y_B = y_Bx1[:, 0], log_y_Bx1[:, 0]
    alpha_TxBxJ = now.alpha_TxBxJ
    if alpha_TxBxJ is not None:
      alpha_TxBxJ = alpha_TxBxJ.at[now.i].set(jnp.where(now.live_B[:, None], alpha_BxJ, 0.0))
    return Search(
      i=now.i + 1,
      state=state,
      y_B=y_B,
      live_B=now.live_B & (y_B != EOS) & (now.i + 1 < limit_B),
      log_p_B=now.log_p_B + jnp.where(now.live_B, log_y_B, 0.0),
      tokens_TxB=now.tokens_TxB.at[now.i].set(jnp.where(now.live_B, y_B, PAD)),
      alpha_TxBxJ=alpha_TxBxJ,
    )

  start = Search(
    i=jnp.int32(0),
    state=state,
    y_B=jnp.full(B, BOS, jnp.int32),
    live_B=limit_B > 0,
    log_p_B=jnp.zeros(B, jnp.float32),
    tokens_TxB=jnp.full((steps, B), PAD, jnp.int32),
    alpha_TxBxJ=jnp.zeros((steps, *alpha.shape), alpha.dtype) if alphas else None,
  )
  end = jax.lax.while_loop(going, body, start)
  length_B = (end.tokens_TxB != PAD).sum(axis=0, dtype=jnp.int32)
  ran_B = limit_B > 0
  score_B = end.log_p_B / jnp.maximum(length_B, 1).astype(jnp.float32) ** length_penalty
  return Hypotheses(
    tokens_BxNxT=end.tokens_TxB.T[:, None],
    length_BxN=length_B[:, None],
    log_probability_BxN=jnp.where(ran_B, end.log_p_B, -jnp.inf)[:, None],
    score_BxN=jnp.where(ran_B, score_B, -jnp.inf)[:, None],
    finished_BxN=(end.tokens_TxB == EOS).any(axis=0)[:, None],
    alpha_BxNxTxJ=None if end.alpha_TxBxJ is None else end.alpha_TxBxJ.swapaxes(0, 1)[:, None],
  )
