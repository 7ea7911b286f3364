import importlib

_P = {"model.attention": "nmt.models.attention", "model.normaliser": "nmt.models.normalisers", "model.cell": "nmt.models.cells", "model.encoder": "nmt.models.encoders", "model.order": "nmt.models.orders", "model.readout": "nmt.models.readouts", "train.objective": "nmt.training.objectives"}

def names(group):
  import pkgutil
  return sorted(f.name for f in pkgutil.iter_modules(importlib.import_module(_P[group]).__path__) if f.name != "base")

def find(group, kind):
  return importlib.import_module(f"{_P[group]}.{kind}")
