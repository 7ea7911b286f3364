"""A pool: workers, started by hand or by anything, take runs of a list on a disk they share.

The list is the ticket itself. Nobody coordinates: a worker (nmt/launching/work.py) takes the first
run that is not done and that nobody holds.
"""

import shlex
from collections.abc import Iterable, Mapping

from nmt.files import replacing
from nmt.launching import local
from nmt.launching.executors.base import Executor, Seen, Submission, Ticket, stand
from nmt.workdir import Workdir


class Pool(Executor):
  """Runs that wait in their folders for workers to come."""

  def files(self, order: Submission) -> dict[str, str]:
    return {"sh": script(order)}

  def check(self, order: Submission) -> None:
    pass

  def submit(self, order: Submission) -> Ticket:
    ticket = Ticket.of(order, self.name, dict.fromkeys(order.homes, ""))
    ticket.save()
    path = Workdir(order.folder).tickets / f"{order.id}.sh"
    with replacing(path) as file:
      file.write(script(order))
    print(f"start workers, on any machine that has this folder: sh {shlex.quote(str(path))}")
    return ticket

  def poll(self, ticket: Ticket, homes: Mapping[str, Workdir]) -> dict[str, Seen]:
    return stand(ticket, homes, lambda names: dict.fromkeys(names, Seen("queued", "for a worker")))

  def cancel(self, ticket: Ticket, names: Iterable[str]) -> None:
    pass  # workers read in the ticket what was cancelled


def script(order: Submission) -> str:
  """The command that starts a worker; it takes further flags, such as --parallel=4."""
  code = shlex.quote(str(order.code))
  command = [local.WORKER[0], "-m", "nmt.launching.work", f"--workdir={order.folder}", *order.flags]
  return f"""#!/bin/sh
cd {code} || exit
export PYTHONPATH={code}${{PYTHONPATH:+:$PYTHONPATH}}
exec {shlex.join(command)} "$@"
"""


EXECUTOR = Pool
