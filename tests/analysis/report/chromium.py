"""A page in a headless Chromium, asked and moved through its DevTools protocol."""

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import time

_NAMES = ("chromium", "chromium-browser", "google-chrome")
FOUND = next((path for name in _NAMES if (path := shutil.which(name))), None)
# Puts two open files where the browser looks for them, and becomes the browser.
_START = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
for place, end in zip((3, 4), ends):
  os.dup2(end, place)
os.execv(sys.argv[3], sys.argv[3:])
"""
_SECONDS = 300  # that an answer may take


class Page:
  """One tab of a browser that was started with --remote-debugging-pipe."""

  def __init__(self, into, out):
    self._into, self._out, self._rest, self._number = into, out, b"", 0
    self._session = None
    target = self("Target.createTarget", url="about:blank")["targetId"]
    attached = self("Target.attachToTarget", targetId=target, flatten=True)
    self._session = attached["sessionId"]
    self("Page.enable")

  def __call__(self, method, **parameters):
    """Calls a method of the protocol; gives its result."""
    self._number += 1
    message = {"id": self._number, "method": method, "params": parameters}
    if self._session:
      message["sessionId"] = self._session
    os.write(self._into, json.dumps(message).encode() + b"\0")
    return self._wait(lambda one: one.get("id") == self._number)["result"]

  def _wait(self, wanted):
    end = time.monotonic() + _SECONDS
    while True:
      while b"\0" not in self._rest:
        ready, _, _ = select.select([self._out], [], [], max(0, end - time.monotonic()))
        assert ready, "Chromium does not answer"
        part = os.read(self._out, 1 << 20)
        assert part, "Chromium has ended"
        self._rest += part
      line, _, self._rest = self._rest.partition(b"\0")
      message = json.loads(line)
      assert "error" not in message, message
      if wanted(message):
        return message

  def open(self, path):
    """Opens a file and waits until it is loaded."""
    self("Page.navigate", url=path.resolve().as_uri())
    self._wait(lambda one: one.get("method") == "Page.loadEventFired")

  def script(self, text):
    """The value of an expression of JavaScript."""
    answer = self("Runtime.evaluate", expression=text, returnByValue=True, awaitPromise=True)
    assert "exceptionDetails" not in answer, answer
    return answer["result"].get("value")

  def move(self, x, y):
    """Moves the mouse to a place in the window."""
    self("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)


@contextlib.contextmanager
def page(profile, width=900, height=700):
  """Starts a browser whose profile is the folder `profile`, with one page."""
  to_read, into = os.pipe()
  out, to_write = os.pipe()
  command = [
    FOUND,
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--remote-debugging-pipe",
    f"--window-size={width},{height}",
    f"--user-data-dir={profile}",
  ]
  process = subprocess.Popen(
    [sys.executable, "-ISc", _START, str(to_read), str(to_write), *command],
    pass_fds=(to_read, to_write),
    stdin=subprocess.DEVNULL,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
  )
  os.close(to_read)
  os.close(to_write)
  try:
    yield Page(into, out)
  finally:
    os.close(into)
    os.close(out)
    try:
      process.wait(10)
    except subprocess.TimeoutExpired:
      process.kill()
      process.wait()
