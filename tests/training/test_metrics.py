"""Lines beyond the update that a run goes on from are removed; the rest stays as it was."""

import json

from nmt.training.metrics import Metrics
from nmt.workdir import Workdir


def test_lines_beyond_the_update_are_removed(tmp_path, capsys):
  home = Workdir(tmp_path)
  with Metrics(home, 0, 0, 30) as metrics:
    for update in (10, 20, 30):
      metrics.write("train", update, {"loss": 1 / update}, {"seconds": 0.5})
      metrics.show(update, f"loss {1 / update:.2f}")
  whole = home.metrics.read_text()
  unsaved = '{"kind": "valid", "update": 20, "bleu": 1.0}\n{"kind": "train", "upd'
  home.metrics.write_text(whole + unsaved)
  with Metrics(home, 20, 10, 30) as metrics:
    metrics.write("valid", 20, {"bleu": 1.0, "best": True}, {})
    metrics.sync()
  lines = home.metrics.read_text().splitlines()
  assert lines[:2] == whole.splitlines()[:2]
  assert json.loads(lines[2]) == {
    "kind": "valid", "update": 20, "bleu": 1.0, "best": True, "timing": {}
  }  # fmt: skip
  assert list(home.tensorboard.glob("events.*"))
  assert "update 20/30 · loss 0.05 · ETA 0:00:00" in capsys.readouterr().err
