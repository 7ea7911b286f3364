"""Executors: where the worker of a run is started, `python -m nmt.train --workdir W`."""
