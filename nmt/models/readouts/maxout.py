"""The paper's deep output: a layer of maxout units, then the vocabulary."""

from nmt.options import count

OPTIONS = {"size": count(500, "l: maxout units")}
