import jax
import jax.numpy as jnp
import numpy as np
from ml_collections import ConfigDict

from nmt.data.ids import BOS, PAD
from nmt.data.units import Bytes
from nmt.decoding.forced import force
from nmt.decoding.limits import MAX_FORCED
from nmt.decoding.trained import Run


def random(params, source_BxJ, target_BxT):
  """Log-probabilities and alpha that depend on the whole source and the previous target token."""
  real_BxJ = source_BxJ != PAD
  previous = jnp.pad(target_BxT[:, :-1], ((0, 0), (1, 0)), constant_values=BOS)
  content_B = jnp.where(real_BxJ, jnp.sin(source_BxJ * params), 0).sum(axis=1)
  energies = jnp.sin(source_BxJ[:, None, :] * previous[:, :, None] * params)
  alpha = jax.nn.softmax(jnp.where(real_BxJ[:, None, :], energies, -jnp.inf), axis=-1)
  return -((content_B[:, None] + target_BxT * params) ** 2), alpha


RUN = Run(
  config=ConfigDict(),
  source=Bytes(),
  target=Bytes(),
  params=0.1,
  update=1,
  aligns=True,
  encode=random,  # neither is called
  step=random,
  force=random,
)


def pairs(count, seed=0):
  rng = np.random.default_rng(seed)
  return [
    (
      rng.integers(4, 50, rng.integers(0, 40)).tolist(),
      rng.integers(4, 50, rng.integers(0, 40)).tolist(),
    )
    for _ in range(count)
  ]


def test_results_come_in_order_with_the_ends_of_sentence():
  data = pairs(30)
  results = list(force(RUN, iter(data), batch=4))
  assert len(results) == 30
  for (source, target), result in zip(data, results, strict=True):
    assert result.log_probs_T.shape == (len(target) + 1,)
    assert result.alpha_TxJ.shape == (len(target) + 1, len(source) + 1)
    np.testing.assert_allclose(result.alpha_TxJ.sum(axis=1), 1, rtol=1e-5)


def test_a_pair_does_not_feel_its_neighbours():
  data = pairs(12)
  together = list(force(RUN, data, batch=8))
  for pair, result in zip(data, together, strict=True):
    (alone,) = force(RUN, [pair], batch=8)
    np.testing.assert_array_equal(alone.log_probs_T, result.log_probs_T)
    np.testing.assert_array_equal(alone.alpha_TxJ, result.alpha_TxJ)


def test_alignments_can_be_left_out():
  data = pairs(5)
  full, short = list(force(RUN, data)), list(force(RUN, data, alignments=False))
  for a, b in zip(full, short, strict=True):
    assert b.alpha_TxJ is None
    np.testing.assert_allclose(a.log_probs_T, b.log_probs_T, rtol=1e-6)


def test_a_pair_too_long_is_told_and_harms_no_other():
  data = [([5], [6]), ([5] * (MAX_FORCED + 1), [6]), ([5], [6])]
  first, long, last = force(RUN, data)
  assert long is None
  np.testing.assert_array_equal(first.log_probs_T, last.log_probs_T)


def test_input_is_read_a_window_at_a_time():
  read = []

  def endless():
    while True:
      read.append(1)
      yield [5], [6]

  results = force(RUN, endless(), batch=2)
  next(results)
  assert len(read) == 32
