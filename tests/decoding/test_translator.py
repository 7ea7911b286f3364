"""Translator over a toy that copies its source, one token a step."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from nmt.data.ids import EOS
from nmt.data.tokenizers import Tokenizer
from nmt.decoding.trained import Run
from nmt.decoding.translator import Translator, search
from nmt.errors import UserError

V = 132


class Letters(Tokenizer):
  """Characters by code point; 4 + code."""

  size = V

  def encode(self, line):
    return [4 + ord(c) for c in line.replace(" ", "")]

  def decode(self, ids):
    return "".join(chr(i - 4) for i in ids if i > 3)


def encode(params, source_BxJ):
  return source_BxJ, jnp.zeros(source_BxJ.shape[0], jnp.int32)


def step(params, memory, state, y_B):
  at_BxJ = jax.nn.one_hot(state, memory.shape[1])
  token_B = jnp.take_along_axis(memory, state[:, None], 1)[:, 0]
  logits = params["sharpness"] * jax.nn.one_hot(token_B, V) + 0.01 * jnp.arange(V)[None]  # no ties
  return state + 1, (logits, at_BxJ)


def copier(**options):
  decode = dict(
    beam=3, length_penalty=1.0, coverage_penalty=0.0, max_ratio=2.0, batch=4, forbid_unk=False
  )
  aligns = options.pop("aligns", True)
  keywords = {k: options.pop(k) for k in list(options) if k not in decode}
  return Translator(
    Run(
      config=ConfigDict(
        dict(decode={**decode, **options}, model=dict(attention=dict(kind="additive")))
      ),
      source=Letters(),
      target=Letters(),
      params={"sharpness": jnp.float32(20)},
      update=1,
      aligns=aligns,
      encode=encode,
      step=step,
      force=encode,  # never called
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


def test_too_long_a_line_is_left_empty_and_said_to_be():
  translator = copier(max_tokens=5)
  found = list(translator.translate(["abcde", "abcdef", "ab"]))
  assert [t.text for t in found] == ["abcde", "", "ab"]
  assert [translator.too_long(t) for t in found] == [False, True, False]
  assert not found[1].finished


@pytest.mark.parametrize("beam", [1, 3])
def test_an_output_is_cut_at_its_longest_and_still_given(beam):
  short, long = copier(beam=beam, max_ratio=0.0).translate(["abcd", "abcdefghijklmn"])
  assert (short.text, short.finished) == ("abcd", True)
  assert (long.text, long.finished, len(long.ids)) == ("abcdefghij", False, 10)


def test_new_parameters_need_no_new_program():
  translator = copier()
  first = list(translator.translate(["ab", "cd"]))
  before = search._cache_size()
  second = list(translator.translate(["ab", "cd"], {"sharpness": jnp.float32(10)}))
  third = list(copier(length_penalty=0.5).translate(["ef"]))
  assert search._cache_size() == before
  assert third[0].text == "ef"
  assert [t.text for t in first] == [t.text for t in second]
  assert first[0].log_probability > second[0].log_probability


@pytest.mark.parametrize("beam", [1, 3])
def test_the_score_counts_what_was_not_looked_at(beam):
  line = "abcd"
  (found,) = copier(beam=beam, coverage_penalty=0.1).translate([line])
  assert found.text == line
  np.testing.assert_allclose(found.score, found.log_probability / 5, atol=1e-6)  # all was
  (cut,) = copier(beam=beam, coverage_penalty=0.1, max_ratio=0.0).translate(["x" * 11])
  missed = 0.1 * 2 * np.log(np.finfo(np.float32).tiny)  # the last letter and the end
  np.testing.assert_allclose(cut.score, cut.log_probability / 10 + missed, rtol=1e-6)
  with pytest.raises(UserError, match=r"coverage_penalty must be 0: model\.attention\.kind"):
    copier(coverage_penalty=0.1, aligns=False)


def test_lengths_of_many_kinds_need_few_programs():
  before = search._cache_size()
  list(copier(beam=1, batch=8).translate("x" * n for n in range(1, 64)))
  assert search._cache_size() - before == 3  # 16, 32, 64
  list(copier(beam=1, batch=8).translate("x" * n for n in (100, 200, 500, 900, 1000)))
  assert search._cache_size() - before == 7  # 128, 256, 512, 1024


def test_a_window_of_long_lines_is_read_in_parts():
  translator = copier(alphas=True, beam=1)
  windows = translator._windows([5] * 1000 for _ in range(64))
  assert all(len(window) < 20 for window in windows)


def test_the_n_best_are_sorted_and_different():
  (found,) = copier(n_best=3).translate(["ab"])
  every = [found, *found.others]
  assert len(every) == len({tuple(t.ids) for t in every}) == 3
  assert sorted((t.score for t in every), reverse=True) == [t.score for t in every]
