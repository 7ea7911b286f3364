"""Parameters and equations: `init` makes a tree of arrays, `rebuild` makes a model of it."""

from nmt.models.translation import Translation, init, rebuild

__all__ = ["Translation", "init", "rebuild"]
