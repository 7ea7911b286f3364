"""The K likeliest continuations of K live hypotheses."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def best_tokens(
  logits_KxBxV: Float[Array, "K B V"],
  penalty_V: Float[Array, "V"],
  live_BxK: Float[Array, "B K"],
  block: int | None = None,
) -> tuple[Float[Array, "B K"], Int[Array, "B K"], Int[Array, "B K"]]:
  """Of all live_k + log softmax(logits_k)[v] + penalty[v], the K largest of each sentence.

  Exact, and the large array is only reduced: the largest of each block of the vocabulary first,
  then the K best blocks (the K largest are in them), then the K largest inside those. Ties go to
  the smaller k, then to the smaller v, as sorting all of them has it.

  Args:
    logits_KxBxV: of the K live hypotheses.
    penalty_V: added after normalisation; -inf forbids.
    live_BxK: their log-probabilities; -inf for an empty place.
    block: tokens in a block; about sqrt(V) when not given.

  Returns:
    log-probability, parent k and token of each choice: BxK, BxK, BxK; -inf where there is none.
  """
  K, B, V = logits_KxBxV.shape
  block = block or 1 << round(V.bit_length() / 2)
  blocks = -(-V // block)
  logits_KxBxV = logits_KxBxV.astype(jnp.float32)
  log_z_KxB = jax.nn.logsumexp(logits_KxBxV, axis=-1)
  offset_BxK = live_BxK - log_z_KxB.T

  scores_KxBxV = logits_KxBxV + penalty_V[None, None, :]
  filled = jnp.pad(
    scores_KxBxV, ((0, 0), (0, 0), (0, blocks * block - V)), constant_values=-jnp.inf
  )
  peak_KxBxM = filled.reshape(K, B, blocks, block).max(axis=-1)
  peak_BxKxM = jnp.moveaxis(peak_KxBxM, 0, 1) + offset_BxK[:, :, None]
  _, which_BxK = jax.lax.top_k(peak_BxKxM.reshape(B, K * blocks), K)
  which_BxK = jnp.sort(which_BxK, axis=1)  # by k and v, not by their best token: for ties below it

  k_BxK = which_BxK // blocks
  g_1x1xG = jnp.arange(block, dtype=jnp.int32)[None, None, :]
  v_BxKxG = (which_BxK % blocks)[:, :, None] * block + g_1x1xG
  b_Bx1x1 = jnp.arange(B, dtype=jnp.int32)[:, None, None]
  inside = jnp.minimum(v_BxKxG, V - 1)
  candidate_BxKxG = logits_KxBxV[k_BxK[:, :, None], b_Bx1x1, inside] + penalty_V[inside]
  candidate_BxKxG += jnp.take_along_axis(offset_BxK, k_BxK, 1)[:, :, None]
  candidate_BxKxG = jnp.where(v_BxKxG < V, candidate_BxKxG, -jnp.inf)
  log_p_BxK, at_BxK = jax.lax.top_k(candidate_BxKxG.reshape(B, K * block), K)
  parent_BxK = jnp.take_along_axis(k_BxK, at_BxK // block, 1)
  token_BxK = jnp.take_along_axis(which_BxK % blocks, at_BxK // block, 1) * block + at_BxK % block
  return log_p_BxK, parent_BxK.astype(jnp.int32), jnp.minimum(token_BxK, V - 1).astype(jnp.int32)
