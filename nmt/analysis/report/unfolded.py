"""Parameters as Treescope shows them: a tree to unfold, with a small picture of each array.

The page is for an iframe, which keeps Treescope's style to itself. Its script makes what is seen,
so that a reader who allows no script needs the table of `nmt.analyze tree` beside it.
"""

import re
import warnings
from typing import Any, NamedTuple

import numpy as np

_CELLS = 24, 32  # rows and columns of a picture at most


class View(NamedTuple):
  """A page, and the styles and scripts that a policy has to allow for it to be seen."""

  html: str
  styles: list[str]
  scripts: list[str]


def view(arrays: dict[str, np.ndarray]) -> View:
  """Parameters by their exported names; the same to the byte for the same parameters."""
  with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of NumPy, about what Treescope looks at
    import treescope
    from treescope import layout_algorithms, lowering, rendering_parts

    renderer = treescope.active_renderer.get()
    line = renderer.to_foldable_representation(_nested(arrays), root_keypath=None)
    whole = rendering_parts.build_full_line_with_annotations(line)
    layout_algorithms.expand_for_balanced_layout(whole, max_height=None)
    html = lowering.render_to_html_as_root(whole, compressed=False)
  html = re.sub(r"treescope_out_[0-9a-f]{32}", "treescope_out", html)  # drawn anew for each
  html = f"<!DOCTYPE html><html lang=en><title>Parameters</title>{html}</html>"
  styles, scripts = (re.findall(f"<{tag}>(.*?)</{tag}>", html, re.S) for tag in ("style", "script"))
  return View(html, sorted(set(styles)), sorted(set(scripts)))


def _nested(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
  """encoder.E_x in the tree {encoder: {E_x}}."""
  tree: dict[str, Any] = {}
  for name, array in arrays.items():
    *parts, last = name.split(".")
    at = tree
    for part in parts:
      at = at.setdefault(part, {})
    at[last] = _Shown(array)
  return tree


class _Shown:
  """An array as a line of its numbers, to unfold into its picture."""

  def __init__(self, array: np.ndarray):
    self.array = array

  def __treescope_repr__(self, path: str | None, subtree_renderer: Any) -> Any:
    import treescope
    from treescope import rendering_parts as parts

    small, reduced = blocks(self.array)
    sizes = zip(_matrix(self.array).shape, small.shape, strict=True)
    axes = {k: f"{n:,} in {m} blocks" if n > m else f"{n:,}" for k, (n, m) in enumerate(sizes)}
    scale: dict[str, Any] = {"around_zero": False, "vmin": 0} if reduced else {}
    picture = treescope.render_array(small, rows=[0], columns=[1], axis_labels=axes, **scale)
    what = parts.text("root mean squares of blocks:" if reduced else "values:")
    return parts.build_custom_foldable_tree_node(
      label=parts.abbreviation_color(parts.text(summary(self.array))),
      contents=parts.fold_condition(
        expanded=parts.indented_children([what, picture.treescope_part])
      ),
      expand_state=parts.ExpandState.COLLAPSED,
    )


def summary(array: np.ndarray) -> str:
  """`float32 256 x 384: mean 0.01, deviation 0.09, -0.36 to 0.34`; of finite numbers."""
  head = f"{array.dtype} {' x '.join(map(str, array.shape)) or 'number'}"
  numbers = array[np.isfinite(array)] if not np.isfinite(array).all() else array
  if not numbers.size:
    return f"{head}: no finite number"
  wild = array.size - numbers.size
  mean, deviation = numbers.mean(dtype=np.float64), numbers.std(dtype=np.float64)
  return (
    f"{head}: mean {mean:.2g}, deviation {deviation:.2g}, {numbers.min():.2g} to"
    f" {numbers.max():.2g}" + (f", {wild:,} not finite" if wild else "")
  )


def blocks(array: np.ndarray) -> tuple[np.ndarray, bool]:
  """A matrix that is small enough for a picture, and whether it holds root mean squares of blocks.

  All axes but the last are taken together; a vector is a row.
  """
  matrix = _matrix(array)
  if matrix.shape[0] <= _CELLS[0] and matrix.shape[1] <= _CELLS[1]:
    return matrix.astype(np.float32), False
  rows, columns = (
    np.array_split(np.arange(n), min(n, most)) for n, most in zip(matrix.shape, _CELLS, strict=True)
  )
  starts = [part[0] for part in columns]
  squares = np.stack(
    [
      np.add.reduceat(np.square(matrix[part[0] : part[-1] + 1], dtype=np.float64).sum(0), starts)
      for part in rows
    ]
  )
  counts = np.outer([len(part) for part in rows], [len(part) for part in columns])
  return np.sqrt(squares / counts).astype(np.float32), True


def _matrix(array: np.ndarray) -> np.ndarray:
  return array.reshape(-1, array.shape[-1] if array.ndim else 1)
