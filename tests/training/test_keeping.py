"""Checkpoints at chosen updates, which change nothing else of a run."""

import functools

import jax
import numpy as np
import pytest

from nmt.evaluation import attention
from nmt.exit_codes import CONTINUE
from nmt.launching.flags import override_by
from nmt.training.attention_sums import attention_sums
from nmt.training.checkpoints import updates
from nmt.training.keeping import chosen
from tests.training.test_loop import lines, same, train


def kept(config, up_to):
  return [*filter(functools.partial(chosen, config.valid), range(up_to + 1))]


def test_chosen_updates(config):
  assert kept(config, 1000) == []
  assert kept(override_by(config, {"valid.keep_tenfold": 1}), 1000) == [1, 10, 100, 1000]
  config.valid.keep_tenfold = 3
  assert kept(config, 1000) == [1, 2, 5, 10, 22, 46, 100, 215, 464, 1000]
  config.valid.keep_at = (7, 10)
  assert kept(config, 50) == [1, 2, 5, 7, 10, 22, 46]
  for count in range(1, 40):
    config.valid.update(keep_at=(), keep_tenfold=count)
    assert kept(config, 200) == sorted(
      {round(10 ** (k / count)) for k in range(3 * count)} - {*range(201, 1001)}
    )


@pytest.mark.slow
def test_they_stay_and_change_nothing_else(config, prepared, tmp_path):
  config.train.update(updates=9, ema=0.9)
  config.valid.update(every=4, log=3, keep=1, patience=0)
  _, plain = train(config, tmp_path / "plain", prepared)
  config.valid.update(keep_at=(1, 4, 6), keep_tenfold=1)
  code, parts = train(config, tmp_path / "parts", prepared, stop_before={7})
  assert code == CONTINUE
  assert {1, 4, 6} <= {*updates(parts.checkpoints)}
  assert train(config, tmp_path / "parts", prepared)[0] == 0
  assert updates(parts.checkpoints) == [1, 4, 6, 9]
  assert updates(plain.checkpoints) == [4, 9]  # the best and the last
  same(config, plain, parts)
  valid = [line for line in lines(parts) if line["kind"] == "valid"]
  assert [line["update"] for line in valid] == [4, 8, 9]
  for line in valid:
    assert 0 < line["attention_entropy"] < np.log(8)
    assert 0 < line["attention_coverage"] <= 1


def test_without_attention_nothing_is_said_of_it(config, prepared, tmp_path):
  config = override_by(config, {"model.attention.kind": "none"})
  config.train.updates = 1
  _, home = train(config, tmp_path, prepared)
  assert "attention_entropy" not in lines(home)[-1]


def test_sums_of_attention_are_those_of_the_sentences():
  random = np.random.default_rng(0)
  alpha = random.random((3, 5, 4)).astype(np.float32)
  alpha /= alpha.sum(axis=2, keepdims=True) * random.choice([1, 2], (3, 5, 1))
  alpha[0, 1] = 0
  lengths = [(5, 4), (2, 3), (0, 0)]
  source, target = (
    np.array([np.arange(width) < one[side] for one in lengths]) for side, width in ((1, 4), (0, 5))
  )
  alpha = np.where(source[:, None], alpha, 0)
  found = jax.device_get(attention_sums(*map(jax.numpy.asarray, (alpha, source, target))))
  own = [one[:T, :J] for one, (T, J) in zip(alpha, lengths, strict=True)]
  entropy = sum(attention.entropy(one).sum() for one in own)
  assert found["attention_entropy"] == pytest.approx(entropy, rel=1e-5)
  covered = sum(attention.coverage(one).sum() for one in own)
  assert found["covered"] == pytest.approx(covered, rel=1e-5)
  assert found["source_tokens"] == 7
