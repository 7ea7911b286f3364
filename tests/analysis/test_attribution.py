"""How far methods agree, on rows whose ranks are counted by hand."""

import numpy as np
import pytest

from nmt.analysis.attribution import Attributed, agreements, taus

ALPHA = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])


def test_tau_counts_pairs_in_order():
  turned = np.array([[3.0, -2, 1], [1, 2, -3]])
  # In the first row all three pairs agree; in the second two of three, one of which alpha ties:
  # tau-b = 2 / sqrt(2 * 3).
  np.testing.assert_allclose(taus(ALPHA, turned), [1, 2 / 6**0.5])
  assert np.isnan(taus(ALPHA, np.ones((2, 3)))).all()


def test_agreements_are_means_over_words_of_all_pairs():
  same, other = ALPHA, -ALPHA[:, ::-1]
  rows = np.array([-1.0, -1])
  pair = Attributed(rows, rows - 1, ALPHA, same, same, other)
  first, *_ = found = agreements([pair, pair])
  assert [(x.one, x.other) for x in found][:3] == [
    ("alpha", "gradient"),
    ("alpha", "integrated"),
    ("alpha", "occlusion"),
  ]
  assert (first.tau, first.low, first.high, first.same, first.words) == pytest.approx(
    (1, 1, 1, 1, 4)
  )
  assert found[2].tau == pytest.approx(np.mean(taus(ALPHA, other)))
  assert found[2].same == 0
  np.testing.assert_allclose(pair.gap_T(), np.abs(same.sum(axis=1) - 1))
  without = pair._replace(alpha=None)
  assert "alpha" not in without.methods()
  assert len(agreements([without])) == 3
  assert agreements([without])[0].low is None
  assert agreements([]) == []
