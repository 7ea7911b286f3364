"""One set of links out of two, of a model for each direction (Och and Ney, 2003)."""

from collections.abc import Callable, Collection

from nmt.data.links import Link

Rule = Callable[[Collection[Link], Collection[Link]], set[Link]]

_NEIGHBOURS = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))


def intersection(forward: Collection[Link], backward: Collection[Link]) -> set[Link]:
  """What both have: few links, most of them right."""
  return set(forward) & set(backward)


def union(forward: Collection[Link], backward: Collection[Link]) -> set[Link]:
  """What either has: most links that there are, and many that are not."""
  return set(forward) | set(backward)


def grow_diagonal(forward: Collection[Link], backward: Collection[Link]) -> set[Link]:
  """The intersection, grown by links of the union that touch it (Koehn et al., 2003).

  A link of the union beside one that is in, diagonals included, comes in if its source or its
  target word has no link yet, as long as any comes in. Links are tried in the order of Moses:
  those that are in by source and target word, their neighbours by _NEIGHBOURS.
  """
  either = union(forward, backward)
  found = intersection(forward, backward)
  sources, targets = {i for i, _ in found}, {j for _, j in found}
  grows = True
  while grows:
    grows = False
    for i, j in sorted(either):
      if (i, j) not in found:
        continue
      for down, right in _NEIGHBOURS:
        new = (i + down, j + right)
        free = new[0] not in sources or new[1] not in targets
        if free and new in either and new not in found:
          found.add(new)
          sources.add(new[0])
          targets.add(new[1])
          grows = True
  return found


RULES: dict[str, Rule] = {
  "grow-diagonal": grow_diagonal,
  "intersection": intersection,
  "union": union,
}
