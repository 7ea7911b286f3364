"""One table of word vectors for both sides, and for the output too."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt.errors import UserError
from nmt.models import flat, init, rebuild, shapes

V = 13


@pytest.mark.parametrize("tie", [False, True])
def test_joint_vectors_are_one_array_in_every_place(small, pairs, pad, tie):
  joint, apart = small(joint=True, tie=tie), small(tie=tie)
  params = init(joint, V, V, seed=0)
  assert "encoder.E_x" not in flat(params)
  assert flat(params).keys() == flat(shapes(joint, V, V)).keys()
  source, target = (jnp.asarray(pad(side)) for side in zip(*pairs, strict=True))

  @jax.jit
  def slopes(params, E_x):
    def loss(model):
      t = model.features(source, target).t
      return jnp.square(model.logits(t)).sum()

    def of_both(params, E_x):
      encoder = params["encoder"] | {"E_x": E_x}
      return loss(rebuild(apart, V, V, params | {"encoder": encoder}))

    one = jax.value_and_grad(lambda params: loss(rebuild(joint, V, V, params)))(params)
    return one, jax.value_and_grad(of_both, (0, 1))(params, E_x)

  (value, gradient), (expected, (own, of_source)) = slopes(params, params["decoder"]["E_y"])
  np.testing.assert_allclose(value, expected, rtol=1e-6)
  own["decoder"]["E_y"] += of_source
  for name, one in flat(gradient).items():
    np.testing.assert_allclose(one, flat(own)[name], rtol=1e-4, atol=1e-4)
  assert np.abs(of_source).max() > 0.01


def test_two_vocabularies_have_no_joint_vectors(small, sizes):
  with pytest.raises(
    UserError, match=r"source has 11 words .* target 13: set data\.tokenizer\.joint"
  ):
    init(small(joint=True), *sizes, seed=0)
