"""The same as python launch.py results."""

from nmt import cli
from nmt.analysis.results import main

cli.entry(main, pipe=True)
