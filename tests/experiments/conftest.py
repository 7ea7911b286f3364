"""Studies compile quickly."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def _programs(quick_programs):
  pass
