"""Tests run on eight simulated devices, with rank promotion and warnings as errors."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ["XLA_FLAGS"] = (
  os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
)

import jax
import pytest

jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(scope="session")
def _program_folder(tmp_path_factory):
  return str(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="module")
def quick_programs(_program_folder):
  """Programs are compiled fast rather than to be fast, and each only once."""
  folder = jax.config.jax_compilation_cache_dir
  jax.config.update("jax_compilation_cache_dir", _program_folder)
  jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
  jax.config.update("jax_disable_most_optimizations", True)
  yield
  jax.config.update("jax_compilation_cache_dir", folder)
  jax.config.update("jax_disable_most_optimizations", False)
