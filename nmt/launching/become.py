"""Becomes another program, kept to some cores: python become.py CORES PARENT PROGRAM ARGUMENTS...

CORES are numbers with commas between them, or `all`. The program is asked to stop (SIGTERM) when
the process that started it, whose number is PARENT, dies, however that dies: otherwise it would
hold its run's folder while the command that started it is given again. It is the same process,
with the same number.
"""

import ctypes
import os
import signal
import sys

_PARENT_DIES = 1  # PR_SET_PDEATHSIG of Linux's prctl

if __name__ == "__main__":
  cores, parent, *program = sys.argv[1:]
  if cores != "all":
    os.sched_setaffinity(0, map(int, cores.split(",")))
  if sys.platform == "linux":
    ctypes.CDLL(None).prctl(_PARENT_DIES, signal.SIGTERM)
    if os.getppid() != int(parent):  # it died before that
      os.kill(os.getpid(), signal.SIGTERM)
  os.execv(program[0], program)
