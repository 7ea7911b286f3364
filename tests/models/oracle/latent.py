"""Latent alignment, one source word at a time: Deng et al. (2018)."""

import numpy as np

from oracle.encoders import outputs


def prior(alpha, choice):
  """K-max renormalisation (section 4, predictive inference) in search; else alpha itself."""
  K = choice["attention.top"]
  if not choice["search"] or not K:
    return alpha
  kept = np.zeros(len(alpha))
  for j in sorted(range(len(alpha)), key=lambda j: -alpha[j])[:K]:
    kept[j] = alpha[j]
  return kept / sum(kept)


def marginal(alpha, log_p):
  """log sum_j p(z = j) p(y | z = j) (section 2.1), log_p being J x V."""
  return np.log(sum(alpha[j] * np.exp(log_p[j]) for j in range(len(alpha))))


def posterior(alpha, log_p, y):
  """p(z = j | y), by Bayes."""
  joint = np.array([alpha[j] * np.exp(log_p[j][y]) for j in range(len(alpha))])
  return joint / sum(joint)


def elbo(q, alpha, log_p, y):
  """E_q[log p(y | z)] - KL[q || p(z)] (section 3), where q is above 0."""
  return sum(
    q[j] * (log_p[j][y] - np.log(q[j]) + np.log(alpha[j])) for j in range(len(q)) if q[j] > 0
  )


def infer(params, source, target, choice):
  """q(z_i = j | x, y), T x J (section 4): a bilinear map of states over both whole sentences."""
  network = params["decoder"]["attention"]["inference"]

  def states(p, vectors):
    forward = outputs(p["forward"], vectors, choice)
    backward = outputs(p["backward"], vectors[::-1], choice)[::-1]
    return [np.concatenate(pair) for pair in zip(forward, backward, strict=True)]

  f = states(network["source"], [params["encoder"]["E_x"][word] for word in source])
  g = states(network["target"], [params["decoder"]["E_y"][word] for word in target])
  scores = np.array([[np.exp(g_i @ network["U"] @ f_j) for f_j in f] for g_i in g])
  return scores / scores.sum(axis=1, keepdims=True)
