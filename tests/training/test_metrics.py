"""Lines beyond the update that a run goes on from are removed; the rest stays as it was."""

import contextlib
import json
import os

import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog

from nmt.launching import status
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
  assert "update 20/30 · loss 0.05 · ETA 0:0" in capsys.readouterr().err


def events(home):
  """What TensorBoard reads: records of a length, its checksum, data and their checksum."""
  for path in sorted(home.tensorboard.glob("events.*")):
    content, at = path.read_bytes(), 0
    while at < len(content):
      size = int.from_bytes(content[at : at + 8], "little")
      yield Event.FromString(content[at + 12 : at + 12 + size])
      at += size + 16


def test_points_reach_tensorboard_and_those_after_a_resumed_update_are_dropped(tmp_path):
  home = Workdir(tmp_path)
  with Metrics(home, 20, 10, 30) as metrics:
    metrics.write("train", 30, {"loss": 0.5, "note": "no number"}, {"seconds": 0.25})
    seen = list(events(home))  # at once, while the run lasts
  version, start, *points = seen
  assert version.file_version == "brain.Event:2"
  assert (start.step, start.session_log.status) == (21, SessionLog.START)
  found = {(e.summary.value[0].tag, e.step, e.summary.value[0].simple_value) for e in points}
  assert found == {("train/loss", 30, 0.5), ("train/seconds", 30, 0.25)}
  assert len(list(events(home))) == 4


def test_a_clock_that_jumps_costs_no_point_and_no_sense(tmp_path, monkeypatch, capsys):
  home = Workdir(tmp_path)
  for session, now in enumerate((2e9, 2e9, 5.0, 4e9)):
    clock = iter([now, *[now - 1e9 * session] * 100])
    monkeypatch.setattr("time.time", lambda clock=clock: next(clock))
    with Metrics(home, session, session, 10) as metrics:
      metrics.write("train", session + 1, {"loss": 0.5}, {})
      metrics.show(session + 1, "loss 0.50")
      home.status("running", update=session + 1)
  files = sorted(home.tensorboard.glob("events.*"))
  assert len(files) == 4
  assert [event.step for event in events(home) if event.summary.value] == [1, 2, 3, 4]
  assert len(home.metrics.read_text().splitlines()) == 4
  assert capsys.readouterr().err.count("ETA 0:") == 4  # hours; the clock jumps by years
  assert status.standing("", home).update == 4


def test_a_full_disk_is_said_once_with_the_place_and_closing_adds_nothing(tmp_path):
  home = Workdir(tmp_path)

  def fill(path):
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/full")

  def run(disk):
    with Metrics(home, 0, 0, 30) as metrics:
      disk(metrics)
      metrics.write("train", 10, {"loss": 0.5}, {})

  with pytest.raises(OSError, match="No space left") as caught:
    run(lambda _: fill(home.metrics))
  assert caught.value.filename == str(home.metrics)
  home.metrics.unlink()

  def events_full(metrics):
    with open("/dev/full", "wb", buffering=0) as full:
      os.dup2(full.fileno(), file_of(home.tensorboard))

  with pytest.raises(OSError, match="No space left") as caught:
    run(events_full)
  assert caught.value.filename == str(home.tensorboard)


def file_of(folder):
  """The descriptor of the file that is open in `folder`."""
  for number in os.listdir("/proc/self/fd"):
    with contextlib.suppress(OSError):
      if os.readlink(f"/proc/self/fd/{number}").startswith(str(folder)):
        return int(number)
  raise AssertionError(folder)
