"""A run as the rest of the code uses it, from its folder or from its parts."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from ml_collections import ConfigDict

from nmt import config as config_lib
from nmt import fitting, kinds, models
from nmt.data.ids import PAD
from nmt.data.pipeline import load_tokenizers
from nmt.data.tokenizers import Tokenizer
from nmt.declarations import declared, put
from nmt.decoding.trained import Run
from nmt.errors import UserError
from nmt.models.mixture import Mixture
from nmt.refusals import NOT_ALIGNING, SCORES
from nmt.training import checkpoints, sharding
from nmt.workdir import Workdir


def of(
  config: ConfigDict, source: Tokenizer, target: Tokenizer, params: Any, update: int = 0
) -> Run:
  """A run from its parts; equal models get the same functions, so that programs are kept."""
  aligns = not fitting.has(config_lib.flatten(config), "model.attention", NOT_ALIGNING)
  encode, step, force = _functions(config.model.to_json(), source.size, target.size)
  return Run(config, source, target, params, update, aligns, encode, step, force)


def posterior(run: Run) -> Run:
  """The run with alignments that know the word: alpha_ij p(y_i | s_i, h_j) / p(y_i) for alpha_ij.

  This is p(z_i = j | x, y_<=i), by which latent attention aligns given words (Deng et al., 2018,
  section 2.1). The run need not be trained so: its attention becomes the prior, and its readout
  with h_j in the place of the context gives p(y_i | s_i, h_j). Forcing costs J readouts a word, and
  its log-probabilities are those of the mixture.

  Raises UserError for attention that doesn't score each word, and a readout without the context.
  """
  flat, params = config_lib.flatten(run.config), run.params
  kind = flat["model.attention.kind"]
  if kind != "latent":
    if SCORES not in kinds.traits("model.attention", kind):
      raise UserError(
        f"this run's attention has no posterior: model.attention.kind={kind} is none that {SCORES}"
        f", as {', '.join(kinds.names('model.attention', SCORES))} do"
      )
    flat |= {"model.attention.kind": "latent", "model.attention.energy": kind}
    decoder = dict(params["decoder"])
    if "attention" in decoder:  # dot has no parameters
      decoder["attention"] = {"energy": decoder["attention"]}
    params = params | {"decoder": decoder}
  flat["model.attention.alignment"] = "posterior"
  # The options that latent attention adds have their defaults.
  flat = {key: flat.get(key, option.default) for key, option in declared(flat).items()}
  for line in fitting.refused(flat):
    raise UserError(f"this run's attention has no posterior: {line}")
  return of(ConfigDict(put({}, flat)), run.source, run.target, params, run.update)


@functools.lru_cache(maxsize=8)
def _functions(model: str, source_size: int, target_size: int) -> tuple[Callable[..., Any], ...]:
  config = ConfigDict(json.loads(model))

  def rebuild(params: Any) -> models.Translation:
    return models.rebuild(config, source_size, target_size, params)

  def encode(params: Any, source_BxJ: jax.Array) -> tuple[Any, Any]:
    memory, state = rebuild(params).encode(source_BxJ)
    return memory, state

  def step(params: Any, memory: Any, state: Any, y_B: jax.Array) -> tuple[Any, Any]:
    after, seen = rebuild(params).step(memory, state, y_B)
    return after, seen

  def force(
    params: Any, source_BxJ: jax.Array, target_BxT: jax.Array
  ) -> tuple[jax.Array, jax.Array]:
    module = rebuild(params)
    features = module.features(source_BxJ, target_BxT)
    said = None
    if isinstance(features.t, Mixture):
      said = module.words(features.t, target_BxT)
      log_probs = said.log_p
    else:
      logits = module.logits(features.t).astype(jnp.float32)
      chosen = jnp.take_along_axis(logits, target_BxT[:, :, None], axis=2)[:, :, 0]
      log_probs = chosen - jax.nn.logsumexp(logits, axis=2)
    alpha = module.alignments(source_BxJ, target_BxT, features, said)
    return jnp.where(target_BxT != PAD, log_probs, 0), alpha

  return encode, step, force


def load(workdir: str | Path | Workdir, which: str | int = "best") -> Run:
  """Loads a run's `best` or `last` checkpoint, or the one of an update, onto one device.

  Raises UserError where there is no run, no device, no checkpoint, or none that is whole; a damaged
  best or last checkpoint is replaced by the last whole one, with a warning.
  """
  home = workdir if isinstance(workdir, Workdir) else Workdir(workdir)
  if not home.path.is_dir():
    raise UserError(f"workdir {home}: no such folder")
  if not home.config.exists():
    raise UserError(f"workdir {home} holds no run (no config.json); launch.py makes one")
  config = config_lib.load(home.config)
  if not checkpoints.updates(home.checkpoints):
    raise UserError(f"workdir {home} has no checkpoint yet; one is saved at each validation")
  sharding.available()
  source, target = load_tokenizers(home.tokenizers, config.data.normalize)
  shapes = models.shapes(config.model, source.size, target.size)
  device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
  abstract = jax.tree.map(lambda x: x.update(sharding=device), shapes)
  name = "average" if config.train.ema else "params"
  params, update = checkpoints.load(home.checkpoints, which, name, abstract)
  return of(config, source, target, params, update)
