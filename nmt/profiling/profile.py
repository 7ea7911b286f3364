"""A look at what some updates spend their time on, taken while a run trains."""

import time
from collections.abc import Callable, Sequence

import jax

from nmt.data.batches import Batch
from nmt.data.shapes import Shape
from nmt.profiling.trace import costs
from nmt.training.metrics import Metrics
from nmt.training.session import Session

UPDATES = 10
ROWS = 10  # operations shown


class Profile:
  """Traces some updates in a row, none of which compiles, into W/profile, and shows their costs.

  Nothing of the training changes; what it took is not counted as training. Inside the `with` block
  updates are made by the function that it gives, `update`.
  """

  def __init__(self, session: Session, metrics: Metrics):
    self.session, self.metrics = session, metrics
    self._updates = min(UPDATES, session.config.valid.every)
    self._first = session.progress.update
    self._warm: set[Shape] = set()
    self._clock: float | None = None
    self._until: int | None = None

  def __enter__(self) -> Callable[[Sequence[Batch]], None]:
    return self.update

  def __exit__(self, *error: object) -> None:
    if self._clock is not None:
      jax.profiler.stop_trace()
      self.metrics.say("profile: cut short, so not shown")
    if self._until is None:
      self.metrics.say(
        f"profile: none, since no {self._updates} updates in a row ran programs that had run before"
      )

  def update(self, batches: Sequence[Batch]) -> None:
    """`Session.update`, traced if its turn has come."""
    session, start = self.session, self.session.progress.batches
    if self._until is None and self._ready():
      self._begin()
    session.update(batches)
    self._warm |= {session.batches.shape(i) for i in range(start, session.progress.batches)}
    if session.progress.update == self._until:
      self._end()

  def _ready(self) -> bool:
    """Whether all programs of the next updates are warm, with no validation in between."""
    config, progress = self.session.config, self.session.progress
    count, update = self._updates, progress.update
    if update - self._first < UPDATES or update + count > config.train.updates:
      return False
    if update % config.valid.every + count > config.valid.every:
      return False
    coming = range(progress.batches, progress.batches + count * config.train.accumulate)
    return all(self.session.batches.shape(i) in self._warm for i in coming)

  def _begin(self) -> None:
    self.session.settle()
    options = jax.profiler.ProfileOptions()
    options.python_tracer_level = 0  # Python's own calls would slow down what is measured
    folder = str(self.session.workdir.profile)
    jax.profiler.start_trace(folder, create_perfetto_trace=True, profiler_options=options)
    self._until = self.session.progress.update + self._updates
    self.session.meter.restart()
    self._clock = time.monotonic()

  def _end(self) -> None:
    self.session.settle()
    assert self._clock is not None
    seconds = time.monotonic() - self._clock
    self._clock = None
    jax.profiler.stop_trace()
    self._report(seconds)
    self.session.meter.restart()

  def _report(self, seconds: float) -> None:
    home = self.session.workdir.profile
    path = max(home.rglob("*.xplane.pb"), key=lambda file: file.stat().st_mtime)
    last, say = self.session.progress.update, self.metrics.say
    try:
      found = costs(path)
    except (LookupError, ValueError) as e:  # not worth the run
      return say(f"profile: {path} is not understood ({e})")
    say(
      f"profile of updates {last - self._updates + 1}-{last}: {seconds:.3f} s, and in "
      f"{found.busy / seconds:.1%} of it an operation ran"
    )
    say("  share   seconds     count  operation")
    dearest = sorted(found.seconds.items(), key=lambda item: -item[1])
    for name, own in dearest[:ROWS]:
      say(f"  {own / seconds:5.1%}  {own:8.3f}  {found.counts[name]:8,}  {name}")
    perfetto = path.with_name("perfetto_trace.json.gz")
    say(f"  for ui.perfetto.dev: {perfetto}; for xprof: --logdir {home}")
