"""The hand-written PyTorch model as a system."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.benchmarks.speed import workloads
from experiments.benchmarks.speed.peers import search
from experiments.benchmarks.speed.peers.model import Model
from experiments.benchmarks.speed.peers.threads import cores
from experiments.benchmarks.speed.sizes import Size, config
from nmt.data.ids import EOS, PAD


class System:
  """torch: the same interface as nmt's."""

  def prepare(self, task: workloads.Task, rounds: int) -> dict[str, Any]:
    """Builds model and optimizer, and does a round to warm up."""
    torch.set_num_threads(cores())
    torch.manual_seed(1)
    size = task.size
    self.task, self.clip = task, config(size).train.clip
    self.model = Model(size.vocabulary, size.embedding, size.n, size.n, size.maxout)
    if isinstance(task, workloads.Search):
      self.model.eval()
      with torch.no_grad():
        self.model.out.bias[EOS] = -1e4
    else:
      self.optimizer = optimizer(size, self.model.parameters())
    self.run(0)
    return {}

  def run(self, number: int) -> dict[str, int]:
    """One round; returns real tokens, sentences, positions."""
    if isinstance(self.task, workloads.Search):
      return self._search(self.task.batches(number), self.task.beam)
    batches = self.task.batches(number)
    for rows in batches:
      source, target = map(tensor, rows)
      self.optimizer.zero_grad(set_to_none=True)
      loss = self.model.loss(source, target)
      loss.backward()
      torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
      self.optimizer.step()
    loss.item()
    return workloads.total(batches)

  def _search(self, batches: list[np.ndarray], size: int) -> dict[str, int]:
    for source_BxJ in batches:
      steps = source_BxJ.shape[1]
      if size == 1:
        found = search.greedy(self.model, tensor(source_BxJ), steps)
      else:
        found = search.beam(self.model, tensor(source_BxJ), steps, size)
      assert found.shape[1] == steps
    return as_long(batches)


def as_long(batches: list[np.ndarray]) -> dict[str, int]:
  """Counts of sources whose outputs have their lengths."""
  tokens = sum(int((source != PAD).sum()) for source in batches)
  return {
    "source_tokens": tokens, "target_tokens": tokens, "sentences": sum(map(len, batches)),
  }  # fmt: skip


def tensor(ids: np.ndarray) -> Tensor:
  """Ids as PyTorch's embeddings take them."""
  return torch.from_numpy(ids).long()


def optimizer(size: Size, parameters: Any) -> torch.optim.Optimizer:
  """The optimizer of a size, in PyTorch's fastest form of it."""
  o = config(size).train.optimizer
  if o.name == "adam":
    return torch.optim.Adam(parameters, o.learning_rate, (o.b1, o.b2), o.eps, fused=True)
  return torch.optim.Adadelta(parameters, o.learning_rate, o.rho, o.eps)
