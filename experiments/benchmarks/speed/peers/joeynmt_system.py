"""Joey NMT as a system: its recurrent model, loss, clipping, optimizer and searches, called as its
own training and prediction call them."""

import logging
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from joeynmt.batch import Batch
from joeynmt.builders import build_gradient_clipper, build_optimizer
from joeynmt.model import build_model
from joeynmt.search import search
from joeynmt.vocabulary import Vocabulary
from torch import Tensor

from experiments.benchmarks.speed import workloads
from experiments.benchmarks.speed.peers.threads import cores
from experiments.benchmarks.speed.peers.torch_system import as_long
from experiments.benchmarks.speed.sizes import Size, config
from nmt.data.ids import BOS, EOS, PAD, UNK

# Joey NMT's default ids: <unk> 0, <pad> 1, <s> 2, </s> 3.
_IDS = {PAD: 1, BOS: 2, EOS: 3, UNK: 0}
_SPECIAL = SimpleNamespace(
  unk_token="<unk>", unk_id=0, pad_token="<pad>", pad_id=1, bos_token="<s>", bos_id=2,
  eos_token="</s>", eos_id=3, sep_token=None, sep_id=None, lang_tags=[],
)  # fmt: skip


class System:
  """joeynmt: the same interface as nmt's."""

  def prepare(self, task: workloads.Task, rounds: int) -> dict[str, Any]:
    """Builds model and optimizer, and does a round to warm up."""
    logging.disable(logging.INFO)
    torch.set_num_threads(cores())
    torch.manual_seed(1)
    self.task = task
    size, train = task.size, config(task.size).train
    self.vocabulary = _Sized(size.vocabulary)
    self.model = build_model(_model(size), self.vocabulary, self.vocabulary)
    self.model.loss_function = ("crossentropy", train.objective.label_smoothing)
    self.ids = np.arange(size.vocabulary)
    self.ids[list(_IDS)] = list(_IDS.values())
    if isinstance(task, workloads.Search):
      self.model.eval()
    else:
      self.model.train()
      self.clip = build_gradient_clipper({"clip_grad_norm": train.clip, "clip_grad_val": None})
      settings = {
        "optimizer": train.optimizer.name, "learning_rate": train.optimizer.learning_rate,
      }  # fmt: skip
      self.optimizer = build_optimizer(settings, self.model.parameters())
      self.model.zero_grad()
    self.run(0)
    return {"parameters": sum(p.numel() for p in self.model.parameters())}

  def run(self, number: int) -> dict[str, int]:
    """One round; returns real tokens, sentences, positions."""
    if isinstance(self.task, workloads.Search):
      return self._search(self.task.batches(number), self.task.beam)
    batches = self.task.batches(number)
    for rows in batches:
      batch = self._batch(rows.source_BxJ, rows.target_BxT)
      batch.sort_by_src_length()
      loss, _, _, correct = self.model(return_type="loss", **vars(batch))
      batch.normalize(loss, normalization="tokens").backward()
      loss.item(), correct.item()  # as its _train_step returns them
      self.clip(parameters=self.model.parameters())
      self.optimizer.step()
      self.model.zero_grad()
    return workloads.total(batches)

  def _search(self, batches: list[np.ndarray], size: int) -> dict[str, int]:
    for source_BxJ in batches:
      steps = source_BxJ.shape[1]
      batch = self._batch(source_BxJ, None)
      batch.sort_by_src_length()
      found, _, _ = search(
        self.model, batch, max_output_length=steps, beam_size=size, beam_alpha=1.0,
        min_output_length=steps,
      )  # fmt: skip
      assert found.shape == (len(source_BxJ), steps)
    return as_long(batches)

  def _batch(self, source_BxJ: np.ndarray, target_BxT: np.ndarray | None) -> Batch:
    source = self._tensor(source_BxJ)
    target = None
    if target_BxT is not None:
      target = torch.nn.functional.pad(self._tensor(target_BxT), (1, 0), value=_IDS[BOS])
    return Batch(
      src=source, src_length=(source != _IDS[PAD]).sum(1), src_prompt_mask=None, trg=target,
      trg_prompt_mask=None, indices=torch.arange(len(source)), device=torch.device("cpu"),
      pad_index=_IDS[PAD], eos_index=_IDS[EOS], is_train=target is not None,
    )  # fmt: skip

  def _tensor(self, ids: np.ndarray) -> Tensor:
    return torch.from_numpy(self.ids[ids])


class _Sized(Vocabulary):
  """A vocabulary of so many words, of which only the special ones have a name."""

  def __init__(self, size: int):
    self.size = size
    super().__init__([], _SPECIAL)

  def __len__(self) -> int:
    return self.size if hasattr(self, "eos_index") else super().__len__()


def _model(size: Size) -> dict[str, Any]:
  """The recurrent model of its configs/, as GRU with Bahdanau's attention, without dropout."""
  sides = {
    "type": "recurrent",
    "rnn_type": "gru",
    "embeddings": {"embedding_dim": size.embedding, "scale": False},
    "hidden_size": size.n,
    "dropout": 0.0,
    "num_layers": 1,
    "activation": "tanh",
  }
  decoder = {
    "hidden_dropout": 0.0, "input_feeding": True, "init_hidden": "bridge", "attention": "bahdanau",
  }  # fmt: skip
  return {
    "initializer": "xavier_uniform",
    "embed_initializer": "normal",
    "embed_init_weight": 0.1,
    "bias_initializer": "zeros",
    "encoder": sides | {"bidirectional": True},
    "decoder": sides | decoder,
  }
