import math

import pytest

from nmt.perplexity import perplexity


def test_perplexity_of_a_uniform_guess_is_the_vocabulary():
  assert perplexity(7 * math.log(30), 7) == pytest.approx(30)


def test_no_number_is_too_large_and_no_tokens_have_none():
  assert perplexity(1e9, 1) == math.inf
  assert math.isnan(perplexity(0, 0))
