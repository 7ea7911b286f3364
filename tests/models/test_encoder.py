"""Every encoder sees the real words of its sentence and nothing else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmt import kinds
from nmt.models import rebuild
from nmt.models.activations import layers

CHOICES = [{"encoder.kind": kind} for kind in kinds.names("model.encoder")]
CHOICES += [{"encoder.kind": "alternating", "encoder.layers": 3, "cell.residual": True}]


@pytest.fixture
def make(small, weights, sizes):
  def make(**choice):
    config = small(**choice)
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
    return rebuild(config, *sizes, params)

  return make


@jax.jit
def encode(model, source):
  notes = model.encoder(source, source != 0)
  words = [h for h in (notes.h_BxJxD, notes.values_BxJxD) if h is not None]
  return words, notes.summary_BxN


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: "-".join(map(str, choice.values())))
def test_padding_and_neighbours_change_no_annotation(make, choice, pairs, pad):
  model = make(**choice)
  both, summary = encode(model, jnp.asarray(pad([x for x, _ in pairs], 9)))
  for b, (x, _) in enumerate(pairs):
    alone, summary_alone = encode(model, jnp.asarray([x]))
    np.testing.assert_allclose(summary[b], summary_alone[0], rtol=1e-5, atol=1e-6)
    for h, h_alone in zip(both, alone, strict=True):
      np.testing.assert_allclose(h[b, : len(x)], h_alone[0], rtol=1e-5, atol=1e-6)
    assert model.encoder.width == h.shape[2]
    assert model.encoder.summary_width == summary.shape[1]


@pytest.mark.parametrize("kind", kinds.names("model.encoder"))
def test_a_row_without_words_has_a_finite_summary(make, kind):
  _, summary = encode(make(**{"encoder.kind": kind}), jnp.zeros((1, 3), jnp.int32))
  assert np.isfinite(summary).all()


def test_the_first_backward_state_is_in_the_first_annotation(make, pairs, pad):
  (h,), first = encode(make(), jnp.asarray(pad([x for x, _ in pairs])))
  np.testing.assert_array_equal(h[:, 0, h.shape[2] // 2 :], first)


# Which of the annotations of words 1 to 6 change with word 3.
SIGHT = {
  "unidirectional": "001111",
  "reversed": "111000",
  "alternating": "111111",
  "embeddings": "001000",
  "convolutional": "011100",
}


@pytest.mark.parametrize("kind", SIGHT)
def test_how_far_annotations_look(make, kind):
  choice = {"encoder.layers": 1, "encoder.value_layers": 1} if kind == "convolutional" else {}
  model = make(**{"encoder.kind": kind}, **choice)
  one, two = (encode(model, np.array([[4, 5, word, 6, 7, 2]]))[0] for word in (6, 9))
  for h, other in zip(one, two, strict=True):
    moved = (h[0] != other[0]).any(axis=1)
    assert "".join(map(str, np.asarray(moved, int))) == SIGHT[kind]


def test_annotations_look_around(make):
  model = make()

  def forward_and_backward(changed):
    (h,), _ = encode(model, np.array([[4, 5, changed, 2]]))
    return np.split(np.asarray(h[0]), 2, axis=1)

  (forward, backward), (forward_2, backward_2) = map(forward_and_backward, (6, 9))
  np.testing.assert_array_equal(forward[:2], forward_2[:2])
  np.testing.assert_array_equal(backward[3], backward_2[3])
  assert (forward[2:] != forward_2[2:]).all()
  assert (backward[:3] != backward_2[:3]).all()


@pytest.mark.parametrize("kind", ["bidirectional", "alternating"])
def test_the_highest_of_the_layers_gives_the_annotations(kind, make, pad, pairs):
  model = make(**{"encoder.kind": kind, "cell.layers": 2})
  source = jnp.asarray(pad([x for x, _ in pairs]))
  vectors, lowest, highest = jax.jit(layers)(model, source)
  np.testing.assert_array_equal(vectors, model.encoder.E_x[...][source])
  (whole, *_), _ = encode(model, source)
  np.testing.assert_allclose(highest, whole, rtol=1e-6)
  assert lowest.shape == whole.shape
  assert not np.allclose(lowest, whole)
