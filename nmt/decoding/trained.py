"""What decoding and evaluation know of a model: plain functions, parameters and tokenizers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ml_collections import ConfigDict

from nmt.data.tokenizers import Tokenizer


@dataclass(frozen=True)
class Run:
  """A trained model with its parameters; `nmt.loading.load` gives one.

  Programs are kept by `encode`, `step` and `force`, which are pure and not compiled: equal models
  should have the same objects.

  update: the update that the parameters are from. params: the averaged ones if train.ema > 0.
  aligns: whether alpha says where the model looks; not in a model without attention.
  encode(params, source_BxJ) -> (memory, state)
  step(params, memory, state, y_B) -> (state, (logits_BxV, alpha_BxJ)), y_B the previous tokens
  force(params, source_BxJ, target_BxT) -> (log_probs_BxT of the target, 0 on padding; alpha_BxTxJ)
  """

  config: ConfigDict
  source: Tokenizer
  target: Tokenizer
  params: Any
  update: int
  aligns: bool
  encode: Callable[..., Any]
  step: Callable[..., Any]
  force: Callable[..., Any]
