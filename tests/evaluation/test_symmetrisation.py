"""Links of two directions become one set."""

import random

import pytest

from nmt.evaluation.symmetrisation import RULES, grow_diagonal, intersection, union


def random_links(rng, count):
  return {(rng.randrange(7), rng.randrange(7)) for _ in range(count)}


@pytest.mark.parametrize("seed", range(40))
def test_what_grows_lies_between_both_and_touches_what_was_in(seed):
  rng = random.Random(seed)
  forward, backward = random_links(rng, 9), random_links(rng, 9)
  found = grow_diagonal(forward, backward)
  assert intersection(forward, backward) <= found <= union(forward, backward)
  if not forward & backward:
    assert not found
  for i, j in found - (forward & backward):
    assert any((i + a, j + b) in found for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0))
  # No link is left out that touches one that is in and has a free word.
  for i, j in union(forward, backward) - found:
    touches = any((i + a, j + b) in found for a in (-1, 0, 1) for b in (-1, 0, 1))
    taken = any(i == k for k, _ in found) and any(j == k for _, k in found)
    assert not touches or taken
  assert grow_diagonal(backward, forward) == found


@pytest.mark.parametrize("name", RULES)
def test_two_that_agree_are_left_as_they_are(name):
  links = {(0, 0), (1, 2), (3, 1)}
  assert RULES[name](links, links) == links
  assert RULES[name](set(), set()) == set()


def test_a_case_by_hand():
  forward, backward = {(0, 0), (1, 1), (1, 2), (4, 4)}, {(0, 0), (2, 1), (1, 2), (3, 0)}
  # (0, 0) and (1, 2) are in both; beside (0, 0) stands (1, 1), whose target word is free; beside
  # that (2, 1), whose source word is. Nothing that is in touches (4, 4) or (3, 0) before (2, 1)
  # does, and source word 3 is free.
  assert grow_diagonal(forward, backward) == {(0, 0), (1, 2), (1, 1), (2, 1), (3, 0)}
