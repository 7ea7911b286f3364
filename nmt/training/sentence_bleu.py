"""BLEU of single sentences, over ids and inside a compiled program."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

ORDER = 4


def sentence_bleu(
  ids_NxL: Int[Array, "N L"], references_NxT: Int[Array, "N T"]
) -> Float[Array, "N"]:
  """BLEU in [0, 1] of N sentences, each against its reference; ids of 0 and less are no words.

  BLEU+1 (Lin and Och, 2004): of orders above 1, matches and n-grams are each one more than they
  are. Words must come first in a row.
  """
  words, wanted = ids_NxL > 0, references_NxT > 0
  same = _pairs(ids_NxL, references_NxT) & words[:, :, None] & wanted[:, None]
  own = _pairs(ids_NxL, ids_NxL) & words[:, :, None] & words[:, None]
  log_precisions = []
  real, length = words, words.sum(axis=1)
  in_reference, in_own = same, own
  for n in range(1, ORDER + 1):
    if n > 1:
      real = real & _later(words, n - 1, 1)
      in_reference, in_own = (
        found & _later(_later(one, n - 1, 1), n - 1, 2)
        for found, one in ((in_reference, same), (in_own, own))
      )
    # An n-gram that is there h times here and r times there matches min(h, r) times.
    h, r = (found.sum(axis=2).astype(jnp.float32) for found in (in_own, in_reference))
    matches = jnp.where(real, jnp.minimum(h, r) / jnp.maximum(h, 1), 0).sum(axis=1)
    count = real.sum(axis=1).astype(jnp.float32)
    more = float(n > 1)
    log_precisions.append(jnp.log((matches + more) / jnp.maximum(count + more, 1)))
  ratio = wanted.sum(axis=1) / jnp.maximum(length, 1).astype(jnp.float32)
  brevity = jnp.minimum(0, 1 - ratio.astype(jnp.float32))
  mean = sum(log_precisions[1:], log_precisions[0]) / ORDER
  return jnp.where(length > 0, jnp.exp(mean + brevity), 0)


def _pairs(one_NxL: Int[Array, "N L"], other_NxT: Int[Array, "N T"]) -> Bool[Array, "N L T"]:
  """Which words of two rows are the same: NxLxT."""
  return one_NxL[:, :, None] == other_NxT[:, None]


def _later(x: Bool[Array, "*shape"], steps: int, axis: int) -> Bool[Array, "*shape"]:
  """What is so many places later along an axis, and False beyond the end."""
  size = x.shape[axis]
  steps = min(steps, size)
  widths = [(0, steps if k == axis else 0) for k in range(x.ndim)]
  return jnp.pad(jax.lax.slice_in_dim(x, steps, size, axis=axis), widths)
