"""Programs are compiled fast rather than to be fast, and each only once."""

import jax
import pytest


@pytest.fixture(scope="package", autouse=True)
def _programs(tmp_path_factory):
  folder = jax.config.jax_compilation_cache_dir
  jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("programs")))
  jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
  jax.config.update("jax_disable_most_optimizations", True)
  yield
  jax.config.update("jax_compilation_cache_dir", folder)
  jax.config.update("jax_disable_most_optimizations", False)
