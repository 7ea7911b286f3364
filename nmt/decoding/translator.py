"""Text in, translations out, in order: the search, fed with batches of like length."""

import functools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int
from ml_collections import ConfigDict

from nmt.data import padding
from nmt.data.ids import EOS, PAD
from nmt.decoding.beam import Coverage, beam
from nmt.decoding.greedy import greedy
from nmt.decoding.hypotheses import Hypotheses, forbidden
from nmt.decoding.limits import MAX_SOURCE
from nmt.decoding.trained import Run
from nmt.errors import UserError

_EXTRA = 10  # an output may be max_ratio times its source, and this much longer
_WINDOW = 4096  # lines sorted together
_ALPHAS = 1 << 25  # weights a window may hold, and floats a search may keep (128 MB each)


@dataclass(frozen=True)
class Translation:
  """One translation; T and J count EOS. Nothing to translate, or too much: no ids, text empty."""

  text: str
  ids: list[int]  # with EOS if finished
  score: float  # what the search compares: see beam.py
  log_probability: float
  alpha_TxJ: Float[np.ndarray, "T J"] | None  # None unless asked for
  source_ids: list[int]  # with EOS
  finished: bool  # False: cut at the longest length allowed
  others: tuple["Translation", ...] = ()  # the second best and on


class Translator:
  """Translates lines with one search; `params` may change from call to call.

  Sentences are sorted by length within windows of lines and searched in batches of few shapes: a
  source length, EOS included, is rounded up to 16, 32, 64, ..., and a length has one batch size,
  so a sentence meets the same program whatever surrounds it. Up to 64 tokens these are 3 programs,
  up to 1024 they are 7, each compiled when first met; they are kept for the life of the process.

  Args:
    run: what translates.
    decode: `run.config.decode`, unless given.
    n_best: how many translations of a line.
    alphas: whether translations come with their alignment weights.
    max_tokens: a source of more tokens, EOS aside, isn't translated: `too_long` tells.
    window: lines read before the first is given out.

  Raises UserError for a coverage penalty where alpha does not say where the model looks.
  """

  def __init__(
    self,
    run: Run,
    decode: ConfigDict | None = None,
    *,
    n_best: int = 1,
    alphas: bool = False,
    max_tokens: int = MAX_SOURCE,
    window: int = _WINDOW,
  ):
    self.source, self.target, self.params = run.source, run.target, run.params
    self.decode = run.config.decode if decode is None else decode
    if self.decode.coverage_penalty and not run.aligns:
      raise UserError(
        "decode.coverage_penalty must be 0: model.attention.kind="
        f"{run.config.model.attention.kind} doesn't say by alpha where it looks"
      )
    self.n_best, self.alphas = min(n_best, self.decode.beam), alphas
    self.max_tokens, self.window = max_tokens, window
    self._search: Callable[..., Hypotheses] = functools.partial(
      search,
      encode=run.encode,
      step=run.step,
      size=self.decode.beam,
      forbid=forbidden(self.decode.forbid_unk),
      n_best=self.n_best,
      alphas=alphas,
    )

  def translate(self, lines: Iterable[str], params: Any = None) -> Iterator[Translation]:
    """One translation a line, in order; holds one window of lines at a time."""
    return self.translate_ids(map(self.source.encode, lines), params)

  def translate_ids(
    self, sources: Iterable[list[int]], params: Any = None
  ) -> Iterator[Translation]:
    """The same for lines already encoded, without EOS."""
    params = self.params if params is None else params
    for window in self._windows(iter(sources)):
      yield from self._translate_window(window, params)

  def too_long(self, translation: Translation) -> bool:
    """Whether the line was left untranslated because of its length."""
    return len(translation.source_ids) - 1 > self.max_tokens

  def cut(self, translation: Translation) -> bool:
    """Whether the translation ends only because it had reached its longest length."""
    return not translation.finished and not self.too_long(translation)

  def longest(self, length: int) -> int:
    """The longest output, EOS included, of a source of so many tokens, EOS included."""
    ratio: float = self.decode.max_ratio
    return math.ceil(ratio * length) + _EXTRA

  def rows(self, length: int) -> int:
    """Sentences in a batch of this source length: fewer when long, so that memory stays bounded."""
    batch: int = self.decode.batch
    kept: int = self.longest(length) * self.decode.beam * length
    most = min(batch, batch * 64 // length, _ALPHAS // kept)
    return most if most >= batch else 1 << max(0, most.bit_length() - 1)

  def _windows(self, sources: Iterator[list[int]]) -> Iterator[list[list[int]]]:
    window: list[list[int]] = []
    weights = 0
    for ids in sources:
      window.append([*ids, EOS])
      if self.alphas and len(ids) <= self.max_tokens:
        weights += self.n_best * len(ids) * self.longest(len(ids))
      if len(window) >= self.window or weights >= _ALPHAS:
        yield window
        window, weights = [], 0
    if window:
      yield window

  def _translate_window(self, window: list[list[int]], params: Any) -> list[Translation]:
    lengths = [(i, len(ids)) for i, ids in enumerate(window) if 1 < len(ids) <= self.max_tokens + 1]
    lengths.sort(key=lambda item: item[1], reverse=True)
    done = [_nothing(ids) for ids in window]
    pending: deque[tuple[list[int], Hypotheses]] = deque()

    def collect() -> None:
      members, hypotheses = pending.popleft()
      arrays = jax.tree.map(np.asarray, hypotheses)
      for row, i in enumerate(members):
        done[i] = self._translation(arrays, row, window[i])

    for J, members in padding.bucketed(lengths, self.rows):
      pending.append((members, self._batch([window[i] for i in members], J, params)))
      if len(pending) > 1:  # one runs while the one before it is read
        collect()
    while pending:
      collect()
    return done

  def _batch(self, sources: list[list[int]], J: int, params: Any) -> Hypotheses:
    B = self.rows(J)
    source_BxJ = padding.sources(sources, B, J)
    limit_B = np.zeros(B, np.int32)
    limit_B[: len(sources)] = [self.longest(len(ids)) for ids in sources]
    penalty = np.float32(self.decode.length_penalty)
    weight = self.decode.coverage_penalty
    coverage = Coverage(jnp.float32(weight), source_BxJ != PAD) if weight else None
    return self._search(params, source_BxJ, limit_B, penalty, coverage, steps=self.longest(J))

  def _translation(self, found: Hypotheses, row: int, source: list[int]) -> Translation:
    def one(n: int, others: tuple[Translation, ...] = ()) -> Translation:
      T = int(found.length_BxN[row, n])
      ids = found.tokens_BxNxT[row, n, :T].tolist()
      weights = None if found.alpha_BxNxTxJ is None else np.asarray(found.alpha_BxNxTxJ[row, n])
      return Translation(
        text=self.target.decode(ids),
        ids=ids,
        score=float(found.score_BxN[row, n]),
        log_probability=float(found.log_probability_BxN[row, n]),
        alpha_TxJ=None if weights is None else weights[:T, : len(source)].copy(),
        source_ids=source,
        finished=bool(found.finished_BxN[row, n]),
        others=others,
      )

    exist = int((found.length_BxN[row] > 0).sum())
    return one(0, tuple(one(n) for n in range(1, exist)))


@functools.partial(
  jax.jit, static_argnames=("encode", "step", "size", "steps", "forbid", "n_best", "alphas")
)
def search(
  params: Any,
  source_BxJ: Int[Array, "B J"],
  limit_B: Int[Array, "B"],
  length_penalty: Float[Array, ""],
  coverage: Coverage | None,
  *,
  encode: Callable[..., Any],
  step: Callable[..., Any],
  size: int,
  steps: int,
  forbid: tuple[int, ...],
  n_best: int,
  alphas: bool,
) -> Hypotheses:
  """Encoder and search in one program: greedy for a beam of 1 whose score is the usual one."""
  memory, state = encode(params, source_BxJ)
  forward = functools.partial(step, params)
  plain = size == 1 and coverage is None
  wide = functools.partial(beam, size=size, n_best=n_best, coverage=coverage)
  searcher = greedy if plain else wide
  return searcher(
    forward,
    memory,
    state,
    limit_B,
    steps=steps,
    forbid=forbid,
    length_penalty=length_penalty,
    alphas=alphas,
  )


def _nothing(source: list[int]) -> Translation:
  alpha_TxJ = np.zeros((0, len(source)), np.float32)
  return Translation("", [], 0.0, 0.0, alpha_TxJ, source, finished=len(source) == 1)
