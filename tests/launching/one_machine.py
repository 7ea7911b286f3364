"""A SLURM of two nodes on this machine, in a folder of its own, for the tests of test_slurm.py.

Nothing of the system's is touched: munge, the controller and both nodes are children of the tests,
with ports of their own. There is no accounting. It needs no cgroups, and no root.
"""

import contextlib
import functools
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol")
ADMIN = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=10
CryptoType=crypto/munge
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=1
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
SlurmctldParameters=preempt_send_user_signal
MaxArraySize=5
KillWait=30
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=8 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=8 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=60 State=UP PriorityTier=1 GraceTime=10
PartitionName=urgent Nodes=ALL MaxTime=60 State=UP PriorityTier=10 PreemptMode=OFF
"""


def missing() -> str | None:
  """Why no SLURM can be had here, or None if one can."""
  lacking = [tool for tool in TOOLS if shutil.which(tool, path=ADMIN) is None]
  if lacking:
    packages = "Debian's slurmctld, slurmd, slurm-client and munge have them"
    return f"no SLURM here to test with: {', '.join(lacking)} not installed ({packages})"
  return None


@contextlib.contextmanager
def one_machine(folder: Path) -> Iterator[dict[str, str]]:
  """The daemons, inside; gives the environment in which SLURM's commands find them."""
  with contextlib.ExitStack() as stack:
    sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
    ports = [one.getsockname()[1] for one in sockets]
  munge = folder / "munge"
  munge.mkdir(mode=0o700)
  (munge / "key").write_bytes(os.urandom(1024))
  (munge / "key").chmod(0o400)
  (folder / "state").mkdir()
  host = socket.gethostname().partition(".")[0]
  text = CONFIGURATION.format(folder=folder, ports=ports, host=host, user=getpass.getuser())
  (folder / "slurm.conf").write_text(text)
  environment = os.environ | {"SLURM_CONF": str(folder / "slurm.conf")}
  with contextlib.ExitStack() as stack:

    def start(name: str, *command: str) -> None:
      log = stack.enter_context(open(folder / f"{name}.out", "wb"))
      path = shutil.which(command[0], path=ADMIN) or command[0]
      process = subprocess.Popen(
        [path, *command[1:]], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
      )
      stack.callback(process.wait)
      stack.callback(process.terminate)

    places = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed"}
    start("munged", "munged", "-F", "--force", *(f"--{k}={munge / v}" for k, v in places.items()))
    start("slurmctld", "slurmctld", "-D", "-c")
    for node in ("n1", "n2"):
      start(node, "slurmd", "-D", "-N", node)
    ask = functools.partial(subprocess.run, capture_output=True, text=True, env=environment)
    wait(lambda: idle(environment), 200)
    yield {"SLURM_CONF": environment["SLURM_CONF"]}
    # A step that can't tell the controller of its end would go on trying.
    ask(["scancel", "--user", getpass.getuser()])
    wait(lambda: not ask(["squeue", "--noheader"]).stdout, 200)


def idle(environment: Mapping[str, str]) -> bool:
  """Whether both nodes are up and have nothing to do."""
  ask = ["sinfo", "--noheader", "--responding", "--partition=main", "--states=idle", "--format=%D"]
  return subprocess.run(ask, capture_output=True, text=True, env=environment).stdout.strip() == "2"


def wait(done, seconds: float) -> None:
  """Waits until `done()`; an AssertionError after so many seconds."""
  end = time.monotonic() + seconds
  while not (found := done()):
    assert time.monotonic() < end, f"not after {seconds} seconds: {found}"
    time.sleep(0.2)
