"""What is compiled ahead is what the updates run."""

import jax
import pytest

from nmt.training import ahead
from nmt.training.session import Session
from nmt.workdir import Workdir


@pytest.fixture
def session(request, config, prepared, tmp_path):
  if getattr(request, "param", "") == "guided":
    config, prepared = map(request.getfixturevalue, ("guided", "linked"))
  config.batch.update(size=4, window=4, multiple=3)
  # Of no other test, in this file either: the programs of each are not yet kept.
  config.model.embedding = 9 if hasattr(request, "param") else 10
  home = Workdir(tmp_path / "run")
  home.make()
  made = Session(config, home, prepared)
  with made.checkpoints:
    yield made


@pytest.fixture
def compiled():
  """How many programs were compiled and kept, not found."""
  count = []

  def listen(event, **_):
    if event == "/jax/compilation_cache/cache_misses":
      count.append(event)

  jax.monitoring.register_event_listener(listen)
  yield count
  jax.monitoring.unregister_event_listener(listen)


@pytest.mark.parametrize(
  "session", ["likelihood", pytest.param("guided", marks=pytest.mark.slow)], indirect=True
)
def test_updates_find_their_programs(session, compiled):
  shapes = ahead.coming(session.batches, 0)
  assert len(shapes) > 2
  assert set(shapes) == session.batches.used_shapes()
  with ahead.compiling(session, 2) as futures:
    session.update([session.batches.at(0)])
    session.settle()
    assert len(futures) == len(shapes) - 1
    for future in futures:
      future.result(800)
  before = len(compiled)
  assert before >= len(shapes)
  for position in range(1, session.batches.epoch_size()):
    session.update([session.batches.at(position)])
  session.settle()
  assert len(compiled) == before


def test_the_end_does_not_wait_for_what_has_not_begun(session):
  with ahead.compiling(session, 1) as futures:
    pass
  assert any(future.cancelled() for future in futures)
  assert all(future.done() for future in futures)


def test_nothing_is_compiled_for_nobody(session):
  with ahead.compiling(session, 0) as futures:
    assert not futures
  session.config.train.accumulate = 2
  with ahead.compiling(session, 1) as futures:
    assert not futures
