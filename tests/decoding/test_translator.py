"""Translator over a toy that copies its source, one token a step."""

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from nmt.data.tokenizers import EOS
from nmt.decoding.translator import Translator

V = 132


class Letters:
  """Characters by code point; 4 + code."""

  size = V

  def encode(self, line):
    return [4 + ord(c) for c in line.replace(" ", "")]

  def decode(self, ids):
    return "".join(chr(i - 4) for i in ids if i > 3)


def start(params, source_BxJ):
  return source_BxJ, jnp.zeros(source_BxJ.shape[0], jnp.int32)


def step(params, memory, state, y_B):
  at_BxJ = jax.nn.one_hot(state, memory.shape[1])
  token_B = jnp.take_along_axis(memory, state[:, None], 1)[:, 0]
  return state + 1, (params["sharpness"] * jax.nn.one_hot(token_B, V), at_BxJ)


def copier(**options):
  decode = dict(beam=3, length_penalty=1.0, max_ratio=2.0, batch=4, forbid_unk=False)
  keywords = {k: options.pop(k) for k in list(options) if k not in decode}
  return Translator(
    SimpleNamespace(
      params={"sharpness": jnp.float32(20)},
      start=start,
      step=step,
      source=Letters(),
      target=Letters(),
      config=ConfigDict(dict(decode={**decode, **options})),
    ),
    **keywords,
  )


LINES = ["ab", "", "hello", " ", "x" * 30, "a", "the quick brown fox", "", "b"]


@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize("window", [1, 2, 4096])
def test_lines_come_back_in_order_whatever_the_window(beam, window):
  found = list(copier(beam=beam, window=window, alphas=True).translate(iter(LINES)))
  assert [t.text for t in found] == [line.replace(" ", "") for line in LINES]
  for t, line in zip(found, LINES, strict=True):
    assert t.source_ids == [*Letters().encode(line), EOS]
    assert t.finished
    if t.text:
      assert t.ids == t.source_ids
      np.testing.assert_array_equal(t.alpha_TxJ, np.eye(len(t.ids)))
      np.testing.assert_allclose(t.score, t.log_probability / len(t.ids), rtol=1e-6)
    else:
      assert t.ids == []
