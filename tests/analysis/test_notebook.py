"""The notebook of docs/ runs from its first cell to its last."""

import json
from pathlib import Path

import pytest
from matplotlib import pyplot

NOTEBOOK = Path(__file__).parents[2] / "docs" / "analysis.ipynb"


# Of NumPy 2.5, about what treescope looks at.
@pytest.mark.filterwarnings("ignore:The chararray class is deprecated:DeprecationWarning")
def test_every_cell_runs(first, monkeypatch):
  (first / "runs" / "quickstart").mkdir(parents=True)
  (first / "runs" / "quickstart" / "rnnsearch").symlink_to(first / "run")
  monkeypatch.chdir(first)
  pyplot.switch_backend("agg")
  cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
  names: dict[str, object] = {}
  for cell in cells:
    if cell["cell_type"] == "code":
      assert cell["outputs"] == []  # they would grow old
      exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
  assert len(names["found"]["agreement"]) == 6
  assert pyplot.get_fignums() == [1, 2]
  pyplot.close("all")
