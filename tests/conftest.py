"""Tests run on eight simulated devices, types checked, rank promotion and warnings as errors."""

import gc
import os
import shutil
import subprocess
import sys
import tarfile
import textwrap
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import jaxtyping
import pytest

# XLA compiles in a third of the time without its fusion emitters; from jax 0.11 on it needs them.
OLDER = "--xla_cpu_use_fusion_emitters=false" if jax.__version_info__ < (0, 11) else ""
# XLA ends the process where so many devices on few cores have not met for 40 s.
PATIENT = "--xla_cpu_collective_call_terminate_timeout_seconds=600"
os.environ["XLA_FLAGS"] = (
  f"{os.environ.get('XLA_FLAGS', '')} {OLDER} {PATIENT} --xla_force_host_platform_device_count=8"
)

jax.config.update("jax_numpy_rank_promotion", "raise")

# Before nmt is imported: what its functions are given and return is checked against their types.
TYPECHECKER = "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"  # int is float
CHECKED = ["nmt.models", "nmt.training", "nmt.decoding", "nmt.evaluation"]
jaxtyped = jaxtyping.jaxtyped


def outermost(**options):
  """jaxtyped, but not of what a function defines, which each call of it would wrap anew."""
  return lambda f: f if "<locals>" in f.__qualname__ else jaxtyped(f, **options)


jaxtyping.jaxtyped = outermost  # with which the hook decorates
jaxtyping.install_import_hook(CHECKED, TYPECHECKER)


ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def _garbage():
  """Tracing makes so many objects that to look for garbage as often as usual takes a tenth."""
  gc.collect()
  gc.freeze()
  gc.set_threshold(50_000)


@pytest.fixture(scope="session", autouse=True)
def _programs(tmp_path_factory):
  """Programs are compiled fast rather than to be fast, and each only once, in whatever process."""
  folder = tmp_path_factory.getbasetemp()
  if "PYTEST_XDIST_WORKER" in os.environ:  # whose folder is one in that of all
    folder = folder.parent
  jax.config.update("jax_compilation_cache_dir", str(folder / "programs"))
  jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
  jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture(scope="session")
def compiling(_programs):
  """The environment with which another process compiles like this one, and finds its programs."""
  return {
    "JAX_COMPILATION_CACHE_DIR": str(jax.config.jax_compilation_cache_dir),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
    "XLA_FLAGS": OLDER,
    # That cache is shared with processes that are writing to it.
    "PYTHONWARNINGS": "ignore:Error reading persistent compilation cache entry",
  }


@pytest.fixture
def first(tmp_path):
  """A folder with a small trained run, `run`, and its `text`: see test_older_runs.py."""
  with tarfile.open(ROOT / "tests" / "runs" / "first.tar.xz") as archive:
    archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python has it from 3.11.4
    archive.extractall(tmp_path)
  return tmp_path


@pytest.fixture
def command(first, compiling):
  """command("-m", "nmt.translate", ...) starts Python in that folder, as a person would."""

  def start(*arguments, **more):
    own = {"PYTHONPATH": str(ROOT), "NMT_CACHE": str(first / "cache")}
    environment = os.environ | compiling | own | more.pop("env", {})
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | more
    return subprocess.Popen([sys.executable, *arguments], cwd=first, env=environment, **more)

  return start


@pytest.fixture
def small_disk(tmp_path):
  """A file system of 300 KB."""
  place = tmp_path / "disk"
  place.mkdir()
  mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(place)]
  if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
    pytest.skip("no file system can be mounted here")
  yield place
  # Lazily: what failed on a full disk may have left a file open.
  subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def add(tmp_path, monkeypatch):
  """add(name, text) puts a file into a folder of attention mechanisms outside of the package."""
  folder = tmp_path / "mechanisms"
  folder.mkdir()
  import nmt.models.attention  # once the hook above is in place

  monkeypatch.setattr(
    nmt.models.attention, "__path__", [*nmt.models.attention.__path__, str(folder)]
  )

  def write(name, text):
    (folder / f"{name}.py").write_text(textwrap.dedent(text))

  return write
