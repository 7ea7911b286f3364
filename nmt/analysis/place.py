"""What `W`, `W@UPDATE` and a file of weights name on the command line of nmt.analyze."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from nmt import config as config_lib
from nmt.decoding.trained import Run
from nmt.errors import UserError
from nmt.workdir import Workdir

HELP = "a run's folder, or one of its checkpoints: W@UPDATE, W@best (as without), W@last"


class Place(NamedTuple):
  """One checkpoint of a run, or a file of nmt.export. Nothing is read before it is asked for.

  name: as it was typed. which: best, last or an update's number; best for a file.
  """

  name: str
  path: Path
  which: str

  @property
  def home(self) -> Workdir:
    """The run's folder; UserError for a file of weights and where there is no run."""
    if self.path.is_file():
      raise UserError(f"{self.name} is a file of weights alone; name the folder of its run")
    if not self.path.is_dir():
      raise UserError(f"{self.name}: no such folder")
    home = Workdir(self.path)
    if not home.config.exists() and home.study.exists():
      raise UserError(f"{self.name} is the folder of a study; name one of the runs in it")
    if not home.config.exists():
      raise UserError(f"{self.name} holds no run (no config.json); launch.py makes one")
    return home

  def load(self) -> Run:
    """The run, ready to translate; UserError as `home` and `nmt.loading.load` say."""
    from nmt.loading import load

    return load(self.home, self.which)

  def weights(self) -> "Weights":
    """The parameters that it translates with; UserError where there are none."""
    if self.path.is_file():
      return _exported(self.path)
    return weights_of(self.load())


class Weights(NamedTuple):
  """Parameters by their exported names (docs/weights.md), such as encoder.forward.W."""

  config: ConfigDict
  update: int
  arrays: dict[str, np.ndarray]

  def drawn(self) -> dict[str, np.ndarray]:
    """What the config's seed draws for them; a name that is missing is not drawn in that shape."""
    from nmt import models

    rows = self.arrays["decoder.E_y"].shape[0]
    source = self.arrays.get("encoder.E_x")
    sizes = rows if source is None else source.shape[0], rows
    tree = models.init(self.config.model, *sizes, self.config.seed)
    drawn = {name: np.asarray(leaf) for name, leaf in models.flat(tree).items()}
    return {
      name: array
      for name, array in drawn.items()
      if name in self.arrays and array.shape == self.arrays[name].shape
    }


def weights_of(run: Run) -> Weights:
  """The parameters of a loaded run, on the host."""
  import jax

  from nmt import models

  return Weights(run.config, run.update, models.flat(jax.device_get(run.params)))


def place(text: str) -> Place:
  """What a word of the command line names; a folder whose own name has an @ in it is that folder.

  UserError for what follows the @ if it is no update.
  """
  if not Path(text).exists() and "@" in text:
    folder, _, which = text.rpartition("@")
    if not re.fullmatch(r"best|last|[0-9]+", which):
      raise UserError(f"{text}: after the @ comes the number of an update, or best or last")
    return Place(text, Path(folder), which)
  return Place(text, Path(text), "best")


def _exported(path: Path) -> Weights:
  from safetensors import SafetensorError, safe_open

  try:
    with safe_open(path, "np") as file:
      facts: dict[str, Any] = file.metadata() or {}
      arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)
  except SafetensorError as e:
    raise UserError(f"{path} is neither a run's folder nor a file of nmt.export ({e})") from None
  if not {"config", "update"} <= facts.keys():
    raise UserError(f"{path} was not written by python -m nmt.export: it has no config")
  config = config_lib.parse(json.loads(facts["config"]), path)
  return Weights(config, int(facts["update"]), arrays)
