"""Products of arrays in the precision of the run; sums are always in float32 or wider."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from nmt.errors import UserError
from nmt.models import late
from nmt.models.late import Product

Floats = Float[Array, "..."]  # of any shape: the spec says which


def exact(spec: str, a: Floats, b: Floats) -> Floats:
  """einsum(spec, a, b) in the precision of its operands."""
  return jnp.einsum(spec, a, b)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def bfloat16(spec: str, a: Floats, b: Floats) -> Floats:
  """einsum(spec, a, b) of operands rounded to bfloat16, summed in float32.

  The same holds for both products of its gradient, which JAX alone would round once more.
  """
  a, b = a.astype(jnp.bfloat16), b.astype(jnp.bfloat16)
  return jnp.einsum(spec, a, b, preferred_element_type=jnp.float32)


def _forward(spec: str, a: Floats, b: Floats) -> tuple[Floats, tuple[Floats, Floats]]:
  return bfloat16(spec, a, b), (a, b)


def _backward(
  spec: str, operands: tuple[Floats, Floats], gradient: Floats
) -> tuple[Floats, Floats]:
  a, b = operands
  left, right, out = spec.replace("->", ",").split(",")
  to_a = bfloat16(f"{out},{right}->{left}", gradient, b)
  to_b = bfloat16(f"{left},{out}->{right}", a, gradient)
  return to_a.astype(a.dtype), to_b.astype(b.dtype)


bfloat16.defvjp(_forward, _backward)

PRECISIONS: dict[str, Product] = {"float32": exact, "bfloat16": bfloat16}


def product(precision: str) -> Product:
  """The product of a precision, which a scan may take late; UserError for an unknown one."""
  if precision not in PRECISIONS:
    raise UserError(f"model.precision={precision!r} is unknown: choose {' or '.join(PRECISIONS)}")
  return partial(late.multiply, PRECISIONS[precision])


def affine(
  product: Product,
  x: Float[Array, "*rows D"],
  W: Float[Array, "D E"],
  b: Float[Array, "E"] | None = None,
) -> Float[Array, "*rows E"]:
  """x W + b for x of any leading axes, as one matrix product; without b: x W."""
  flat = product("nd,de->ne", x.reshape(-1, x.shape[-1]), W)
  if b is not None:
    flat = flat + b[None]
  return flat.reshape(*x.shape[:-1], W.shape[1])
