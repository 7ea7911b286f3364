"""SLURM's scripts, and what its commands answer, with others in the place of these commands."""

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

import launch
from nmt.errors import UserError
from nmt.exit_codes import CONTINUE
from nmt.launching import local, requeue, snapshot, status
from nmt.launching.executors import base, slurm
from nmt.launching.executors.base import Seen, Submission, Ticket
from nmt.launching.resources import parse
from nmt.workdir import Workdir

TOOLS = ("sbatch", "squeue", "sacct", "scancel", "scontrol")


class Fakes:
  """Commands that note how they are called and answer what they are told to."""

  def __init__(self, folder: Path):
    self.folder = folder
    folder.mkdir()
    for name in TOOLS:
      (folder / name).write_text(f"""#!/bin/bash
        echo {name} "$@" >>{folder}/calls
        cat {folder}/{name}.out 2>/dev/null
        [ -e {folder}/{name}.err ] && cat {folder}/{name}.err >&2
        exit $(cat {folder}/{name}.rc 2>/dev/null || echo 0)
      """)
      (folder / name).chmod(0o755)

  def answer(self, name: str, out: str = "", err: str = "", code: int = 0) -> None:
    for kind, text in (("out", out), ("err", err), ("rc", str(code))):
      (self.folder / f"{name}.{kind}").write_text(text)

  def calls(self, name: str = "") -> list[str]:
    path = self.folder / "calls"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line for line in lines if line.startswith(name)]


@pytest.fixture
def fakes(tmp_path, monkeypatch):
  made = Fakes(tmp_path / "bin")
  made.answer("sbatch", "77\n")
  monkeypatch.setenv("PATH", f"{made.folder}{os.pathsep}{os.environ['PATH']}")
  return made


def order(folder, *names, resources="", **more):
  homes = {name: Workdir(folder / name) for name in names}
  wish = parse(resources, slurm.Slurm.OWN)
  return Submission(folder, homes, wish, folder / "code" / "12ab", "20260101-000000", **more)


def text_of(*arguments, **more):
  return "\n".join(slurm.Slurm().files(order(*arguments, **more)).values())


def test_a_sweep_is_one_array_and_a_run_a_job(tmp_path, fakes):
  text = text_of(tmp_path, "a", "b", "c", parallel=2, study="words")
  assert "#SBATCH --array=0-2%2\n" in text
  assert "#SBATCH --job-name=words\n" in text
  for name in ("requeue", "open-mode=append", "signal=TERM@120"):
    assert f"#SBATCH --{name}\n" in text
  assert f"runs=(\n  {tmp_path}/a\n  {tmp_path}/b\n  {tmp_path}/c\n)\n" in text
  assert "--array=0-2\n" in text_of(tmp_path, "a", "b", "c")
  alone = text_of(tmp_path, "a", parallel=2)
  assert "--array" not in alone
  assert f"run={tmp_path}/a\n" in alone


def test_resources_become_options(tmp_path, fakes):
  text = text_of(
    *(tmp_path, "a"),
    resources="nodes=2,tasks=4,gpus=4,gpu=a100,cpus=32,memory=64G,time=25h,partition=p,grace=300",
  )
  found = re.findall(r"^#SBATCH --(.*)", text, re.M)
  assert {
    *("nodes=2", "ntasks-per-node=4", "gres=gpu:a100:4", "cpus-per-task=8", "mem=64G"),
    *("time=25:00:00", "partition=p", "signal=TERM@300"),
  } <= {*found}
  # Sites may have it that one task that ends, ends all: these have to save.
  assert "srun --ntasks=8 --cpus-per-task=8 --label --kill-on-bad-exit=0 --wait=0 " in text
  assert "--time" not in text_of(tmp_path, "a")
  assert "--time=0:01:00\n" in text_of(tmp_path, "a", resources="time=1s")


@pytest.mark.parametrize("wish", ["grace=0", "grace=1m", "cpus=3,tasks=2"])
def test_what_can_not_be_is_one_line(tmp_path, fakes, wish):
  with pytest.raises(UserError, match=f"--resources: {wish.partition(',')[0]}"):
    text_of(tmp_path, "a", resources=wish)


def test_arrays_are_no_longer_than_slurm_takes_them(tmp_path, fakes):
  fakes.answer("scontrol", "MaxArraySize            = 4\n")
  names = [f"r{n}" for n in range(9)]
  files = slurm.Slurm().files(order(tmp_path, *names))
  assert [re.search(r"--array=(\S+)", text)[1] for text in files.values()] == ["0-3", "0-3", "0-0"]
  assert [*files] == ["1.sh", "2.sh", "3.sh"]
  ticket = slurm.Slurm().submit(order(tmp_path, *names, parallel=2))
  assert ticket.runs["r8"] == "77_0"
  assert base.tickets(tmp_path) == [ticket]
  assert [call.split()[2] for call in fakes.calls("sbatch")] == [
    f"{tmp_path}/tickets/20260101-000000.1.sh", *["--dependency=afterany:77"] * 2
  ]  # fmt: skip


def test_what_was_submitted_before_an_error_is_known(tmp_path, fakes):
  fakes.answer("scontrol", "MaxArraySize = 1\n")
  script = fakes.folder / "sbatch"
  full = f"[ $(grep -c ^sbatch {fakes.folder}/calls) -lt 2 ] || {{ echo job limit >&2; exit 1; }}\n"
  script.write_text(script.read_text().replace("cat ", f"{full}cat ", 1))
  with pytest.raises(UserError, match=r"2.sh: job limit; the arrays before it are submitted"):
    slurm.Slurm().submit(order(tmp_path, "a", "b"))
  assert [one.runs for one in base.tickets(tmp_path)] == [{"a": "77_0"}]


def test_the_script_runs_the_worker_from_the_snapshot_whatever_the_folder_is_called(
  tmp_path, fakes, monkeypatch
):
  folder = tmp_path / "a b'\"$x # 新"
  worker = tmp_path / "worker.py"
  worker.write_text("import os, sys; print(os.getcwd(), sys.argv); sys.exit(3)")
  monkeypatch.setattr(local, "WORKER", (sys.executable, str(worker)))
  (fakes.folder / "srun").write_text('#!/bin/bash\nshift; exec "$@"\n')
  (fakes.folder / "srun").chmod(0o755)
  text = text_of(folder, "r=1,s=2", "x", flags=("--profile",))
  (folder / "code").mkdir(parents=True)
  (folder / "code" / "12ab").symlink_to(Path(launch.__file__).parent)
  (folder / "x").mkdir()
  done = subprocess.run(
    ["bash"], input=text, text=True, env=os.environ | {"SLURM_ARRAY_TASK_ID": "1"}
  )
  assert done.returncode == 3
  arguments = ["--workdir", str(folder / "x"), "--profile"]
  place = (folder / "code" / "12ab").resolve()
  assert (folder / "x" / "log").read_text() == f"{place} {[str(worker), *arguments]}\n"
  assert Workdir(folder / "x").read_status()["exit"] == 3


def ticket(folder, **runs):
  made = Ticket(folder, "20260101-000000", "slurm", runs, {}, time.time(), "/code")
  made.save()
  return made


def polled(folder, one):
  return slurm.Slurm().poll(one, {name: Workdir(folder / name) for name in one.runs})


def test_the_queue_says_what_the_folders_can_not_know(tmp_path, fakes):
  one = ticket(tmp_path, a="12_0", b="12_1", c="12_2", d="12_3", e="12_4", f="13", g="12_5")
  for name, state in (("a", "done"), ("d", "failed")):
    Workdir(tmp_path / name).make()
    Workdir(tmp_path / name).status(state, reason=None)
  lines = [
    *("12_0|RUNNING|None", "12_1|RUNNING|None", "12_2|PENDING|Resources", "12_3|RUNNING|None"),
    *("12_4|CANCELLED|None", "13|PREEMPTED|None", "12_5|TIMEOUT|TimeLimit"),
  ]
  fakes.answer("squeue", "\n".join(lines) + "\n")
  assert polled(tmp_path, one) == {
    "a": Seen("done"), "b": Seen("running"), "c": Seen("queued", "Resources"), "d": Seen("failed"),
    "e": Seen("cancelled"), "f": Seen("queued"), "g": Seen("failed", "job 12_5: TIMEOUT"),
  }  # fmt: skip
  assert not fakes.calls("sacct")


def test_accounting_is_asked_for_what_the_queue_forgot_and_its_newest_row_counts(tmp_path, fakes):
  one = ticket(tmp_path, a="12_0", b="12_1", c="12_2", d="12_3")
  fakes.answer("squeue", err="slurm_load_jobs error: Invalid job id specified\n", code=1)
  rows = [
    *("12_0|COMPLETED|2026-01-01T11:00:00", "12_0|PREEMPTED|2026-01-01T10:00:00"),
    *("12_1|CANCELLED by 1000|2026-01-01T10:00:00", "12_2|OUT_OF_MEMORY|2026-01-01T10:00:00"),
    *("12_3|PREEMPTED|2026-01-01T10:00:00", "12_[4-9]|PENDING|2026-01-01T10:00:00"),
  ]
  fakes.answer("sacct", "\n".join(rows) + "\n")
  assert polled(tmp_path, one) == {
    "a": Seen("gone", "job 12_0 ended, but the run has not"),
    "b": Seen("cancelled"),
    "c": Seen("failed", "job 12_2: OUT_OF_MEMORY"),
    "d": Seen("queued", "job 12_3 is unknown there"),  # it is on its way into the queue again
  }


@pytest.mark.parametrize("accounting", ["off", "none"])
def test_a_job_is_lost_only_after_minutes_of_absence(tmp_path, fakes, monkeypatch, accounting):
  one = ticket(tmp_path, a="12")
  fakes.answer("sacct", err="Slurm accounting storage is disabled\n", code=1)
  if accounting == "none":
    (fakes.folder / "sacct").unlink()
    monkeypatch.setenv("PATH", f"{fakes.folder}{os.pathsep}/bin")
  now = time.time()

  def at(seconds):
    monkeypatch.setattr("time.time", lambda: now + seconds)
    return polled(tmp_path, one)["a"].state

  assert (at(0), at(100)) == ("queued", "queued")
  fakes.answer("squeue", "12|PENDING|BeginTime\n")
  assert at(base.GONE) == "queued"
  fakes.answer("squeue")
  assert (at(base.GONE + 1), at(2 * base.GONE)) == ("queued", "queued")
  fakes.answer("squeue", err="slurm_load_jobs error: Unable to contact slurm controller\n", code=1)
  with pytest.raises(UserError, match=r"SLURM can't be asked: squeue: .*Unable to contact"):
    at(5 * base.GONE)
  fakes.answer("squeue")
  assert at(5 * base.GONE) == "gone"


def test_slurm_is_not_misled_by_the_job_that_a_terminal_is_in(tmp_path, fakes, monkeypatch):
  (fakes.folder / "squeue").write_text(f"#!/bin/bash\nenv >{fakes.folder}/seen\n")
  monkeypatch.setenv("SLURM_MEM_PER_CPU", "10")
  monkeypatch.setenv("SLURM_CONF", "/etc/x")
  slurm.squeue(["1"])
  seen = (fakes.folder / "seen").read_text()
  assert "SLURM_MEM_PER_CPU" not in seen
  assert "SLURM_CONF=/etc/x" in seen


FLAGS = ["--config=quickstart", "--executor=slurm"]


@pytest.fixture
def no_copy(tmp_path, monkeypatch):
  """Spares the time that it takes to copy the code."""
  monkeypatch.setattr(snapshot, "take", lambda folder: tmp_path)
  monkeypatch.setattr(snapshot, "name", lambda folder: "12ab")


def test_a_run_is_submitted_once_from_a_copy_of_the_code(tmp_path, fakes, capsys):
  flags = [*FLAGS, f"--workdir={tmp_path / 'w'}", "--resources=cpus=2"]
  assert launch.main(flags) == 0
  place = shlex.quote(str(tmp_path / "w"))
  assert capsys.readouterr().out == (
    "1 run submitted to slurm (job 77)\n"
    f"how they are doing: python launch.py status --workdir={place}\n"
  )
  [one] = base.tickets(tmp_path / "w")
  assert (one.runs, one.resources["cpus"]) == ({"w": "77"}, 2)
  origin = json.loads((tmp_path / "w" / "provenance.json").read_text())
  assert origin["snapshot"] == one.snapshot
  assert origin["cores"] == 2
  assert (Path(one.snapshot) / "nmt" / "train.py").is_file()
  fakes.answer("squeue", "77|PENDING|Priority\n")
  assert launch.main(flags) == 0
  assert "queued already" in capsys.readouterr().out
  assert launch.main(["status", f"--workdir={tmp_path / 'w'}", "--json"]) == 0
  [row] = json.loads(capsys.readouterr().out)["runs"]
  assert (row["state"], row["reason"]) == ("queued", "Priority")
  Workdir(tmp_path / "w").status("done")
  assert launch.main(flags) == 0
  assert "finished already" in capsys.readouterr().out
  assert len(base.tickets(tmp_path / "w")) == 1


def test_two_commands_at_once_submit_once(tmp_path, fakes, no_copy):
  home = Workdir(tmp_path / "w")
  with (
    Workdir(home.tickets).lock(),
    pytest.raises(UserError, match=r"another launch.py is at work"),
  ):
    launch.main([*FLAGS, f"--workdir={home}"])
  assert not home.config.exists()


def test_a_dry_run_needs_no_slurm_and_leaves_nothing(tmp_path, fakes, capsys, monkeypatch):
  for name in TOOLS:
    (fakes.folder / name).unlink()
  monkeypatch.setenv("PATH", f"{fakes.folder}{os.pathsep}/bin{os.pathsep}/usr/bin")
  monkeypatch.setattr(slurm.shutil, "which", lambda name: None)
  assert launch.main([*FLAGS, f"--workdir={tmp_path / 'w'}", "--dry-run"]) == 0
  out = capsys.readouterr().out
  assert out.startswith(f"w: start\n1 run in {tmp_path / 'w'}, 1 to submit to slurm\n")
  assert "\n#!/bin/bash\n#SBATCH --job-name=w\n" in out
  assert not (tmp_path / "w").exists()
  with pytest.raises(UserError, match="sbatch is not on PATH; start this where SLURM's commands"):
    launch.main([*FLAGS, f"--workdir={tmp_path / 'w'}"])
  assert not (tmp_path / "w").exists()


def test_cancelling_is_for_what_is_in_slurm_s_hands(tmp_path, fakes, capsys, no_copy):
  home = Workdir(tmp_path / "w")
  with pytest.raises(UserError, match="no such folder"):
    launch.main(["cancel", f"--workdir={home}"])
  assert launch.main([*FLAGS, f"--workdir={home}"]) == 0
  fakes.answer("squeue", "77|PENDING|Priority\n")
  capsys.readouterr()
  with pytest.raises(UserError, match=r"--only=x\*: no run is called so"):
    launch.main(["cancel", f"--workdir={home}", "--only=x*"])
  fakes.answer("scancel", err="scancel: error: Access/permission denied\n", code=1)
  with pytest.raises(UserError, match="scancel: Access/permission denied"):
    launch.main(["cancel", f"--workdir={home}"])
  fakes.answer("scancel")
  assert launch.main(["cancel", f"--workdir={home}"]) == 0
  assert fakes.calls("scancel") == ["scancel 77"] * 2
  assert capsys.readouterr().out == f"{home}: cancelled\n1 of 1 run cancelled\n"
  fakes.answer("squeue")  # SLURM has forgotten
  assert launch.main(["status", f"--workdir={home}", "--json"]) == 0
  assert json.loads(capsys.readouterr().out)["runs"][0]["state"] == "cancelled"
  assert launch.main(["cancel", f"--workdir={home}"]) == 0
  assert capsys.readouterr().out == "0 of 1 run cancelled\n"


def test_what_was_handed_to_no_cluster_can_not_be_cancelled(tmp_path):
  (tmp_path / "config.json").write_text("{}")
  with pytest.raises(UserError, match="no run was handed over to a cluster"):
    launch.main(["cancel", f"--workdir={tmp_path}"])


def test_status_says_what_the_folders_say_where_slurm_can_not_be_asked(
  tmp_path, fakes, capsys, no_copy
):
  assert launch.main([*FLAGS, f"--workdir={tmp_path / 'w'}"]) == 0
  fakes.answer("squeue", err="slurm_load_jobs error: Unable to contact slurm controller\n", code=1)
  capsys.readouterr()
  assert status.main([f"--workdir={tmp_path / 'w'}"]) == 0
  shown = capsys.readouterr()
  assert "waiting" in shown.out
  assert shown.err.startswith(
    "warning: SLURM can't be asked: squeue: slurm_load_jobs error: Unable"
  )


@pytest.fixture
def job(tmp_path, fakes, monkeypatch):
  """What a job does once its worker has ended with a code."""
  monkeypatch.setenv("SLURM_JOB_ID", "15")
  monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "12")
  monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
  home = Workdir(tmp_path / "w")
  home.make()

  def ended(code, since=0.0, restarts=2):
    flags = [f"--code={code}", f"--since={since}", f"--restarts={restarts}"]
    return requeue.main([f"--workdir={home}", *flags])

  return home, ended


def test_a_worker_that_was_asked_to_stop_is_queued_again_up_to_a_number_of_times(
  fakes, job, monkeypatch
):
  home, ended = job
  monkeypatch.setenv("SLURM_JOB_ID", "12")  # that of the last element is that of the array
  home.status("stopped", update=5)
  fakes.answer("squeue", "RUNNING\n")
  assert (ended(75), ended(75), ended(75)) == (0, 0, 1)
  assert fakes.calls("scontrol") == ["scontrol requeue 12_3"] * 2
  found = home.read_status()
  assert (found["state"], found["update"]) == ("failed", 5)
  assert found["reason"] == "stopped, and was started again 2 times (--resources=restarts=2)"
  monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "99")  # submitted again, it may start again
  assert ended(75) == 0


def test_a_worker_asked_to_stop_before_it_could_listen_is_queued_again(fakes, job):
  home, ended = job
  fakes.answer("squeue", "RUNNING\n")
  assert ended(143) == 0
  assert fakes.calls("scontrol") == ["scontrol requeue 12_3"]
  assert home.read_status() == {}


def test_a_controller_that_is_away_for_a_moment_is_asked_again(fakes, job, monkeypatch):
  _, ended = job
  monkeypatch.setattr(requeue, "PAUSES", (0.0, 0.0))
  fakes.answer("squeue", "RUNNING\n")
  for name, calls in (("squeue", 3), ("scontrol", 6)):  # answers from this call on
    script = fakes.folder / name
    away = f"[ $(wc -l <{fakes.folder}/calls) -ge {calls} ] || exit 1\n"
    script.write_text(script.read_text().replace("exit $(", f"{away}exit $("))
  assert ended(75) == 0
  assert [call.split()[0] for call in fakes.calls()] == ["squeue"] * 3 + ["scontrol"] * 3


def test_a_job_that_slurm_takes_away_is_left_to_it(fakes, job):
  home, ended = job
  home.status("stopped")
  for state in ("CANCELLED", "PREEMPTED", "COMPLETING", "TIMEOUT", ""):
    fakes.answer("squeue", f"{state}\n")
    assert ended(75) == CONTINUE
  assert not fakes.calls("scontrol")
  assert home.read_status()["state"] == "stopped"


def test_a_worker_that_could_not_say_why_has_failed_with_its_code(fakes, job):
  home, ended = job
  home.status("running", update=5)
  assert ended(137) == 137
  assert home.read_status()["exit"] == 137
  home.status("failed", reason="its own")
  ended(1)
  assert home.read_status()["reason"] == "its own"
  ended(2, since=time.time() + 1)  # that reason is of another attempt
  assert "reason" not in home.read_status()
  home.status("done")
  assert ended(0) == 0
  assert not fakes.calls("scontrol")
