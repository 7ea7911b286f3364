"""RNNsearch in PyTorch, as a good user of it writes it: library cells, one product where it can be.

It is our model but for the cell: PyTorch's GRU resets after the recurrent product, the paper's
before it. Both cost the same.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from nmt.data.ids import BOS, PAD


class Model(nn.Module):
  """Bidirectional nn.GRU, additive attention in a loop of GRUCell, a maxout readout after it."""

  def __init__(self, words: int, embedding: int, size: int, attention: int, maxout: int):
    super().__init__()
    self.E_x = nn.Embedding(words, embedding)
    self.E_y = nn.Embedding(words, embedding)
    self.encoder = nn.GRU(embedding, size, batch_first=True, bidirectional=True)
    self.first = nn.Linear(size, size)
    self.keys = nn.Linear(2 * size, attention)
    self.query = nn.Linear(size, attention, bias=False)
    self.energy = nn.Linear(attention, 1, bias=False)
    self.cell = nn.GRUCell(embedding + 2 * size, size)
    self.readout = nn.Linear(size + embedding + 2 * size, 2 * maxout)
    self.out = nn.Linear(maxout, words)

  def read(self, source_BxJ: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Annotations h_BxJx2n, keys_BxJxn', where there is padding, and the decoder's first state."""
    padding = source_BxJ == PAD
    lengths = (~padding).sum(1).cpu()
    packed = pack_padded_sequence(
      self.E_x(source_BxJ), lengths, batch_first=True, enforce_sorted=False
    )
    packed_h, last = self.encoder(packed)
    h, _ = pad_packed_sequence(packed_h, batch_first=True, total_length=source_BxJ.shape[1])
    return h, self.keys(h), padding, torch.tanh(self.first(last[1]))

  def attend(self, s: Tensor, h: Tensor, keys: Tensor, padding: Tensor) -> Tensor:
    """c_Bx2n of a state."""
    energies = self.energy(torch.tanh(keys + self.query(s)[:, None])).squeeze(2)
    alpha = energies.masked_fill(padding, float("-inf")).softmax(1)
    return torch.bmm(alpha[:, None], h).squeeze(1)

  def logits(self, s: Tensor, words: Tensor, c: Tensor) -> Tensor:
    """logits_...xV of states, embedded words and contexts."""
    first, second = self.readout(torch.cat([s, words, c], -1)).chunk(2, -1)
    return self.out(torch.maximum(first, second))

  def forward(self, source_BxJ: Tensor, target_BxT: Tensor) -> Tensor:
    """logits_BxTxV with the target known."""
    h, keys, padding, s = self.read(source_BxJ)
    words = self.E_y(F.pad(target_BxT[:, :-1], (1, 0), value=BOS))
    states, contexts = [], []
    for word in words.unbind(1):
      c = self.attend(s, h, keys, padding)
      states.append(s)
      contexts.append(c)
      s = self.cell(torch.cat([word, c], 1), s)
    return self.logits(torch.stack(states, 1), words, torch.stack(contexts, 1))

  def loss(self, source_BxJ: Tensor, target_BxT: Tensor) -> Tensor:
    """Mean negative log-likelihood of the real target tokens."""
    logits = self(source_BxJ, target_BxT)
    return F.cross_entropy(logits.flatten(0, 1), target_BxT.flatten(), ignore_index=PAD)
