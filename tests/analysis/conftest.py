"""Folders of runs that were never trained: their translations are references with other words."""

import functools
import json
import shutil
import types

import numpy as np
import pytest

from configs import base
from nmt.evaluation import results
from nmt.evaluation.bleu import bleu, chrf

WORDS = ["le", "chat", "noir", "dort", "ici", "un", "petit", "chien", "mange", "là"]


def sentences(count, seed=0):
  random = np.random.default_rng(seed)
  return [" ".join(random.choice(WORDS, random.integers(4, 12))) for _ in range(count)]


def corrupted(lines, share, seed):
  """The lines with a share of their words drawn anew."""
  random = np.random.default_rng(seed)
  return [
    " ".join(random.choice(WORDS) if random.random() < share else word for word in line.split())
    for line in lines
  ]


@functools.lru_cache(maxsize=1)
def _config():
  return base.get_config().to_json()


def write_run(home, overrides, hypotheses, references, *, state="done", split="test", **more):
  """A run's folder; `more` goes into its scores."""
  home.mkdir(parents=True)
  config = json.loads(_config())
  for key, value in overrides.items():
    *groups, name = key.split(".")
    group = config
    for step in groups:
      group = group[step]
    group[name] = value
  (home / "config.json").write_text(json.dumps(config))
  (home / "status.json").write_text(json.dumps({"state": state, "update": 7}))
  if state != "done":
    return
  lines = [
    {"kind": "train", "update": 5, "timing": {"target_tokens_per_second": 1000.0}},
    {"kind": "valid", "update": 7, "timing": {"training_seconds": 7200.0}},
  ]
  (home / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
  cost = {"parameters": 2_000_000, "flops_per_target_token": 3e6, "device": "NVIDIA H100"}
  (home / "cost.json").write_text(json.dumps(cost))
  (home / "data.json").write_text(json.dumps({"train": {"digest": "a"}, "valid": {"digest": "b"}}))
  write_test(home, ["x"] * len(references), hypotheses, references, split=split, **more)


def write_test(home, sources, hypotheses, references, *, split="test", **more):
  """The results of a test split."""
  found = {"split": split, "perplexity": 2.0, "alignment": None}
  for name, metric in (("bleu", bleu), ("chrf", chrf)):
    score, signature = metric(hypotheses, references)
    found[name] = {"score": score, "signature": signature}
  results.write(home / "test", split, (sources, hypotheses, references), found | more)


def write_study(folder, points, baseline=None, **more):
  value = {"name": "x", "question": "Does it help?", "metric": "bleu"}
  value |= {"split": "test", "baseline": baseline, "points": points, **more}
  folder.mkdir(parents=True, exist_ok=True)
  (folder / "study.json").write_text(json.dumps(value))


@pytest.fixture
def made():
  """The functions of this file, for tests that make folders of their own."""
  return types.SimpleNamespace(
    sentences=sentences, corrupted=corrupted, run=write_run, study=write_study, test=write_test
  )


@pytest.fixture(scope="session")
def _study(tmp_path_factory):
  folder = tmp_path_factory.mktemp("results") / "study"
  _fill(folder)
  return folder


@pytest.fixture
def study(_study, tmp_path):
  """A copy of the study of `_fill`."""
  return shutil.copytree(_study, tmp_path / "study")


def _fill(folder):
  """Three kinds of three seeds: the baseline, a better one, and one as good; 60 sentences."""
  references = sentences(60)
  points = {}
  for kind, share in (("additive", 0.4), ("dot", 0.2), ("mean", 0.4)):
    for seed in (1, 2, 3):
      name = f"{kind}-{seed}"
      points[name] = {"model.attention.kind": kind, "seed": seed}
      hypotheses = corrupted(references, share, [seed, len(kind)])
      write_run(folder / name, points[name], hypotheses, references)
  write_study(folder, points, {"model.attention.kind": "additive"})
