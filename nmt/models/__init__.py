"""Parameters and equations: `init` makes a tree of arrays, `rebuild` makes a model of it."""

from nmt.models.translation import Translation, flat, init, random, rebuild, shapes

__all__ = ["Translation", "flat", "init", "random", "rebuild", "shapes"]
