"""The papers' equations once more: float64 NumPy, one sentence and one word at a time, no padding.

Nothing of nmt is used but the names of its parameters; fused matrices are cut into the papers'. A
choice is a flat dict of model keys, such as {"attention.kind": "additive", "cell.layers": 2}.
"""

from dataclasses import dataclass, field

import numpy as np

from oracle.attention import MECHANISMS
from oracle.cells import Stack, sigmoid
from oracle.encoders import ENCODERS
from oracle.latent import elbo, infer, marginal, posterior
from oracle.normalisers import normalise as normalise
from oracle.slopes import check_slopes as check_slopes

BOS = 1
BASE = {
  "attention.kind": "additive",
  "attention.energy": "",  # that of the kind
  "attention.inner_energy": "",  # that of the energy
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
  "attention.top": 0,
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
  "dropout.layer": None,  # what each unit is multiplied by between layers
  "order.gate": "none",
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
  each: list[np.ndarray] = field(
    default_factory=list
  )  # log p(y_i | z_i = j), T of J x V, if latent
  h: np.ndarray | None = None  # J x D
  c: np.ndarray | None = None  # T x D, those of several heads side by side


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
  attentional, carried, readings, each = np.zeros(cell.size), None, [], []

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
      target, source = shares(p, choice, before, c, E_y)
      from_c = p["C"].T[: len(x)] @ c
      state = cell(state, cell.repeat(target) * x + cell.repeat(source) * from_c, target)
    elif choice["order.kind"] == "conditional":
      state = cell(state, x)
      alpha, c, losses, carried = attend(cell.output(state))
      target, source = shares(p, choice, cell.output(state), c, None)
      from_c = p["C"].T[: len(x)] @ c
      state = Stack(p["second"], choice)(state, cell.repeat(source) * from_c, target)
    else:
      fed = p["F"].T @ attentional if choice["order.input_feeding"] else 0
      state = cell(state, x + fed)
      alpha, c, losses, carried = attend(cell.output(state))
      attentional = attend_from(p, choice, cell.output(state), c)
    s = cell.output(state)
    seen = before if choice["order.state"] == "previous" else s
    seen = attentional if choice["order.kind"] == "update_first" else seen
    o = p["readout"]

    def scores(seen, c, E_y=E_y, o=o):
      t = seen
      if choice["readout.kind"] in ("maxout", "tanh"):
        pre = o["U_o"].T @ seen + o["V_o"].T @ E_y + o["C_o"].T @ c + o["b_t"]
        l = len(pre) // 2
        t = np.array([max(pre[k], pre[k + l]) for k in range(l)])
      if choice["readout.kind"] == "tanh":  # Sennrich et al. (2017), section 2
        t = np.tanh(pre)
      logits = (p["E_y"] if choice["tie"] else o["W_o"]) @ t + o["b_o"]
      return logits - np.log(np.exp(logits).sum())

    log_p = scores(seen, c)
    if choice["attention.kind"] == "latent":
      contexts = [values[j] for j in range(J)]
      shown = [seen] * J
      if choice["order.kind"] == "update_first":
        shown = [attend_from(p, choice, s, c_j) for c_j in contexts]
      each.append(np.stack([scores(shown[j], contexts[j]) for j in range(J)]))
      log_p = marginal(alpha, each[-1])
    readings.append((log_p, alpha, s, losses, c))
  log_p, alphas, states, losses, contexts = zip(*readings, strict=True)
  losses = {name: np.array([step[name] for step in losses]) for name in losses[0]}
  read = [np.stack(array) for array in (log_p, alphas, states)]
  return Reading(*read, losses, each, np.stack(h), np.stack(contexts))


def latent(params, source, target, **changes):
  """Of one pair, q (T x J), the posterior (T x J), the ELBO of each word by q, and the reading."""
  reading = read(params, source, target, **changes)
  q = infer(params, source, target, BASE | changes)
  steps = list(zip(reading.alpha, reading.each, target, strict=True))
  bounds = [elbo(q_i, *step) for q_i, step in zip(q, steps, strict=True)]
  return q, np.stack([posterior(*step) for step in steps]), np.array(bounds), reading


def attend_from(p, choice, s, c):
  """The attentional state: Luong et al. (2015), equation 5, with the shares of a context gate."""
  target, source = shares(p, choice, s, c, None)
  return np.tanh(source * (p["C"].T[: len(s)] @ c) + target * (p["U_h"].T @ s))


def shares(p, choice, s, c, E_y):
  """Tu et al. (2017): what of the target's and of the source's part of a sum counts."""
  if choice["order.gate"] == "none":
    return np.ones(len(s)), np.ones(len(s))
  gate, C_z = p["gate"], p["C"][:, -len(s) :]
  word = 0 if E_y is None else gate["W_z"].T @ E_y
  z = sigmoid(word + gate["U_z"].T @ s + C_z.T @ c)
  one = np.ones(len(s))
  return {"source": (one, z), "target": (z, one), "both": (1 - z, z)}[choice["order.gate"]]
