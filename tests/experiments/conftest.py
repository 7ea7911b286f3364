"""Programs are compiled fast rather than to be fast."""

import jax
import pytest


@pytest.fixture(scope="package", autouse=True)
def _programs():
  jax.config.update("jax_disable_most_optimizations", True)
  yield
  jax.config.update("jax_disable_most_optimizations", False)
