"""Every shipped config runs to its report, shrunk in sizes, updates and text."""

import json
import random
from pathlib import Path

import jax
import pytest

from nmt import config as config_lib
from nmt import train
from nmt.launching import flags
from nmt.launching.python_files import execute
from nmt.workdir import Workdir

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in (ROOT / "configs").glob("[!_]*.py") if path.stem != "base")
VARIANTS = {path.stem: getattr(execute(path), "VARIANTS", ()) or ("",) for path in FILES}


def shrink(config, folder):
  """Few, small and short; the config's own splits, kind of tokens, model and training stay."""
  config.data.cache = str(folder / "cache")
  config.data.grammar.update(train=60, valid=4, test=4, long=4, min_words=4, max_words=6)
  config.data.grammar.long_words = 8
  config.data.tokenizer.size = 280
  config.batch.update(size=8, window=2, multiple=16)
  tie = config.model.tie
  config.model.update(size=4, embedding=4)
  config.model.readout.size = 4 if tie else 3
  if "size" in config.model.attention:
    config.model.attention.size = 4
  config.train.update(updates=4)
  config.train.schedule.warmup = min(config.train.schedule.warmup, 2)
  config.valid.update(every=4, log=2)
  config.decode.update(beam=2, max_ratio=1.0)
  config.mesh.data = 1
  if config.data.corpus == "grammar":
    return
  if config.data.corpus != "text":  # a dataset of TFDS: text of the same splits in its place
    config.data.corpus = "text"
  config.data.dir, config.data.url = str(folder / "text"), ""
  draw = random.Random(1)
  splits = "+".join([config.data.train, config.data.valid, *config.data.test]).split("+")
  for split in splits:
    for language in (config.data.source, config.data.target):
      path = folder / "text" / f"{split}.{language}"
      path.parent.mkdir(parents=True, exist_ok=True)
      words = [f"{language}{number}" for number in range(20)]
      count = 40 if split == config.data.train else 3
      lines = (" ".join(draw.choices(words, k=draw.randint(2, 6))) for _ in range(count))
      path.write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize(
  "name",
  [pytest.param(name, marks=[pytest.mark.slow] * (name != "rnnsearch")) for name in VARIANTS],
)
def test_it_runs_to_its_report(tmp_path, monkeypatch, name):
  """Of the variants the first; the others are checked as far as launch.py does."""
  for variant in reversed(VARIANTS[name]):
    config = flags.load(f"configs/{name}.py", variant)
    flags.settle(config)
  shrink(config, tmp_path)
  home = Workdir(tmp_path / "run")
  home.make()
  config_lib.save(config, home.config)
  folder = str(jax.config.jax_compilation_cache_dir)
  monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", folder)
  monkeypatch.setattr(train, "keep_programs", lambda _: None)
  assert train.main(["--workdir", str(home.path)]) == 0
  reports = [json.loads(path.read_text()) for path in home.test.glob("*.json")]
  assert {report["split"] for report in reports} == set(config.data.test)
