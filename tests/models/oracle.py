"""The papers' equations once more: float64 NumPy, one sentence and one word at a time, no padding.

Nothing of nmt is used but the names of its parameters; fused matrices are cut into the papers'. A
choice is a flat dict of model keys, such as {"attention.kind": "additive", "cell.layers": 2}.
"""

from dataclasses import dataclass, field

import numpy as np

BOS = 1
BASE = {
  "attention.kind": "additive",
  "attention.energy": "additive",
  "attention.penalty": 1.0,
  "attention.entropy": 0.01,
  "normaliser.kind": "softmax",
  "normaliser.temperature": 1.0,
  "normaliser.fertility": 2.0,
  "encoder.kind": "bidirectional",
  "encoder.layers": 2,
  "encoder.positions": 4,
  "initial": "summary",
  "cell.kind": "gru",
  "cell.layers": 1,
  "cell.layer_norm": False,
  "cell.residual": False,
  "cell.transitions": 1,
  "cell.zoneout": 0.0,
  "order.kind": "attend_first",
  "order.state": "previous",
  "order.input_feeding": True,
  "readout.kind": "maxout",
  "tie": False,
}


@dataclass
class Reading:
  log_p: np.ndarray  # T x V
  alpha: np.ndarray  # T x J
  s: np.ndarray  # T x n, s_1 .. s_T, of the highest layer
  losses: dict[str, np.ndarray] = field(default_factory=dict)  # by name, T


def sigmoid(x):
  return 1 / (1 + np.exp(-x))


def layer_norm(x, gain):
  """Ba et al. (2016), equation 4."""
  mean = sum(x) / len(x)
  deviation = np.sqrt(sum((x - mean) ** 2) / len(x) + 1e-5)
  return gain / deviation * (x - mean)


# Cells: a state is a tuple, s first; x is W x for all sums of the cell side by side.


def gru(p, state, x, norm):
  """Bahdanau et al. (2015), appendix A.1.1."""
  (s,) = state
  U_z, U_r = np.split(p["U_zr"], 2, axis=1)
  recurrent = np.concatenate([U_z.T @ s, U_r.T @ s])
  if norm:
    x, recurrent = layer_norm(x, p["gain_W"]), layer_norm(recurrent, p["gain_U_zr"])
  x_z, x_r, x_s = np.split(x + p["b"], 3)
  u_z, u_r = np.split(recurrent, 2)
  z, r = sigmoid(x_z + u_z), sigmoid(x_r + u_r)
  new = p["U"].T @ (r * s)
  new = np.tanh(x_s + (layer_norm(new, p["gain_U"]) if norm else new))
  return ((1 - z) * s + z * new,)


def lstm(p, state, x, norm):
  """Gers et al. (2000), equations 3 to 8; Ba et al. (2016), equations 20 to 22."""
  s, m = state
  recurrent = p["U"].T @ s
  if norm:
    x, recurrent = layer_norm(x, p["gain_W"]), layer_norm(recurrent, p["gain_U"])
  i, f, o, new = np.split(x + recurrent + p["b"], 4)
  m = sigmoid(f) * m + sigmoid(i) * np.tanh(new)
  shown = layer_norm(m, p["gain_m"]) + p["b_m"] if norm else m
  return sigmoid(o) * np.tanh(shown), m


def gru_after(p, state, x, norm):
  """The GRU of cuDNN's guide, its i_t being 1 - z."""
  (s,) = state
  recurrent = p["U"].T @ s
  if norm:
    x, recurrent = layer_norm(x, p["gain_W"]), layer_norm(recurrent, p["gain_U"])
  x_z, x_r, x_s = np.split(x + p["b"], 3)
  u_z, u_r, u_s = np.split(recurrent, 3)
  i, r = 1 - sigmoid(x_z + u_z), sigmoid(x_r + u_r)
  new = np.tanh(x_s + r * (u_s + p["b_U"]))
  return ((1 - i) * new + i * s,)


def mgu(p, state, x, norm):
  """Zhou et al. (2016), section 3."""
  (s,) = state
  U_f, U = p["U_f"].T, p["U"].T
  x_f, x_s = np.split((layer_norm(x, p["gain_W"]) if norm else x) + p["b"], 2)
  f = sigmoid(x_f + (layer_norm(U_f @ s, p["gain_U_f"]) if norm else U_f @ s))
  new = U @ (f * s)
  new = np.tanh(x_s + (layer_norm(new, p["gain_U"]) if norm else new))
  return ((1 - f) * s + f * new,)


def tanh(p, state, x, norm):
  """Elman (1990)."""
  recurrent = p["U"].T @ state[0]
  if norm:
    x, recurrent = layer_norm(x, p["gain_W"]), layer_norm(recurrent, p["gain_U"])
  return (np.tanh(x + recurrent + p["b"]),)


def sru(p, state, x, norm):
  """Lei et al. (2018), section 2, with a product in the place of the highway's input."""
  _, c = state
  W_f, W_r, W_c, highway = np.split((layer_norm(x, p["gain_W"]) if norm else x) + p["b"], 4)
  f, r = sigmoid(W_f + p["v_f"] * c), sigmoid(W_r + p["v_r"] * c)
  c = f * c + (1 - f) * W_c
  return r * c + (1 - r) * highway, c


def atr(p, state, x, norm):
  """Zhang et al. (2018), section 3."""
  (s,) = state
  q = p["U"].T @ s
  if norm:
    x, q = layer_norm(x, p["gain_W"]), layer_norm(q, p["gain_U"])
  x = x + p["b"]
  return (sigmoid(x + q) * x + sigmoid(x - q) * s,)


# The function, how many sums it has, and the state that starts from s.
CELLS = {
  "gru": (gru, 3, lambda s: (s,)),
  "lstm": (lstm, 4, lambda s: (s, 0 * s)),
  "gru_after": (gru_after, 3, lambda s: (s,)),
  "mgu": (mgu, 2, lambda s: (s,)),
  "tanh": (tanh, 1, lambda s: (s,)),
  "sru": (sru, 4, lambda s: (s, s)),
  "atr": (atr, 1, lambda s: (s,)),
}


class Stack:
  """A cell, or several in each step or on top of each other: the same calls for all.

  Zoneout is the expectation of Krueger et al. (2017), section 3.
  """

  def __init__(self, p, choice):
    def listed(p):
      return [p["cells"][i] for i in range(len(p["cells"]))] if "cells" in p else [p]

    layers = listed(p) if choice["cell.layers"] > 1 else [p]
    self.layers = [listed(layer) for layer in layers]
    self.cell, sums, self.begin = CELLS[choice["cell.kind"]]
    self.choice, self.sums = choice, sums
    self.size = len(self.layers[-1][0]["b"]) // sums

  def start(self, s):
    return [self.begin(s) for _ in self.layers]

  def advance(self, p, state, x):
    after = self.cell(p, state, x, self.choice["cell.layer_norm"])
    d = self.choice["cell.zoneout"]
    return tuple(d * old + (1 - d) * new for old, new in zip(state, after, strict=True))

  def __call__(self, states, x):
    """x: what the lowest layer is given, multiplied already."""
    after = []
    for transitions, state in zip(self.layers, states, strict=True):
      x = transitions[0]["W"].T @ self.output(after) if after else x
      for p in transitions:
        state = self.advance(p, state, x)
        x = np.zeros(self.sums * self.size)
      after.append(state)
    return after

  def output(self, states):
    if self.choice["cell.residual"]:
      return sum(state[0] for state in states)
    return states[-1][0]

  @property
  def W(self):
    return self.layers[0][0]["W"]


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
    below, h = h, outputs(p["layers"][i], h, one_layer)
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


# Normalisers: (e, choice, the sum of the weights so far) -> weights.


def softmax(e, choice, spent):
  e = e / choice["normaliser.temperature"]
  return np.exp(e - e.max()) / np.exp(e - e.max()).sum()


def threshold(weights, low, high):
  """weights(tau) for the tau at which they sum to 1, by bisection; they fall with tau."""
  for _ in range(200):
    middle = (low + high) / 2
    low, high = (middle, high) if weights(middle).sum() > 1 else (low, middle)
  return weights((low + high) / 2)


def sparsemax(e, choice, spent):
  """Martins and Astudillo (2016), section 2.2."""
  return threshold(lambda tau: np.maximum(e - tau, 0), e.max() - 1, e.max())


def entmax15(e, choice, spent):
  """Peters et al. (2019), section 3, with alpha 1.5."""
  half = e / 2
  return threshold(lambda tau: np.maximum(half - tau, 0) ** 2, half.max() - 1, half.max())


def csparsemax(e, choice, spent):
  """Malaviya et al. (2018), section 3; the last word is the sink."""
  u = np.append(np.maximum(choice["normaliser.fertility"] - spent[:-1], 0), np.inf)
  return threshold(lambda tau: np.clip(e - tau, 0, u), e.min() - 1, e.max())


NORMALISERS = {
  "softmax": softmax,
  "sparsemax": sparsemax,
  "entmax15": entmax15,
  "csparsemax": csparsemax,
}


def normalise(e, choice, spent):
  e = np.array(e)
  return NORMALISERS[choice["normaliser.kind"]](e, choice, np.zeros(len(e)) + spent)


# Attention: (parameters, choice, s, h, what is carried) -> weights H x J, losses, what is carried.


def additive(a, choice, s, h, spent):
  e = [a["v_a"] @ np.tanh(a["W_a"].T @ s + a["U_a"].T @ h_j + a["b_a"]) for h_j in h]
  spent = 0 if spent is None else spent
  alpha = normalise(e, choice, spent)
  return alpha[None], {}, spent + alpha


def additive_coverage(a, choice, s, h, k):
  """See et al. (2017), equations 10 to 12."""
  k = np.zeros(len(h)) if k is None else k
  inside = [a["W_a"].T @ s + a["U_a"].T @ h[j] + a["w_c"] * k[j] + a["b_a"] for j in range(len(h))]
  alpha = normalise([a["v_a"] @ np.tanh(x) for x in inside], choice, k)
  loss = choice["attention.penalty"] * sum(min(alpha[j], k[j]) for j in range(len(h)))
  return alpha[None], {"coverage": loss}, k + alpha


def multihead(a, choice, s, h, carried):
  """Several mechanisms, each with parameters of its own."""
  inner = MECHANISMS[choice["attention.energy"]]
  heads = [a["heads"][i] for i in range(len(a["heads"]))]
  carried = [None] * len(heads) if carried is None else carried
  found = [inner(head, choice, s, h, own) for head, own in zip(heads, carried, strict=True)]
  return np.concatenate([one[0] for one in found]), {}, [one[2] for one in found]


def hard(a, choice, s, h, carried):
  """Xu et al. (2015), section 4.1, without noise: the likeliest word."""
  alpha, _, carried = MECHANISMS[choice["attention.energy"]](a["energy"], choice, s, h, carried)
  negative_entropy = sum(p * np.log(p) for p in alpha[0])
  one = np.eye(len(h))[alpha[0].argmax()]
  return one[None], {"negative_entropy": choice["attention.entropy"] * negative_entropy}, carried


MECHANISMS = {
  "additive": additive,
  "additive_coverage": additive_coverage,
  "multihead": multihead,
  "hard": hard,
}


def read(params, source, target, **changes):
  """log p(y_i | y_<i, x), alpha and decoder states of one pair of token lists."""
  choice = BASE | changes
  p, J = params["decoder"], len(source)
  notes = ENCODERS[choice["encoder.kind"]](params["encoder"], source, choice)
  h, values = notes.h, notes.values
  cell = Stack(p["cell"], choice)
  from_ = {"summary": notes.summary, "last": h[-1], "mean": sum(h) / len(h), "zero": None}
  begin = from_[choice["initial"]]
  s_0 = np.zeros(cell.size) if begin is None else np.tanh(p["W_s"].T @ begin + p["b_s"])
  state = cell.start(s_0)
  attentional, carried, readings = np.zeros(cell.size), None, []

  def attend(s):
    if choice["attention.kind"] == "none":
      return np.eye(J)[notes.whole_at], notes.whole, {}, None
    mechanism = MECHANISMS[choice["attention.kind"]]
    weights, losses, carry = mechanism(p["attention"], choice, s, h, carried)
    contexts = [sum(alpha[j] * values[j] for j in range(J)) for alpha in weights]
    return sum(weights) / len(weights), np.concatenate(contexts), losses, carry

  for y in [BOS, *target[:-1]]:
    E_y, before = p["E_y"][y], cell.output(state)
    x = cell.W.T @ E_y
    if choice["order.kind"] == "attend_first":
      alpha, c, losses, carried = attend(before)
      state = cell(state, x + p["C"].T @ c)
    elif choice["order.kind"] == "conditional":
      state = cell(state, x)
      alpha, c, losses, carried = attend(cell.output(state))
      state = Stack(p["second"], choice)(state, p["C"].T @ c)
    else:
      fed = p["F"].T @ attentional if choice["order.input_feeding"] else 0
      state = cell(state, x + fed)
      alpha, c, losses, carried = attend(cell.output(state))
      W_c = np.concatenate([p["C"], p["U_h"]])  # Luong et al. (2015), equation 5
      attentional = np.tanh(W_c.T @ np.concatenate([c, cell.output(state)]))
    s = cell.output(state)
    seen = before if choice["order.state"] == "previous" else s
    seen = attentional if choice["order.kind"] == "update_first" else seen
    o = p["readout"]
    t = seen
    if choice["readout.kind"] in ("maxout", "tanh"):
      pre = o["U_o"].T @ seen + o["V_o"].T @ E_y + o["C_o"].T @ c + o["b_t"]
      l = len(pre) // 2
      t = np.array([max(pre[k], pre[k + l]) for k in range(l)])
    if choice["readout.kind"] == "tanh":  # Sennrich et al. (2017), section 2
      t = np.tanh(pre)
    logits = (p["E_y"] if choice["tie"] else o["W_o"]) @ t + o["b_o"]
    readings.append((logits - np.log(np.exp(logits).sum()), alpha, s, losses))
  log_p, alphas, states, losses = zip(*readings, strict=True)
  losses = {name: np.array([step[name] for step in losses]) for name in losses[0]}
  return Reading(np.stack(log_p), np.stack(alphas), np.stack(states), losses)
