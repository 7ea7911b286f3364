"""How sharply a batch's attention looks, and how much of the source it looks at, as sums."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Shaped


def attention_sums(
  alpha_BxTxJ: Float[Array, "B T J"], source_BxJ: Bool[Array, "B J"], target_BxT: Bool[Array, "B T"]
) -> dict[str, Shaped[Array, ""]]:
  """Sums over real tokens: the attention's entropy, what is covered, and the source's tokens.

  attention_entropy: -sum_j a_ij ln a_ij of each target token, in nats, a_ij being alpha_ij's share
  of its row. covered: min(sum_i alpha_ij, 1) of each source token. These are what
  nmt/evaluation/attention.py has of single sentences.
  """
  both = target_BxT[:, :, None] & source_BxJ[:, None]
  alpha = jnp.where(both, alpha_BxTxJ.astype(jnp.float32), 0)
  total = alpha.sum(axis=2, keepdims=True)
  share = alpha / jnp.where(total > 0, total, 1)
  surprise = -jnp.log(jnp.where(share > 0, share, 1))
  return {
    "attention_entropy": (share * surprise).sum(),
    "covered": jnp.minimum(alpha.sum(axis=1), 1).sum(),
    "source_tokens": source_BxJ.sum(dtype=jnp.int32),
  }
