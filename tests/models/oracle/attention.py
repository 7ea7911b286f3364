"""Attention mechanisms, one look at a time."""

import itertools
import math

import numpy as np

from oracle.cells import gru, sigmoid
from oracle.latent import prior
from oracle.normalisers import normalise, softmax

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
  f, e = around(a["F"], past), []
  for j in range(len(h)):
    inside = a["W_a"].T @ s + a["U_a"].T @ h[j] + a["U"].T @ f[j] + a["b_a"]
    e.append(a["v_a"] @ np.tanh(inside))
  alpha = softmax(np.array(e))
  return alpha[None], {}, past + alpha if choice["attention.cumulative"] else alpha


def around(F, alpha):
  """F * alpha, at each word."""
  (r, k), J = F.shape, len(alpha)
  f = np.zeros((J, k))
  for j in range(J):
    for place in range(max(0, j - r // 2), min(J, j + r // 2 + 1)):
      f[j] += alpha[place] * F[place - j + r // 2]
  return f


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
  choice = within(choice)
  found = [inner(head, choice, s, h, own) for head, own in zip(heads, carried, strict=True)]
  return np.concatenate([one[0] for one in found]), {}, [one[2] for one in found]


def within(choice):
  """A choice as the mechanism of `energy` sees it."""
  return choice | {"attention.energy": choice["attention.inner_energy"]}


def hard(a, choice, s, h, carried):
  """Xu et al. (2015), section 4.1, without noise: the likeliest word."""
  inner = MECHANISMS[choice["attention.energy"] or "additive"]
  alpha, _, carried = inner(a["energy"], within(choice), s, h, carried)
  alpha = alpha / alpha.sum()
  negative_entropy = sum(p * np.log(p) for p in alpha[0] if p > 0)
  one = np.eye(len(h))[alpha[0].argmax()]
  return one[None], {"negative_entropy": choice["attention.entropy"] * negative_entropy}, carried


def latent(a, choice, s, h, carried):
  """Deng et al. (2018): the prior is that of another mechanism."""
  inner = MECHANISMS[choice["attention.energy"] or "additive"]
  weights, losses, carried = inner(a["energy"], within(choice), s, h, carried)
  return prior(sum(weights) / len(weights), choice)[None], losses, carried


def energies(a, choice, s, h, past):
  """Those of the mechanism `energy`; past: the weights made of them in all steps before."""
  kind = choice["attention.energy"] or "additive"
  if kind == "conv":
    carried = None if not past else sum(past) if choice["attention.cumulative"] else past[-1]
    f = around(a["F"], np.zeros(len(h)) if carried is None else carried)
    more = [a["U"].T @ f_j for f_j in f]
  elif kind == "additive_coverage":
    more = [a["w_c"] * sum(alpha[j] for alpha in past) for j in range(len(h))]
  else:
    assert kind == "additive"
    more = [0] * len(h)
  inside = [a["W_a"].T @ s + a["U_a"].T @ h[j] + a["b_a"] + more[j] for j in range(len(h))]
  return np.array([a["v_a"] @ np.tanh(x) for x in inside])


def stopping(a, choice, s, h, past):
  """Raffel et al. (2017): the probabilities of stopping, or in search yes and no."""
  e = energies(a["energy"], choice, s, h, past) + a["r"][0]
  return np.where(e > 0, 1.0, 0.0) if choice["search"] else sigmoid(e)


def monotonic(a, choice, s, h, past):
  """Raffel et al. (2017), section 2.3: the sum over where the last step may have stopped."""
  past, J = past or [], len(h)
  p, before = stopping(a, choice, s, h, past), past[-1] if past else np.eye(J)[0]
  alpha = [
    p[j] * sum(before[k] * np.prod([1 - p[l] for l in range(k, j)]) for k in range(j + 1))
    for j in range(J)
  ]
  return np.array([alpha]), {}, [*past, np.array(alpha)]


def stepwise(a, choice, s, h, past):
  """He et al. (2019): stays, or comes from the word before."""
  past, J = past or [], len(h)
  p, before = stopping(a, choice, s, h, past), past[-1] if past else np.eye(J)[0]
  alpha = [before[j] * p[j] + (before[j - 1] * (1 - p[j - 1]) if j > 0 else 0) for j in range(J)]
  return np.array([alpha]), {}, [*past, np.array(alpha)]


def mocha(a, choice, s, h, carried):
  """Chiu and Raffel (2018), section 2.3."""
  stops, betas = carried or ([], [])
  _, _, stops = monotonic(a, choice, s, h, stops)
  u, w, J = energies(a["inside"], choice, s, h, betas), choice["attention.chunk"], len(h)
  alpha = stops[-1]
  beta = [
    sum(
      alpha[k] * np.exp(u[j]) / sum(np.exp(u[l]) for l in range(max(0, k - w + 1), k + 1))
      for k in range(j, min(J, j + w))
    )
    for j in range(J)
  ]
  return np.array([beta]), {}, (stops, [*betas, np.array(beta)])


def forward(a, choice, s, h, carried):
  """Zhang, Ling and Dai (2018), algorithm 1, or algorithm 2 with an agent that sees c_i and s."""
  J = len(h)
  past, u = carried or ([], 0.5)
  before = past[-1] if past else np.eye(J)[0]
  y = softmax(energies(a["energy"], choice, s, h, past))
  if choice["attention.agent"]:
    new = [((1 - u) * before[j] + (u * before[j - 1] if j else 0)) * y[j] for j in range(J)]
  else:
    new = [(before[j] + (before[j - 1] if j else 0)) * y[j] for j in range(J)]
  alpha = np.array(new) / sum(new)
  if choice["attention.agent"]:
    g, c = a["agent"], sum(alpha[j] * h[j] for j in range(J))
    inside = np.tanh(g["W_u"].T @ s + g["C_u"].T @ c + g["b_u"])
    u = sigmoid(g["v_u"][:, 0] @ inside + g["b_v"][0])
  return alpha[None], {}, ([*past, alpha], u)


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


def structured(a, choice, s, h, past):
  """Kim et al. (2017): marginals by summing over all selections."""
  past, J = past or [], len(h)
  e = energies(a["energy"], choice, s, h, past)
  total, chosen = 0.0, np.zeros(J)
  for z in itertools.product((0, 1), repeat=J):
    score = np.exp(e @ np.array(z) + sum(a["b"][z[j - 1], z[j]] for j in range(1, J)))
    total, chosen = total + score, chosen + score * np.array(z)
  alpha = chosen / total / choice["attention.divisor"]
  return alpha[None], {}, [*past, alpha]


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
  "latent": latent,
}
