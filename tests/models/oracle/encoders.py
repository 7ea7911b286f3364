"""Encoders, one sentence at a time."""

from dataclasses import dataclass

import numpy as np

from oracle.cells import Stack


@dataclass
class Notes:
  h: list[np.ndarray]  # what is scored
  summary: np.ndarray
  whole: np.ndarray | None  # what RNNencdec reads
  values: list[np.ndarray]  # what contexts are averages of
  whole_at: int = -1


def outputs(p, inputs, choice):
  """All outputs of a cell that reads the inputs in their order."""
  cell = Stack(p, choice)
  state, found = cell.start(np.zeros(cell.size)), []
  for x in inputs:
    state = cell(state, cell.W.T @ x)
    found.append(cell.output(state))
  return found


def bidirectional(p, source, choice):
  """Bahdanau et al. (2015), section 3.2."""
  forward = outputs(p["forward"], [p["E_x"][word] for word in source], choice)
  backward = outputs(p["backward"], [p["E_x"][word] for word in source[::-1]], choice)[::-1]
  h = [np.concatenate(pair) for pair in zip(forward, backward, strict=True)]
  return Notes(h, backward[0], forward[-1], h)


def unidirectional(p, source, choice):
  h = outputs(p["cell"], [p["E_x"][word] for word in source], choice)
  return Notes(h, h[-1], h[-1], h)


def reversed_source(p, source, choice):
  """Sutskever et al. (2014), section 3.3."""
  read = unidirectional(p, source[::-1], choice)
  return Notes(read.h[::-1], read.summary, read.whole, read.h[::-1], 0)


def alternating(p, source, choice):
  """Zhou et al. (2016): each layer reads what the one below wrote, from its end."""
  h, one_layer = [p["E_x"][word] for word in source], choice | {"cell.layers": 1}
  for i in range(choice["encoder.layers"]):  # the last word read is the last of the list
    if i > 0:
      h = h[::-1]
    dropout = 1 if i == 0 or choice["dropout.layer"] is None else choice["dropout.layer"]
    below, h = h, outputs(p["layers"][i], [dropout * h_j for h_j in h], one_layer)
    if choice["cell.residual"] and i > 0:
      h = [one + other for one, other in zip(h, below, strict=True)]
  last, even = h[-1], choice["encoder.layers"] % 2 == 0
  h = h[::-1] if even else h
  return Notes(h, last, last, h, 0 if even else -1)


def embeddings(p, source, choice):
  places = [min(j, choice["encoder.positions"] - 1) for j in range(len(source))]
  h = [p["E_x"][word] + p["L"][j] for word, j in zip(source, places, strict=True)]
  return Notes(h, sum(h) / len(h), None, h)


def convolutional(p, source, choice):
  """Gehring et al. (2017), section 3.2."""
  e = [p["W_e"].T @ one + p["b_e"] for one in embeddings(p, source, choice).h]

  def network(layers, x):
    for i in range(len(layers)):
      W, zero = layers[i]["W"], 0 * x[0]
      n = len(zero)
      parts = [W[k : k + n] for k in range(0, len(W), n)]
      half = len(parts) // 2
      framed = [zero] * half + x + [zero] * half
      x = [
        x[j] + np.tanh(sum(part.T @ framed[j + k] for k, part in enumerate(parts)) + layers[i]["b"])
        for j in range(len(x))
      ]
    return x

  h = network(p["scored"], e)
  return Notes(h, sum(h) / len(h), None, network(p["read"], e))


ENCODERS = {
  "bidirectional": bidirectional,
  "unidirectional": unidirectional,
  "reversed": reversed_source,
  "alternating": alternating,
  "embeddings": embeddings,
  "convolutional": convolutional,
}
