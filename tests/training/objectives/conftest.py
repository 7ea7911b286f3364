"""The small models, pairs and oracle of tests/models."""

import importlib.util
from pathlib import Path

_PATH = Path(__file__).parents[2] / "models" / "conftest.py"
_spec = importlib.util.spec_from_file_location("models_conftest", _PATH)
_models = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_models)

oracle, small, sizes, weights = _models.oracle, _models.small, _models.sizes, _models.weights
pairs, pad = _models.pairs, _models.pad
