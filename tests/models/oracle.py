"""The paper's equations once more: float64 NumPy, one sentence and one word at a time, no padding.

Nothing of nmt is used but the names of its parameters; fused matrices are cut into the paper's.
"""

from dataclasses import dataclass

import numpy as np

BOS = 1


@dataclass
class Reading:
  log_p: np.ndarray  # T x V
  alpha: np.ndarray  # T x J
  s: np.ndarray  # T x n, s_1 .. s_T


def sigmoid(x):
  return 1 / (1 + np.exp(-x))


def gru(p, x, s, c_z=0.0, c_r=0.0, c_s=0.0):
  W_z, W_r, W = np.split(p["W"], 3, axis=1) if "W" in p else np.zeros((3, len(x), len(s)))
  b_z, b_r, b = np.split(p["b"], 3)
  U_z, U_r = np.split(p["U_zr"], 2, axis=1)
  z = sigmoid(W_z.T @ x + U_z.T @ s + b_z + c_z)
  r = sigmoid(W_r.T @ x + U_r.T @ s + b_r + c_r)
  new = np.tanh(W.T @ x + p["U"].T @ (r * s) + b + c_s)
  return (1 - z) * s + z * new


def annotate(p, source):
  words = [p["E_x"][w] for w in source]
  n = p["forward"]["U"].shape[0]
  forward, h = [], np.zeros(n)
  for x in words:
    h = gru(p["forward"], x, h)
    forward.append(h)
  backward, h = [], np.zeros(n)
  for x in reversed(words):
    h = gru(p["backward"], x, h)
    backward.insert(0, h)
  return forward, backward


def read(params, source, target, kind="additive", readout="previous", tie=False, conditional=False):
  """log p(y_i | y_<i, x), alpha and decoder states of one pair of token lists."""
  p, J = params["decoder"], len(source)
  forward, backward = annotate(params["encoder"], source)
  h = [np.concatenate(pair) for pair in zip(forward, backward, strict=True)]
  s = np.tanh(p["W_s"].T @ backward[0] + p["b_s"])
  log_ps, alphas, states = [], [], []
  for y in [BOS, *target[:-1]]:
    E_y = p["E_y"][y]
    first = gru(p["cell"], E_y, s) if conditional else s
    if kind == "none":
      alpha, c = np.eye(J)[J - 1], forward[-1]
    else:
      a = p["attention"]
      e = np.array(
        [a["v_a"] @ np.tanh(a["W_a"].T @ first + a["U_a"].T @ h_j + a["b_a"]) for h_j in h]
      )
      alpha = np.exp(e) / np.exp(e).sum()
      c = sum(alpha[j] * h[j] for j in range(J))
    C_c = [C.T @ c for C in np.split(p["C"], 3, axis=1)]
    new = gru(p["second"], E_y, first, *C_c) if conditional else gru(p["cell"], E_y, s, *C_c)
    o = p["readout"]
    seen = s if readout == "previous" else new
    pre = o["U_o"].T @ seen + o["V_o"].T @ E_y + o["C_o"].T @ c + o["b_t"]
    l = len(pre) // 2
    t = np.array([max(pre[k], pre[k + l]) for k in range(l)])
    logits = (p["E_y"] if tie else o["W_o"]) @ t + o["b_o"]
    log_ps.append(logits - np.log(np.exp(logits).sum()))
    alphas.append(alpha)
    states.append(new)
    s = new
  return Reading(np.stack(log_ps), np.stack(alphas), np.stack(states))
