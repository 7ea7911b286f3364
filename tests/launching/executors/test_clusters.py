"""Kubernetes and SkyPilot: what they are given, by their own schemas, and what they say of it.

No cluster is asked: their commands are replaced by one that notes how it was called.
"""

import dataclasses
import importlib.util
import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
import yaml

import launch
from nmt.errors import UserError
from nmt.launching import resources
from nmt.launching.executors import base, k8s, sky
from nmt.launching.executors.base import Seen, Submission, Ticket
from nmt.launching.status import find
from nmt.workdir import Workdir

EXTRA = "their schemas are not installed: pip install 'nmt[clusters]'"
POD = "image=ghcr.io/lab/nmt:1,claim=nmt,mount={mount},queue=research,namespace=team"
BUCKET = "bucket=gs://lab,mount={mount}"
EXECUTORS = {"k8s": (k8s.EXECUTOR, POD, "kubectl"), "sky": (sky.EXECUTOR, BUCKET, "sky")}


@pytest.fixture(params=sorted(EXECUTORS))
def kind(request):
  return request.param


def submission(mount, kind, more="", **changes):
  """Two runs, one with a name that needs quotes."""
  executor, text, _ = EXECUTORS[kind]
  homes = {name: Workdir(mount / "w" / name) for name in ("size=8,seed=1", "日本 $x")}
  found = Submission(
    folder=mount / "w",
    homes=homes,
    resources=resources.parse(text.format(mount=mount) + more, executor.OWN),
    code=mount / "w" / "code" / "0123456789abcdef",
    id="20261125-230000",
    study="Lengths_of sentences, and a long name",
  )
  return dataclasses.replace(found, **changes)


def manifests(mount, kind, more="", **changes):
  order = submission(mount, kind, more, **changes)
  texts = EXECUTORS[kind][0]().files(order).values()
  return [found for text in texts for found in yaml.safe_load_all(text)]


FULL = {
  "k8s": ",nodes=2,gpus=8,gpu=nvidia-h100-80gb,cpus=64,memory=512G,time=24h,restarts=9",
  "sky": ",nodes=2,gpus=8,gpu=H100,cpus=64,memory=512G,infra=gcp/us-central1,spot=yes",
}
SLICE = {
  "k8s": ",nodes=4,tpu=tpu-v5-lite-podslice,topology=4x4,chips=4",
  "sky": ",tpu=v6e-8",
}


def test_only_75_is_started_again_and_no_pod_before_the_last_has_gone(tmp_path):
  for found in manifests(tmp_path, "k8s", FULL["k8s"]):
    assert found["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "research"
    policy = found["spec"]["failurePolicy"]
    assert policy["maxRestarts"] == 9
    assert policy["restartStrategy"] == "BlockingRecreate"
    assert policy["rules"][0]["action"] == "FailJobSet"
    assert policy["rules"][0]["onJobFailureReasons"] == ["PodFailurePolicy"]
    job = found["spec"]["replicatedJobs"][0]["template"]["spec"]
    disrupted, others = job["podFailurePolicy"]["rules"]
    assert disrupted["action"] == "Count"
    assert others["action"] == "FailJob"
    assert (others["onExitCodes"]["operator"], others["onExitCodes"]["values"]) == ("NotIn", [75])
    assert job["backoffLimit"] == 0
    assert (job["completions"], job["parallelism"]) == (2, 2)
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert len(found["metadata"]["name"] + "-worker-0-0-abcde") <= 63
  for found in manifests(tmp_path, "sky", FULL["sky"]):
    recovery = found["resources"]["job_recovery"]
    assert recovery == {"max_restarts_on_errors": 0, "recover_on_exit_codes": [75]}


def test_several_nodes_are_told_of_each_other_and_one_is_not(tmp_path):
  def names(more):
    (found, _) = manifests(tmp_path, "k8s", more)
    job = found["spec"]["replicatedJobs"][0]["template"]["spec"]
    return {one["name"] for one in job["template"]["spec"]["containers"][0]["env"]}

  several = {"JAX_COORDINATOR_ADDRESS", "JAX_PROCESS_COUNT"}
  assert several <= names(FULL["k8s"])
  assert not several & names("")


def test_what_sky_runs_is_a_script_that_starts_the_worker_of_the_run(tmp_path):
  """In bash, with a home folder and an interpreter of this test's making."""
  code = tmp_path / "w" / "code" / "0123456789abcdef"
  code.mkdir(parents=True)
  (code / "setup.py").write_text("")
  python = tmp_path / "python"
  python.write_text(f'#!/bin/sh\npwd >{tmp_path}/said; printf "%s\\n" "$@" >>{tmp_path}/said\n')
  python.chmod(0o755)
  search = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
  environment = {"HOME": str(tmp_path), "PATH": search, "SKYPILOT_NUM_NODES": "1"}
  (_, found) = manifests(tmp_path, "sky", ",image=docker:lab", flags=("--profile",))
  for text in (found["setup"], found["run"]):
    subprocess.run(["bash", "-c", text], check=True, env=environment)
  said = (tmp_path / "said").read_text().splitlines()
  home = str(tmp_path / "w" / "日本 $x")
  assert said == [
    str(tmp_path / "nmt-code"), "-m", "nmt.train", "--workdir", home, "--profile"
  ]  # fmt: skip


@pytest.mark.parametrize(
  ("kind", "more", "says"),
  [
    ("k8s", ",tasks=2", "one process on a node"),
    ("k8s", ",grace=soon", "grace=soon is not a whole number"),
    ("sky", ",gpus=8", "needs the kind of GPU"),
    ("sky", ",gpus=8,gpu=H100,tpu=v6e-8", "exclude each other"),
    ("sky", ",time=1h", "time is nothing that"),
    ("sky", ",spot=maybe", "neither yes nor no"),
  ],
)
def test_what_can_not_be_had_is_one_line(tmp_path, kind, more, says):
  with pytest.raises(UserError, match=says):
    manifests(tmp_path, kind, more)


def test_w_has_to_lie_on_what_is_mounted(tmp_path, kind):
  with pytest.raises(UserError, match=r"does not lie in mount="):
    manifests(tmp_path, kind, folder=Path("/elsewhere/w"))
  executor, text, _ = EXECUTORS[kind]
  lacking = resources.parse(text.format(mount="x").replace("mount=x", "mount=mnt"), executor.OWN)
  with pytest.raises(UserError, match="not an absolute path"):
    manifests(tmp_path, kind, resources=lacking)
  with pytest.raises(UserError, match="--resources needs"):
    manifests(tmp_path, kind, resources=resources.Resources())
  with pytest.raises(UserError, match="--parallel is n"):
    manifests(tmp_path, kind, parallel=2)


def test_the_schemas_of_jobset_and_kubernetes_have_all_of_it(tmp_path):
  with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    models = pytest.importorskip("kubeflow_trainer_api.models", reason=EXTRA)
    schemas = pytest.importorskip("kubernetes_validate", reason=EXTRA)
  for more in ("", FULL["k8s"], SLICE["k8s"]):
    for found in manifests(tmp_path, "k8s", more):
      taken = models.JobsetV1alpha2JobSet.from_dict(found)  # what it doesn't know, it drops
      assert json.loads(json.dumps(taken.to_dict())) == found
      job = found["spec"]["replicatedJobs"][0]["template"]
      job |= {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"}}
      schemas.validate(job, schemas.latest_version(), strict=True)


PARSE = """
import sys, warnings
warnings.simplefilter("ignore")
import yaml, sky
for found in yaml.safe_load_all(sys.stdin):
  task = sky.Task.from_yaml_config(found)
  (wish,) = task.resources
  assert wish.job_recovery["recover_on_exit_codes"] == [75], wish
  print("task:", wish.accelerators, task.num_nodes)
"""


@pytest.mark.skipif(importlib.util.find_spec("sky") is None, reason=EXTRA)
def test_the_parser_of_skypilot_takes_all_of_it(tmp_path):
  """In a process of its own: it warns, and it writes into the home folder."""
  found = [manifests(tmp_path, "sky", more)[0] for more in ("", FULL["sky"], SLICE["sky"])]
  for one in found:
    (mount,) = one["file_mounts"]
    # One that is there, as the source of ours, would be looked for.
    one["file_mounts"][mount] = {"name": "lab", "store": "gcs", "mode": "MOUNT"}
  done = subprocess.run(
    [sys.executable, "-c", PARSE],
    input=yaml.safe_dump_all(found),
    env=os.environ | {"HOME": str(tmp_path), "SKYPILOT_DISABLE_USAGE_COLLECTION": "1"},
    capture_output=True,
    text=True,
  )
  assert done.returncode == 0, done.stderr
  said = [line for line in done.stdout.splitlines() if line.startswith("task:")]
  assert said == ["task: None 1", "task: {'H100': 8} 2", "task: {'tpu-v6e-8': 1} 1"]


FAKE = """#!{python}
import json, os, sys
place = {place!r}
text = "" if sys.stdin.isatty() else sys.stdin.read()
with open(place + "/calls", "a") as file:
  file.write(json.dumps([sys.argv[1:], text]) + "\\n")
try:
  answer = json.load(open(place + "/answer"))
except FileNotFoundError:
  answer = {{}}
if sys.argv[1] == answer.get("fails") or answer.get("fails") in sys.argv[1:3]:
  print("Error: the server said no", file=sys.stderr)
  sys.exit(1)
print(answer.get("said", ""))
"""


@pytest.fixture
def tool(tmp_path, kind, monkeypatch):
  """Puts a command that notes its calls in the place of the cluster's; `answer` says what it does.

  Gives what it was called with.
  """
  (tmp_path / "bin").mkdir()
  path = tmp_path / "bin" / EXECUTORS[kind][2]
  path.write_text(FAKE.format(python=sys.executable, place=str(tmp_path)))
  path.chmod(0o755)
  monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)

  def calls():
    lines = (tmp_path / "calls").read_text().splitlines()
    return [json.loads(line)[0] for line in lines]

  return calls


def answer(tmp_path, **said):
  (tmp_path / "answer").write_text(json.dumps(said))


STUDY = "from nmt.launching.points import seeds\n\ndef sweep():\n  return seeds(2)\n"


def command(tmp_path, kind, *more):
  (tmp_path / "study.py").write_text(STUDY)
  text = EXECUTORS[kind][1].format(mount=tmp_path)
  return launch.main([
    f"--executor={kind}", f"--resources={text}", f"--sweep={tmp_path / 'study.py'}",
    f"--workdir={tmp_path / 'w'}", *more,
  ])  # fmt: skip


def jobs(kind, states):
  """What the cluster says of jobs, each in one of the states below."""
  if kind == "sky":
    names = {
      "queued": "PENDING",
      "running": "RUNNING",
      "failed": "FAILED_SETUP",
      "ended": "SUCCEEDED",
    }
    rows = [{"job_name": name, "status": names[state]} for name, state in states.items()]
    return "Fetching managed jobs...\n" + json.dumps(rows)
  given = {
    "queued": {"conditions": [{"type": "Suspended", "status": "True", "message": "waits"}]},
    "running": {"replicatedJobsStatus": [{"name": "worker", "ready": 1, "active": 1}]},
    "failed": {"conditions": [{"type": "Failed", "status": "True", "reason": "FailedJobs"}]},
    "ended": {"conditions": [{"type": "Completed", "status": "True"}]},
  }
  items = [{"metadata": {"name": n}, "spec": {}, "status": given[s]} for n, s in states.items()]
  return json.dumps({"items": items})


def test_runs_are_submitted_polled_and_cancelled(tmp_path, kind, tool, capfd, monkeypatch):
  assert command(tmp_path, kind, "--dry-run") == 0
  assert not (tmp_path / "calls").exists()
  assert command(tmp_path, kind) == 0
  assert f"2 runs submitted to {kind}" in capfd.readouterr().out
  (ticket,) = base.tickets(tmp_path / "w")
  names = list(ticket.runs.values())
  assert len(set(names)) == 2
  files = sorted((tmp_path / "w" / "tickets").glob("*.yaml"))
  written = [found for file in files for found in yaml.safe_load_all(file.read_text())]
  assert [found.get("metadata", found)["name"] for found in written] == names
  for file in files:
    assert any(str(file) in " ".join(call) for call in tool())

  def stand():
    _, homes = find(tmp_path / "w")
    return list(EXECUTORS[kind][0]().poll(ticket, homes).values())

  answer(tmp_path, said=jobs(kind, dict(zip(names, ("queued", "running"), strict=True))))
  assert [seen.state for seen in stand()] == ["queued", "running"]
  assert command(tmp_path, kind) == 0
  assert len(base.tickets(tmp_path / "w")) == 1  # they are in its hands already
  answer(tmp_path, said=jobs(kind, dict(zip(names, ("failed", "ended"), strict=True))))
  assert [seen.state for seen in stand()] == ["failed", "gone"]
  assert str(stand()[0].reason).startswith("JobSet" if kind == "k8s" else "job")
  Workdir(tmp_path / "w" / "seed=2").status("done")
  answer(tmp_path, said=jobs(kind, {names[0]: "running"}))
  assert stand() == [Seen("running"), Seen("done")]
  assert launch.main(["cancel", f"--workdir={tmp_path / 'w'}"]) == 0
  last = " ".join(tool()[-1])
  assert names[0] in last
  assert names[1] not in last
  (ticket,) = base.tickets(tmp_path / "w")
  assert [seen.state for seen in stand()] == ["cancelled", "done"]


def test_a_job_that_is_unknown_is_lost_only_after_a_while(tmp_path, kind, tool, monkeypatch):
  home = Workdir(tmp_path / "w" / "a")
  home.make()
  ticket = Ticket(tmp_path / "w", "20261125-230000", kind, {"a": "job-a"}, {}, time.time(), "")
  ticket.save()
  answer(tmp_path, said=jobs(kind, {}))
  executor = EXECUTORS[kind][0]()
  assert executor.poll(ticket, {"a": home})["a"].state == "queued"
  monkeypatch.setattr(base, "GONE", 0.0)
  assert executor.poll(ticket, {"a": home})["a"].state == "gone"


def test_what_the_cluster_refuses_is_one_line(tmp_path, kind, tool):
  answer(tmp_path, fails="apply" if kind == "k8s" else "jobs")
  with pytest.raises(UserError, match="Error: the server said no") as caught:
    command(tmp_path, kind)
  assert "\n" not in str(caught.value)
  assert not (tmp_path / "w" / "tickets").exists() or kind == "sky"
  assert not base.tickets(tmp_path / "w")


def test_a_command_that_is_missing_is_one_line_and_nothing_is_written(tmp_path, kind, monkeypatch):
  monkeypatch.setenv("PATH", str(tmp_path))
  with pytest.raises(UserError, match=f"{EXECUTORS[kind][2]} is not on PATH"):
    command(tmp_path, kind)
  assert not (tmp_path / "w").exists()
