"""The walls of the house: who may import whom, read from the source files."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
  path.relative_to(ROOT)
  for path in [
    ROOT / "launch.py",
    *(p for folder in ("nmt", "configs", "experiments") for p in (ROOT / folder).rglob("*.py")),
  ]
)

# What the files of a part may import of nmt, beside their own part. Parts are packages of nmt, and
# its modules that all may use; any other module of nmt is a command line and may import them all.
GROUND = {
  *("errors", "exit_codes", "files", "cli", "arguments", "perplexity", "progress_bar", "digests"),
  *("options", "refusals", "kinds", "declarations", "fitting", "older", "config", "reference"),
  *("lease", "provenance", "ranks", "workdir"),
}
UPSTREAM = {
  **dict.fromkeys(GROUND, GROUND),
  "launching": GROUND,
  "data": GROUND,
  "models": GROUND | {"data"},
  "decoding": GROUND | {"data"},
  "training": GROUND | {"data", "models"},
  "profiling": GROUND | {"data", "training"},
  "evaluation": GROUND | {"data", "decoding"},
  "loading": GROUND | {"data", "models", "decoding", "training"},
  "analysis": GROUND
  | {"data", "models", "decoding", "training", "evaluation", "loading", "launching"},
}
WITHOUT_JAX = GROUND | {"data", "launching"}
JAX = {"jax", "jaxlib", "flax", "optax", "orbax", "chex"}

# Libraries that one place alone knows.
HOMES = {
  "flax": "nmt/models",
  "optax": "nmt/training",
  "orbax": "nmt/training",
  "grain": "nmt/data",
  "tensorflow_datasets": "nmt/data",
  "sentencepiece": "nmt/data",
  "sacremoses": "nmt/data",
  "torch": "experiments/benchmarks/speed/peers",
  "joeynmt": "experiments/benchmarks/speed/peers",
}
NEVER = {"tensorflow", "pickle", "dill", "cloudpickle", "shelve"}


def part(path: Path) -> str:
  """`models` of nmt/models/encoder.py, `config` of nmt/config.py; empty outside of nmt."""
  return Path(path.parts[1]).stem if path.parts[0] == "nmt" and len(path.parts) > 1 else ""


def imports(path: Path) -> set[str]:
  """Dotted names that a file imports anywhere in it, `from x import y` as x.y."""
  names = set()
  for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
    if isinstance(node, ast.Import):
      names |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom):
      assert node.level == 0, f"{path}: relative import, line {node.lineno}"
      names |= {f"{node.module}.{alias.name}" for alias in node.names}
  return names


def roots(path: Path) -> set[str]:
  return {name.split(".")[0] for name in imports(path)}


def test_there_is_a_house_to_look_at():
  assert {"launch.py", "configs/base.py", "nmt/config.py"} <= {f.as_posix() for f in FILES}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_of_nmt_point_upstream(path):
  used = {name.split(".")[1] for name in imports(path) if name.startswith("nmt.")}
  if part(path) in UPSTREAM:
    assert used <= UPSTREAM[part(path)] | {part(path)}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_libraries_stay_in_their_homes(path):
  assert not roots(path) & NEVER
  for library, home in HOMES.items():
    assert library not in roots(path) or path.is_relative_to(home)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_what_launches_and_what_reads_text_knows_no_jax(path):
  launched = path.parts[0] in ("launch.py", "configs") or path.parent == Path("experiments")
  if part(path) in WITHOUT_JAX or launched:
    assert not roots(path) & JAX


@pytest.mark.parametrize("path", [f for f in FILES if f.parts[0] == "configs"], ids=str)
def test_configs_import_nothing_heavy(path):
  assert roots(path) <= {"configs", "ml_collections", "nmt"}
  used = {name.split(".")[1] for name in imports(path) if name.startswith("nmt.")}
  assert used <= {"config", "declarations", "options"}
