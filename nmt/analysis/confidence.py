"""How sure a run is of each word: of the words of references, and of its own."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmt import models
from nmt.decoding.forced import each
from nmt.decoding.trained import Run


class Sure(NamedTuple):
  """Of each token of a given translation, the end last: its probability, the likeliest token's, and
  whether they are the same.
  """

  given_T: np.ndarray
  likeliest_T: np.ndarray
  right_T: np.ndarray


def confidences(
  run: Run, pairs: Iterable[tuple[Sequence[int], Sequence[int]]]
) -> Iterator[Sure | None]:
  """Forces (source ids, target ids), without BOS or EOS; None of a pair that is too long."""
  model, sizes = run.config.model, (run.source.size, run.target.size)

  @jax.jit
  def sure(params: Any, source_BxJ: jax.Array, target_BxT: jax.Array) -> Any:
    module = models.rebuild(model, *sizes, params)
    logits = module.logits(module.features(source_BxJ, target_BxT).t).astype(jnp.float32)
    given = jnp.take_along_axis(logits, target_BxT[:, :, None], axis=2)[:, :, 0]
    total, most = jax.nn.logsumexp(logits, axis=2), logits.max(axis=2)
    right = logits.argmax(axis=2) == target_BxT
    return jnp.exp(given - total), jnp.exp(most - total), right

  def cut(row: Any, J: int, T: int) -> Sure:
    return Sure(*(np.array(x[:T]) for x in row))

  return each(pairs, lambda *batch: sure(run.params, *batch), cut)
