"""Words that are mixtures over source words: chunks, search, one source word, and sharp alpha."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from nmt import loading
from nmt.data.ids import BOS
from nmt.data.words import Words
from nmt.decoding.hypotheses import forbidden
from nmt.decoding.translator import search
from nmt.errors import UserError
from nmt.models import mixture, rebuild

LATENT = {"attention.kind": "latent"}


@pytest.fixture
def made(small, weights, sizes, pairs, pad):
  """made(**choice) is a config, float32 parameters, and a padded batch."""

  def make(**choice):
    config = small(**LATENT | choice)
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), weights(config))
    return config, params, *(jnp.asarray(pad(side)) for side in zip(*pairs, strict=True))

  return make


def test_chunks_change_nothing(monkeypatch):
  """Of 5 sentences and 7 positions, which no chunk divides; notes are shared by the positions."""
  random = np.random.default_rng(0)
  B, T, J, V = 5, 7, 3, 4
  c, s, W, mix = (jnp.asarray(random.standard_normal(shape)) for shape in
                  ((B, J, V), (B, T, V), (V, V), (B, T, V)))  # fmt: skip
  log_alpha = jax.nn.log_softmax(jnp.asarray(random.standard_normal((B, T, J))))
  y = jnp.asarray(random.integers(0, V, (B, T)))

  def value(numbers, *arrays):
    monkeypatch.setattr(mixture, "_NUMBERS", numbers)

    def run(log_alpha, c, s, W):
      t = mixture.Mixture({"readout": c, "scratchpad": None}, log_alpha, s, None, None)

      def each(part):
        t = part.notes["readout"][:, None] * part.s[:, :, None]
        return jax.nn.log_softmax(t @ W)

      said = mixture.of_words(each, t, V, y)
      assert said.each.shape == (B, T, J)
      return (mixture.whole(each, t, V) * mix).sum() + said.log_p.sum() + said.each[:, :, 0].sum()

    return jax.jit(jax.value_and_grad(run, (0, 1, 2, 3)))(*arrays)

  arrays = log_alpha, c, s, W
  whole, *others = (value(count, *arrays) for count in (1 << 23, J * V * 15, J * V * 3))
  for other in others:
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), whole, other)


def test_probabilities_of_all_words_sum_to_1_and_those_of_given_words_are_among_them(made, sizes):
  config, params, source, target = made()

  @jax.jit
  def run(params):
    model = rebuild(config, *sizes, params)
    t = model.features(source, target).t
    return model.logits(t), model.words(t, target)

  log_p, said = run(params)
  real = np.asarray(target) > 0
  np.testing.assert_allclose(jax.nn.logsumexp(log_p, axis=2)[real], 0, atol=1e-5)
  chosen = jnp.take_along_axis(log_p, target[:, :, None], axis=2)[..., 0]
  np.testing.assert_allclose(said.log_p, chosen, rtol=1e-6)
  np.testing.assert_array_equal(said.right, log_p.argmax(axis=2) == target)
  np.testing.assert_allclose(said.uniform, -log_p.mean(axis=2), rtol=1e-6)


def test_with_one_source_word_it_is_soft_attention_dropout_included(small, weights, sizes):
  """Deng et al. (2018), section 2.2: where z is certain, E[f(z)] = f(E[z])."""
  choice = {"order.kind": "update_first", "dropout.readout": 0.4, "dropout.state": 0.2}
  params = jax.tree.map(
    lambda leaf: jnp.asarray(leaf, jnp.float32), weights(small(**LATENT | choice))
  )
  energy = params["decoder"]["attention"]["energy"]
  soft = params | {"decoder": params["decoder"] | {"attention": energy}}
  source, target = jnp.array([[2], [7]]), jnp.array([[4, 5, 2], [6, 2, 0]])
  keys = jax.random.split(jax.random.key(1), 2)
  found = []
  for kind, given in (("latent", params), ("additive", soft)):
    config = small(**{"attention.kind": kind} | choice)

    @jax.jit
    def run(params, keys, config=config):
      model = rebuild(config, *sizes, params)
      return jax.nn.log_softmax(model.logits(model.features(source, target, keys).t))

    found += [run(given, keys), run(given, None)]
  assert np.abs(found[0] - found[1]).max() > 0.01  # that dropout drops
  np.testing.assert_allclose(found[0], found[2], rtol=1e-4, atol=1e-5)
  np.testing.assert_allclose(found[1], found[3], rtol=1e-4, atol=1e-5)


def test_a_prior_that_underflows_leaves_gradients_finite(made, sizes):
  config, params, source, target = made()
  energy = params["decoder"]["attention"]["energy"]
  energy["v_a"] = energy["v_a"] * 1e4

  def loss(params):
    model = rebuild(config, *sizes, params)
    features = model.features(source, target)
    said = jnp.where(target > 0, model.words(features.t, target).log_p, 0)
    return said.sum(), features.alpha

  run = jax.jit(jax.value_and_grad(loss, has_aux=True))
  (value, alpha), gradients = run(params)
  assert ((alpha == 0).sum(axis=2) > 0).any()
  assert np.isfinite(value)
  assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients))


@pytest.mark.parametrize("top", [0, 2])
def test_search_and_forcing_give_the_probability_of_the_mixture(made, sizes, top):
  config, params, source, _ = made(**{"attention.top": top})
  run = made_run(config, sizes, params)
  found = search(
    params, source, jnp.full(len(source), 5, jnp.int32), jnp.float32(1.0), encode=run.encode,
    step=run.step, size=3, steps=5, forbid=forbidden(False), n_best=1, alphas=True,
  )  # fmt: skip
  tokens = found.tokens_BxNxT[:, 0]
  assert (tokens != BOS).all()
  log_p, alpha = jax.jit(run.force)(params, source, tokens)
  J = source.shape[1]
  looked = (np.asarray(found.alpha_BxNxTxJ[:, 0]) > 0).sum(axis=2)
  assert looked.max() == (top or J)
  if not top:
    np.testing.assert_allclose(found.log_probability_BxN[:, 0], log_p.sum(axis=1), rtol=1e-4)
    np.testing.assert_allclose(
      found.alpha_BxNxTxJ[:, 0], np.where(np.asarray(tokens)[..., None] > 0, alpha, 0), atol=1e-5
    )
  else:  # forcing is exact, whatever a search leaves out
    assert ((np.asarray(alpha) > 0).sum(axis=2).max()) == J


@pytest.mark.parametrize("by", ["posterior", "inference"])
def test_given_words_are_aligned_by_what_is_asked_for(
  small, weights, sizes, pairs, pad, oracle, by
):
  choice = LATENT | {"attention.inference": True, "attention.alignment": by}
  config = small(**choice)
  params = weights(config)
  with jax.enable_x64(True):
    source, target = (jnp.asarray(pad(side)) for side in zip(*pairs, strict=True))

    @jax.jit
    def run(params):
      model = rebuild(config, *sizes, params)
      return model.alignments(source, target, model.features(source, target))

    found = run(jax.tree.map(jnp.asarray, params))
  for b, (x, y) in enumerate(pairs):
    q, posterior, *_ = oracle.latent(params, x, y, **choice)
    wanted = posterior if by == "posterior" else q
    np.testing.assert_allclose(found[b, : len(y), : len(x)], wanted, rtol=1e-9)
    assert (np.asarray(found)[b, : len(y), len(x) :] == 0).all()


@pytest.mark.parametrize(
  "choice",
  [
    {},
    {"order.state": "current"},
    {"attention.kind": "dot"},
    {"normaliser.kind": "sparsemax"},
    {"attention.kind": "conv", "order.kind": "update_first", "order.input_feeding": False},
    {"attention.kind": "latent", "attention.energy": "additive_coverage"},
  ],
  ids=["RNNsearch", "current state", "no parameters", "exact zeros", "configs/best.py", "latent"],
)
def test_a_run_is_read_by_the_posterior_of_its_own_parameters(
  small, weights, sizes, pairs, pad, oracle, choice
):
  params = weights(small(**choice))
  run = loading.posterior(made_run(small(**choice), sizes, jax.tree.map(jnp.asarray, params)))
  source, target = (jnp.asarray(pad(side)) for side in zip(*pairs, strict=True))
  log_p, found = jax.jit(run.force)(run.params, source, target)
  if choice.get("attention.kind") != "latent":
    kind = choice.get("attention.kind", "additive")
    choice = choice | LATENT | {"attention.energy": kind}
    decoder = params["decoder"]
    attention = {"energy": decoder.get("attention", {})}
    params = params | {"decoder": decoder | {"attention": attention}}
  moved = []
  for b, (x, y) in enumerate(pairs):
    reading = oracle.read(params, x, y, **choice)
    steps = list(zip(reading.alpha, reading.each, y, strict=True))
    wanted = np.stack([oracle.posterior(*step) for step in steps])
    np.testing.assert_allclose(found[b, : len(y), : len(x)], wanted, atol=2e-5)
    moved.append(np.abs(wanted - np.stack(reading.alpha)).max())
    mixture = [np.log(alpha @ np.exp(each[:, word])) for alpha, each, word in steps]
    np.testing.assert_allclose(log_p[b, : len(y)], mixture, rtol=1e-3, atol=1e-4)
  assert max(moved) > 0.01  # a word tells something of where it comes from


@pytest.mark.parametrize(
  ("choice", "message"),
  [
    ({"attention.kind": "none"}, "kind=none is none that scores each word"),
    ({"attention.kind": "multihead"}, "kind=multihead is none that scores each word"),
    ({"readout.kind": "linear"}, "each source word has a readout of its own, which must see it"),
  ],
)
def test_a_run_without_a_posterior_is_refused(small, weights, sizes, choice, message):
  config = small(**choice)
  with pytest.raises(UserError, match=f"this run's attention has no posterior.*{message}"):
    loading.posterior(made_run(config, sizes, weights(config)))


def made_run(config, sizes, params):
  """A run with these parameters, whose words are numbers."""
  source, target = (Words("en", [str(word) for word in range(size - 4)]) for size in sizes)
  return loading.of(ConfigDict({"model": config}), source, target, params)
