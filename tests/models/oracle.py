"""The papers' equations once more: float64 NumPy, one sentence and one word at a time, no padding.

Nothing of nmt is used but the names of its parameters; fused matrices are cut into the papers'. A
choice is a flat dict of model keys, such as {"attention.kind": "additive", "cell.layers": 2}.
"""

import itertools
import math
from dataclasses import dataclass, field

import numpy as np

BOS = 1
BASE = {
  "attention.kind": "additive",
  "attention.energy": "",  # that of the kind
  "attention.window": 2,
  "attention.renormalise": False,
  "attention.cumulative": False,
  "attention.fertility": 2.0,
  "attention.entropy": 0.01,
  "attention.chunk": 2,
  "attention.agent": 0,
  "attention.components": 10,
  "attention.reach": 10,
  "attention.prior_steps": 10,
  "attention.prior_alpha": 0.1,
  "attention.prior_beta": 0.9,
  "attention.divisor": 1.0,
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


def outside(p, x, norm):
  return (layer_norm(x, p["gain_W"]) if norm else x) + p["b"]


def mingru(p, state, x, norm):
  """Feng et al. (2024), section 3.1."""
  (h,) = state
  x_z, new = np.split(outside(p, x, norm), 2)
  return ((1 - sigmoid(x_z)) * h + sigmoid(x_z) * new,)


def minlstm(p, state, x, norm):
  """Feng et al. (2024), section 3.2."""
  (h,) = state
  x_f, x_i, new = np.split(outside(p, x, norm), 3)
  f, i = sigmoid(x_f), sigmoid(x_i)
  return (f / (f + i) * h + i / (f + i) * new,)


def ssru(p, state, x, norm):
  """Kim et al. (2019), section 3.1; s = ReLU(c) is first, as the model sees it."""
  c = state[1]
  x_f, new = np.split(outside(p, x, norm), 2)
  c = sigmoid(x_f) * c + (1 - sigmoid(x_f)) * new
  return np.maximum(c, 0), c


def rglru(p, state, x, norm):
  """De et al. (2024), equations 1 to 4, after a convolution over this x and the three before."""
  h, *past = state
  x = outside(p, x, norm)
  u = sum(w * x_k for w, x_k in zip(p["w"], [x, *past], strict=True)) + p["b_w"]
  W_r, W_i = np.split(p["W_ri"], 2, axis=1)
  b_r, b_i = np.split(p["b_ri"], 2)
  a = np.exp(-8 * np.log1p(np.exp(p["L"])) * sigmoid(W_r.T @ u + b_r))
  h = a * h + np.sqrt(1 - a**2) * (sigmoid(W_i.T @ u + b_i) * u)
  return h, x, *past[:-1]


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
  "mingru": (mingru, 2, lambda s: (s,)),
  "minlstm": (minlstm, 3, lambda s: (s,)),
  "ssru": (ssru, 2, lambda s: (np.maximum(s, 0), s)),
  "rglru": (rglru, 1, lambda s: (s, 0 * s, 0 * s, 0 * s)),
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


def softmax(e, choice=BASE, spent=0):
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
  return alpha[None], {}, spent + alpha if choice["normaliser.kind"] == "csparsemax" else None


def mean(a, choice, s, h, carried):
  return np.full((1, len(h)), 1 / len(h)), {}, None


def dot(a, choice, s, h, carried):
  """Luong et al. (2015), section 3.1, with each direction of a bidirectional encoder."""
  e = [sum(s @ direction for direction in np.split(h_j, len(h_j) // len(s))) for h_j in h]
  return softmax(np.array(e))[None], {}, None


def scaled_dot(a, choice, s, h, carried):
  """Vaswani et al. (2017), equation 1."""
  K = np.stack([a["W_k"].T @ h_j for h_j in h])
  q = a["W_q"].T @ s
  return softmax(q @ K.T / np.sqrt(len(q)))[None], {}, None


def general(a, choice, s, h, carried):
  """Luong et al. (2015), section 3.1."""
  return softmax(np.array([s @ (a["W_a"].T @ h_j) for h_j in h]))[None], {}, None


def concat(a, choice, s, h, carried):
  """Luong et al. (2015), section 3.1."""
  W_a = np.concatenate([a["W_s"], a["W_h"]]).T
  e = [a["v_a"] @ np.tanh(W_a @ np.concatenate([s, h_j])) for h_j in h]
  return softmax(np.array(e))[None], {}, None


def additive_normed(a, choice, s, h, carried):
  """Raffel et al. (2017), section 2.4, without r."""
  v = a["g"][0] * a["v_a"] / np.sqrt(sum(a["v_a"] ** 2))
  return additive({**a, "v_a": v}, choice, s, h, carried)


def location(a, choice, s, h, carried):
  """Luong et al. (2015), section 3.1: the top of the vector, and words near the end ignored."""
  alpha = softmax((a["W_a"].T @ s)[: len(h)])
  return np.pad(alpha, (0, len(h) - len(alpha)))[None], {}, None


def local_m(a, choice, s, h, carried):
  """Luong et al. (2015), section 3.2: align over the window around p = i."""
  i, inner = carried or (1, None)
  alpha, inner = window(a, choice, s, h, inner, i)
  return alpha[None], {}, (i + 1, inner)


def local_p(a, choice, s, h, carried):
  """Luong et al. (2015), equations 9 and 10."""
  p = len(h) * sigmoid(a["v_p"] @ np.tanh(a["W_p"].T @ s))
  alpha, carried = window(a, choice, s, h, carried, p)
  sigma = choice["attention.window"] / 2
  alpha = alpha * [np.exp(-((j - p) ** 2) / (2 * sigma**2)) for j in range(1, len(h) + 1)]
  return (alpha / sum(alpha) if choice["attention.renormalise"] else alpha)[None], {}, carried


def window(a, choice, s, h, carried, p):
  """Weights of mechanism `energy` over the words from p - D to p + D alone."""
  D, mechanism = choice["attention.window"], MECHANISMS[choice["attention.energy"] or "general"]
  inside = [j for j in range(1, len(h) + 1) if p - D <= j <= p + D]
  alpha = np.zeros(len(h))
  if inside:
    found, _, carried = mechanism(a["energy"], choice, s, [h[j - 1] for j in inside], carried)
    alpha[[j - 1 for j in inside]] = found[0]
  return alpha, carried


def additive_coverage(a, choice, s, h, k):
  """See et al. (2017), equations 10 and 11."""
  k = np.zeros(len(h)) if k is None else k
  inside = [a["W_a"].T @ s + a["U_a"].T @ h[j] + a["w_c"] * k[j] + a["b_a"] for j in range(len(h))]
  alpha = normalise([a["v_a"] @ np.tanh(x) for x in inside], choice, k)
  return alpha[None], {}, k + alpha


def conv(a, choice, s, h, past):
  """Chorowski et al. (2015), equations 8 and 9; Shen et al. (2018) where it is cumulative."""
  past = np.zeros(len(h)) if past is None else past
  r, k = a["F"].shape
  e = []
  for j in range(len(h)):
    f = np.zeros(k)
    for place in range(max(0, j - r // 2), min(len(h), j + r // 2 + 1)):
      f += past[place] * a["F"][place - j + r // 2]
    inside = a["W_a"].T @ s + a["U_a"].T @ h[j] + a["U"].T @ f + a["b_a"]
    e.append(a["v_a"] @ np.tanh(inside))
  alpha = softmax(np.array(e))
  return alpha[None], {}, past + alpha if choice["attention.cumulative"] else alpha


def coverage_linguistic(a, choice, s, h, k):
  """Tu et al. (2016), section 3.1: linguistic coverage with fertility."""
  k = np.zeros(len(h)) if k is None else k
  alpha = covered(a, s, h, [np.array([k_j]) for k_j in k])
  fertility = [choice["attention.fertility"] * sigmoid(a["U_f"][:, 0] @ h_j) for h_j in h]
  return alpha[None], {}, k + alpha / fertility


def coverage_neural(a, choice, s, h, k):
  """Tu et al. (2016), section 3.1: a GRU over (alpha, h_j, s)."""
  k = [np.zeros(len(a["V_a"]))] * len(h) if k is None else k
  alpha = covered(a, s, h, k)
  W = np.concatenate([a["w"], a["W_h"], a["W_s"]]).T
  x = [W @ np.concatenate([[alpha[j]], h[j], s]) for j in range(len(h))]
  return alpha[None], {}, [gru(a["cell"], (k[j],), x[j], False)[0] for j in range(len(h))]


def covered(a, s, h, k):
  """alpha, the coverage of each word being a vector."""
  inside = [
    a["W_a"].T @ s + a["U_a"].T @ h[j] + a["V_a"].T @ k[j] + a["b_a"] for j in range(len(h))
  ]
  return softmax(np.array([a["v_a"] @ np.tanh(x) for x in inside]))


def multihead(a, choice, s, h, carried):
  """Several mechanisms, each with parameters of its own."""
  inner = MECHANISMS[choice["attention.energy"] or "additive"]
  heads = [a["heads"][i] for i in range(len(a["heads"]))]
  carried = [None] * len(heads) if carried is None else carried
  found = [inner(head, choice, s, h, own) for head, own in zip(heads, carried, strict=True)]
  return np.concatenate([one[0] for one in found]), {}, [one[2] for one in found]


def hard(a, choice, s, h, carried):
  """Xu et al. (2015), section 4.1, without noise: the likeliest word."""
  inner = MECHANISMS[choice["attention.energy"] or "additive"]
  alpha, _, carried = inner(a["energy"], choice, s, h, carried)
  negative_entropy = sum(p * np.log(p) for p in alpha[0])
  one = np.eye(len(h))[alpha[0].argmax()]
  return one[None], {"negative_entropy": choice["attention.entropy"] * negative_entropy}, carried


def energies(a, choice, s, h):
  """The energies of the additive mechanism, which other kinds use."""
  assert choice["attention.energy"] in ("", None, "additive")
  return np.array([a["v_a"] @ np.tanh(a["W_a"].T @ s + a["U_a"].T @ h_j + a["b_a"]) for h_j in h])


def stopping(a, choice, s, h):
  """Raffel et al. (2017): the probabilities of stopping, or in search yes and no."""
  e = energies(a["energy"], choice, s, h) + a["r"][0]
  return np.where(e > 0, 1.0, 0.0) if choice["search"] else sigmoid(e)


def monotonic(a, choice, s, h, before):
  """Raffel et al. (2017), section 2.3: the sum over where the last step may have stopped."""
  p, J = stopping(a, choice, s, h), len(h)
  before = np.eye(J)[0] if before is None else before
  alpha = [
    p[j] * sum(before[k] * np.prod([1 - p[l] for l in range(k, j)]) for k in range(j + 1))
    for j in range(J)
  ]
  return np.array([alpha]), {}, np.array(alpha)


def stepwise(a, choice, s, h, before):
  """He et al. (2019), section 3: stays, or comes from the word before."""
  p, J = stopping(a, choice, s, h), len(h)
  before = np.eye(J)[0] if before is None else before
  alpha = [before[j] * p[j] + (before[j - 1] * (1 - p[j - 1]) if j > 0 else 0) for j in range(J)]
  return np.array([alpha]), {}, np.array(alpha)


def mocha(a, choice, s, h, before):
  """Chiu and Raffel (2018), section 2.3."""
  _, _, alpha = monotonic(a, choice, s, h, before)
  u, w, J = energies(a["inside"], choice, s, h), choice["attention.chunk"], len(h)
  beta = [
    sum(
      alpha[k] * np.exp(u[j]) / sum(np.exp(u[l]) for l in range(max(0, k - w + 1), k + 1))
      for k in range(j, min(J, j + w))
    )
    for j in range(J)
  ]
  return np.array([beta]), {}, alpha


def forward(a, choice, s, h, carried):
  """Zhang, Ling and Dai (2018), algorithm 1, or algorithm 2 with an agent that sees c_i and s."""
  J, u = len(h), 0.5
  before = np.eye(J)[0]
  if carried is not None:
    before, u = carried
  y = softmax(energies(a["energy"], choice, s, h))
  if choice["attention.agent"]:
    new = [((1 - u) * before[j] + (u * before[j - 1] if j else 0)) * y[j] for j in range(J)]
  else:
    new = [(before[j] + (before[j - 1] if j else 0)) * y[j] for j in range(J)]
  alpha = np.array(new) / sum(new)
  if choice["attention.agent"]:
    g, c = a["agent"], sum(alpha[j] * h[j] for j in range(J))
    inside = np.tanh(g["W_u"].T @ s + g["C_u"].T @ c + g["b_u"])
    u = sigmoid(g["v_u"][:, 0] @ inside + g["b_v"][0])
  return alpha[None], {}, (alpha, u)


def gmm(a, choice, s, h, kappa):
  """Graves (2013), equations 46 to 51."""
  K = choice["attention.components"]
  size, width, step = np.exp(a["W_p"].T @ s + a["b_p"]).reshape(3, K)
  kappa = step if kappa is None else kappa + step
  phi = [sum(size * np.exp(-width * (kappa - j) ** 2)) for j in range(1, len(h) + 1)]
  return np.array([phi]), {}, kappa


def dynamic_conv(a, choice, s, h, before):
  """Battenberg et al. (2020): static and dynamic filters, and the beta-binomial prior."""
  J, R, n = len(h), choice["attention.reach"], choice["attention.prior_steps"]
  before = np.eye(J)[0] if before is None else before

  def at(j):
    return before[j] if 0 <= j < J else 0.0

  def beta(x, y):
    return math.gamma(x) * math.gamma(y) / math.gamma(x + y)

  A, B = choice["attention.prior_alpha"], choice["attention.prior_beta"]
  P = [math.comb(n, k) * beta(k + A, n - k + B) / beta(A, B) for k in range(n + 1)]
  G = (a["V_G"].T @ np.tanh(a["W_G"].T @ s + a["b_G"])).reshape(a["F"].shape)
  e = []
  for j in range(J):
    f = sum(a["F"][l] * at(j - R + l) for l in range(2 * R + 1))
    g = sum(G[l] * at(j - R + l) for l in range(2 * R + 1))
    p = sum(P[k] * at(j - k) for k in range(n + 1))
    energy = a["v"] @ np.tanh(a["U"].T @ f + a["T"].T @ g + a["b"])
    e.append(energy + np.log(max(p, 1e-6)))
  alpha = softmax(np.array(e))
  return alpha[None], {}, alpha


def structured(a, choice, s, h, carried):
  """Kim et al. (2017), section 3.2: marginals by summing over all selections."""
  e, J = energies(a["energy"], choice, s, h), len(h)
  total, chosen = 0.0, np.zeros(J)
  for z in itertools.product((0, 1), repeat=J):
    score = np.exp(e @ np.array(z) + sum(a["b"][z[j - 1], z[j]] for j in range(1, J)))
    total, chosen = total + score, chosen + score * np.array(z)
  return (chosen / total / choice["attention.divisor"])[None], {}, None


MECHANISMS = {
  "additive": additive,
  "mean": mean,
  "dot": dot,
  "scaled_dot": scaled_dot,
  "general": general,
  "concat": concat,
  "additive_normed": additive_normed,
  "location": location,
  "local_m": local_m,
  "local_p": local_p,
  "additive_coverage": additive_coverage,
  "conv": conv,
  "coverage_linguistic": coverage_linguistic,
  "coverage_neural": coverage_neural,
  "multihead": multihead,
  "hard": hard,
  "monotonic": monotonic,
  "stepwise": stepwise,
  "mocha": mocha,
  "forward": forward,
  "gmm": gmm,
  "dynamic_conv": dynamic_conv,
  "structured": structured,
}


def read(params, source, target, search=False, **changes):
  """log p(y_i | y_<i, x), alpha and decoder states of one pair of token lists.

  search: whether attention looks as in search, where that differs.
  """
  choice = BASE | changes | {"search": search}
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
    weights, losses, carry = mechanism(p.get("attention"), choice, s, h, carried)
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
