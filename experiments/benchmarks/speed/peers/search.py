"""Batched greedy and beam search for the PyTorch model; what the source needs is computed once."""

import torch
from torch import Tensor

from experiments.benchmarks.speed.peers.model import Model
from nmt.data.ids import BOS, EOS, PAD


@torch.inference_mode()
def greedy(model: Model, source_BxJ: Tensor, steps: int) -> Tensor:
  """The likeliest token at each step until all rows ended: tokens_BxT."""
  h, keys, padding, s = model.read(source_BxJ)
  y = torch.full((len(source_BxJ),), BOS, device=source_BxJ.device)
  ended = torch.zeros_like(y, dtype=torch.bool)
  tokens = []
  for _ in range(steps):
    word = model.E_y(y)
    c = model.attend(s, h, keys, padding)
    logits = model.logits(s, word, c)
    logits[:, : BOS + 1] = float("-inf")
    s = model.cell(torch.cat([word, c], 1), s)
    y = logits.argmax(1).masked_fill(ended, PAD)
    tokens.append(y)
    ended |= y == EOS
    if ended.all():
      break
  return torch.stack(tokens, 1)


@torch.inference_mode()
def beam(model: Model, source_BxJ: Tensor, steps: int, size: int) -> Tensor:
  """The best of K hypotheses by log-probability / length: tokens_BxT, PAD after the end.

  The K hypotheses of a sentence share its keys and annotations, which are never copied.
  """
  h, keys, padding, s = model.read(source_BxJ)
  B, K, device = len(source_BxJ), size, source_BxJ.device
  s = s.repeat_interleave(K, 0)
  y = torch.full((B * K,), BOS, device=device)
  scores = torch.full((B, K), float("-inf"), device=device)
  scores[:, 0] = 0
  ended = torch.zeros(B, K, dtype=torch.bool, device=device)
  lengths = torch.zeros(B, K, device=device)
  row = torch.arange(B, device=device)[:, None]
  history: list[tuple[Tensor, Tensor]] = []
  for _ in range(steps):
    word = model.E_y(y)
    query = model.query(s).view(B, K, 1, -1)
    energies = model.energy(torch.tanh(keys[:, None] + query)).squeeze(3)
    alpha = energies.masked_fill(padding[:, None], float("-inf")).softmax(2)
    c = torch.bmm(alpha, h).view(B * K, -1)
    log_p = model.logits(s, word, c).log_softmax(1)
    s = model.cell(torch.cat([word, c], 1), s)
    log_p[:, : BOS + 1] = float("-inf")
    V = log_p.shape[1]
    if ended.any():  # an ended hypothesis goes on with PAD, which costs nothing
      log_p[ended.view(-1)] = float("-inf")
      log_p[ended.view(-1), PAD] = 0
    scores, at = (scores[:, :, None] + log_p.view(B, K, V)).view(B, K * V).topk(K)
    parent, token = at.div(V, rounding_mode="floor"), at % V
    lengths = lengths.gather(1, parent) + (token != PAD)
    ended = ended.gather(1, parent) | (token == EOS)
    history.append((parent, token))
    s = s.view(B, K, -1)[row, parent].view(B * K, -1)
    y = token.view(-1)
    if ended.all():
      break
  k = (scores / lengths).argmax(1, keepdim=True)
  tokens = []
  for parent, token in reversed(history):
    tokens.append(token.gather(1, k))
    k = parent.gather(1, k)
  return torch.cat(tokens[::-1], 1)
