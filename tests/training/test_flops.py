import jax
import jax.numpy as jnp
from jax.sharding import PartitionSpec

from nmt.training.flops import products

W, X = jnp.ones((5, 5)), jnp.ones((3, 5))
ONCE = 2 * 3 * 5 * 5


def count(function, *arguments):
  return products(jax.make_jaxpr(function)(*arguments))


def loop(x):
  return jax.lax.scan(lambda carry, _: (carry @ W, None), x, None, length=7)[0]


def test_a_scan_counts_as_often_as_it_runs():
  assert count(loop, X) == 7 * ONCE
  assert count(jax.jit(loop), X) == 7 * ONCE
  assert count(jax.grad(lambda x: loop(x).sum()), X) == 2 * 7 * ONCE


def test_of_branches_the_costliest_counts_and_of_a_while_loop_one_round():
  branches = [lambda x: x, lambda x: x @ W, lambda x: x @ W @ W]
  assert count(lambda x: jax.lax.switch(jnp.int32(0), branches, x), X) == 2 * ONCE
  whole = jax.lax.while_loop
  assert count(lambda x: whole(lambda x: x.sum() < 9, lambda x: x @ W, x), X) == ONCE


def test_batched_products_and_convolutions():
  assert count(lambda a, b: jnp.einsum("bij,bjk->bik", a, b), *[jnp.ones((4, 5, 5))] * 2) == (
    4 * 2 * 5**3
  )
  kernel = jnp.ones((4, 3, 5))
  assert count(lambda a: jax.lax.conv(a, kernel, (1,), "SAME"), jnp.ones((2, 3, 8))) == (
    2 * (2 * 4 * 8) * (3 * 5)
  )


def test_all_devices_count():
  mesh = jax.sharding.Mesh(jax.devices()[:2], ("data",))
  rows = PartitionSpec("data")
  shared = jax.shard_map(lambda x: x @ W, mesh=mesh, in_specs=rows, out_specs=rows)
  assert count(shared, jnp.ones((6, 5))) == 2 * ONCE
