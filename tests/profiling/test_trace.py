"""Times of nested operations add up, and what a program says of its instructions is found."""

import functools

import jax
import jax.numpy as jnp
import pytest

from nmt.profiling import protobuf, trace


def test_a_loop_is_not_charged_for_its_body():
  events = [
    (0, 100, "while"),
    (10, 30, "dot"),
    (30, 60, "dot"),
    (35, 40, "copy"),
    (100, 110, "dot"),
  ]
  total = {}
  for name, time in trace.own(events):
    total[name] = total.get(name, 0) + time
  assert total == {"while": 50, "dot": 55, "copy": 5}


def test_what_overlaps_is_counted_once():
  assert trace.union([(50, 60, "c"), (0, 10, "a"), (5, 20, "b"), (6, 8, "a")]) == 30
  assert trace.union([]) == 0


def test_fields_of_every_wire_type():
  message = memoryview(b"\x08\xac\x02\x12\x02hi\x19" + bytes(8) + b"\x25" + bytes(4))
  assert [(key, v if isinstance(v, int) else bytes(v)) for key, v in protobuf.fields(message)] == [
    (1, 300), (2, b"hi"), (3, bytes(8)), (4, bytes(4)),
  ]  # fmt: skip
  assert (protobuf.number(message, 1), protobuf.text(message, 2)) == (300, "hi")
  assert (protobuf.number(message, 9), protobuf.text(message, 9)) == (0, "")


@functools.partial(jax.jit, static_argnums=1)
def looped(x, steps):
  return jax.lax.fori_loop(0, steps, lambda _, y: jnp.tanh(y @ y), x)


@pytest.mark.parametrize("steps", [3, 5])  # the second time with the program of the first in memory
def test_operations_are_named_by_their_place_in_the_code(tmp_path, steps):
  looped(jnp.ones((64, 64)), steps).block_until_ready()
  with jax.profiler.trace(tmp_path):
    looped(jnp.ones((64, 64)), steps).block_until_ready()
  (path,) = tmp_path.rglob("*.xplane.pb")
  found = trace.costs(path)
  products = {name: n for name, n in found.counts.items() if "dot_general" in name}
  assert sum(products.values()) == steps
  assert all("test_trace.py:" in name for name in products)
  assert sum(found.seconds.values()) > 0
  assert found.busy > 0
