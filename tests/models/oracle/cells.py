"""Recurrent cells, one step at a time."""

import numpy as np


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
  """Gers et al. (2000); Ba et al. (2016), equations 20 to 22."""
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
  """Kim et al. (2019); s = ReLU(c) is first, as the model sees it."""
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
  """Zhou et al. (2016)."""
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
  """Lei et al. (2018), with a product in the place of the highway's input."""
  _, c = state
  W_f, W_r, W_c, highway = np.split((layer_norm(x, p["gain_W"]) if norm else x) + p["b"], 4)
  f, r = sigmoid(W_f + p["v_f"] * c), sigmoid(W_r + p["v_r"] * c)
  c = f * c + (1 - f) * W_c
  return r * c + (1 - r) * highway, c


def atr(p, state, x, norm):
  """Zhang et al. (2018)."""
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

  def __call__(self, states, x, share=None):
    """x: what the lowest layer is given, multiplied already; share: of its products with s."""
    after, layers = [], self.layers
    if share is not None:
      scaled = "gain_U" if self.choice["cell.layer_norm"] else "U"
      first, *others = layers[0]
      first = {
        name: leaf * np.tile(share, leaf.shape[-1] // self.size)
        if name.startswith(scaled)
        else leaf
        for name, leaf in first.items()
      }
      layers = [[first, *others], *layers[1:]]
    for transitions, state in zip(layers, states, strict=True):
      if after:
        below, dropout = self.output(after), self.choice["dropout.layer"]
        x = transitions[0]["W"].T @ (below if dropout is None else dropout * below)
      for p in transitions:
        state = self.advance(p, state, x)
        x = np.zeros(self.sums * self.size)
      after.append(state)
    return after

  def output(self, states):
    if self.choice["cell.residual"]:
      return sum(state[0] for state in states)
    return states[-1][0]

  def repeat(self, share):
    """A share of each unit, for each of the sums."""
    return np.tile(share, self.sums)

  @property
  def W(self):
    return self.layers[0][0]["W"]
