"""The benchmark itself: rounds interleave, sentences are the same for all, and a tiny run ends."""

import importlib
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

from experiments.benchmarks import lines
from experiments.benchmarks.speed import pure, report, rounds, workloads
from experiments.benchmarks.speed.__main__ import Results, main, section, tasks
from experiments.benchmarks.speed.sentences import LONGEST, Sentences, drawn
from experiments.benchmarks.speed.sizes import SIZES, Size
from experiments.benchmarks.speed.workers import SYSTEMS

TINY = Size("tiny", 8, 8, 4, 40, 8, "adam", 2, 2, 24)


class Fake:
  """A system that notes when it was asked, and takes `seconds` a round."""

  def __init__(self, name, seconds, log):
    self.name, self.seconds, self.log = name, seconds, log

  def prepare(self, task, rounds):
    self.log.append(f"{self.name} prepares {rounds}")
    return {}

  def run(self, number):
    self.log.append(f"{self.name} {number}")
    counts = {"target_tokens": 100, "source_tokens": 90, "sentences": 10, "positions": 200}
    return counts | {"wall": self.seconds * (1 + number), "cpu": 2 * self.seconds, "resident_mb": 9}

  def peak(self):
    self.log.append("peak")
    return 50.0


def test_rounds_interleave_and_ratios_are_taken_within_a_round():
  log: list[str] = []
  systems = {"nmt": Fake("nmt", 1.0, log), "torch": Fake("torch", 3.0, log)}
  task = workloads.Fixed(SIZES["small"])
  found = rounds.summary(task, *rounds.interleave(systems, task, 3, lambda text: None))
  assert log[:2] == ["nmt prepares 3", "torch prepares 3"]
  assert log[2:] == [
    "peak", "nmt 0", "torch 0", "peak", "nmt 1", "torch 1", "peak", "nmt 2", "torch 2",
  ]  # fmt: skip
  assert found["ratios"]["torch"]["wall"] == pytest.approx({"median": 3, "min": 3, "max": 3})
  assert found["ratios"]["torch"]["cpu"]["median"] == pytest.approx(3)
  ours = found["systems"]["nmt"]
  assert ours["target_tokens_per_wall_second"] == {
    "median": 50,
    "min": pytest.approx(100 / 3),
    "max": 100,
  }
  assert ours["padded_share"] == pytest.approx(0.05)
  assert ours["share_of_peak"]["max"] == pytest.approx(ours["gflops"]["max"] / 50)


def test_drawn_lengths_are_those_of_real_sentences():
  lengths = drawn(5000)
  assert lengths.shape == (5000, 2)
  assert lengths.min() >= 2
  assert lengths.max() <= LONGEST
  assert 20 < lengths.mean() < 25
  assert np.corrcoef(lengths.T)[0, 1] > 0.8


def test_all_systems_train_on_the_same_sentences():
  from experiments.benchmarks.speed.ours import System
  from experiments.benchmarks.speed.sizes import config
  from nmt.data.batches import Batches

  store = Sentences(drawn(2000), TINY.vocabulary)
  task = workloads.Realistic(TINY, store, workloads.windows(TINY, store, 4))
  ours = System()
  ours.task, ours.config = task, config(TINY)
  ours.own = Batches(store, ours.config.batch, ours.config.seed)
  for window in (0, 1):
    numbers = [TINY.parts * window + part for part in range(TINY.parts)]
    a = [row for number in numbers for b in ours._batches(number) for row in b.source_BxJ]
    b = [row for number in numbers for b in task.batches(number) for row in b.source_BxJ]
    assert len(a) == ours.config.batch.window * TINY.batch
    assert sorted(tuple(r[r > 0]) for r in a) == sorted(tuple(r[r > 0]) for r in b)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SYSTEMS))
def test_every_system_does_what_every_task_asks(name):
  if name in ("torch", "joeynmt"):
    pytest.importorskip(name)
  lengths = np.minimum(drawn(200), 8)
  fixed, *others = tasks(TINY, lengths, ["train", "greedy", "beam", "memory"], 1)
  # nmt's fixed lengths: see below. Each shape of realistic ones is compiled: once is enough.
  chosen = {"nmt": others, "pure": (fixed, *others[1:])}.get(name, (fixed, *others))
  for task in chosen:
    system = importlib.import_module(SYSTEMS[name]).System()
    prepared = system.prepare(task, 1)
    counts = system.run(0)
    if task.what == "search":
      wanted = sum(map(len, task.sources(0)))
      assert counts["source_tokens"] == counts["target_tokens"] == wanted
      assert counts["sentences"] == TINY.sentences
    elif task.name != "realistic lengths":
      assert counts == workloads.total(task.batches(0))
    if name == "nmt":
      assert prepared["compile_seconds"]
      assert task.what != "memory" or prepared["temporary_mb"] > 0


def test_the_model_without_modules_is_the_same():
  from experiments.benchmarks.speed.sizes import config
  from nmt import models
  from nmt.training.objectives.base import likelihood

  V = TINY.vocabulary
  model = config(TINY).model
  params = models.init(model, V, V, 1)
  padded = workloads.padded(Sentences(np.minimum(drawn(9), 7), V), np.arange(9))
  rows = tuple(map(jnp.asarray, padded))

  def ours(params):
    built = models.rebuild(model, V, V, params)
    return likelihood(built, built.features(*rows), rows[1])[0]

  wanted, slopes = jax.jit(jax.value_and_grad(ours))(params)
  found, others = jax.jit(jax.value_and_grad(lambda params: pure.loss(params, *rows)[0]))(params)
  assert float(found) == pytest.approx(float(wanted), rel=1e-6)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), slopes, others)


def test_without_modules_nothing_is_searched(capsys):
  with pytest.raises(SystemExit):
    main(["--against=pure"])
  assert "give --what=train" in capsys.readouterr().err


@pytest.mark.slow
def test_a_section_is_measured_shown_and_kept(monkeypatch, tmp_path):
  monkeypatch.delenv("XLA_FLAGS", raising=False)
  monkeypatch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
  results = Results(tmp_path / "speed.jsonl", tmp_path / "rounds.json", drawn(50), None)
  results.console = Console(record=True, width=200)
  results.add(section(["nmt"], workloads.Fixed(TINY, 5), 1, lambda text: None))
  assert "train · tiny · fixed lengths" in results.console.export_text()
  conditions, ours = lines.read(tmp_path / "speed.jsonl")
  assert set(conditions) == {"machine", "lengths", "differences"}
  about = {"what": "train", "size": "tiny", "workload": "fixed lengths", "system": "nmt"}
  assert about.items() < ours.items()
  assert ours["rounds"] == ours["compilations"] == 1
  assert ours["target_tokens_per_cpu_second"]["median"] > 0
  assert ours["resident_mb"] > 50
  assert 0 < ours["share_of_peak"]["median"] < 1
  (part,) = json.loads((tmp_path / "rounds.json").read_text())["sections"]
  rounds = part["systems"]["nmt"]["rounds"]
  assert rounds[0]["target_tokens"] == 5 * TINY.updates * TINY.batch


def test_a_wrong_name_is_said_in_a_line(capsys):
  with pytest.raises(SystemExit) as end:
    main(["--what=trian"])
  assert end.value.code == 2
  assert "'trian' is none of train, greedy" in capsys.readouterr().err


def test_tables_of_what_has_no_peers():
  console = Console(record=True, width=100)
  report.show({"what": "startup", "found": {"seconds with data kept": 12.345}}, console)
  assert "12.35" in console.export_text()
