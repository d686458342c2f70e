import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from panns.metrics.detection.matching import count_matches


@given(stnp.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_equal_to_scipy(fits):
    assert count_matches(fits) == (maximum_bipartite_matching(csr_array(fits.astype(int))) >= 0).sum()


def test_empty_matching():
    assert count_matches(np.zeros((0, 3), dtype=bool)) == count_matches(np.zeros((3, 0), dtype=bool)) == 0


def test_long_augmenting_path():
    n = 3_000
    fits = np.eye(n, dtype=bool) | np.eye(n, k=1, dtype=bool)
    assert count_matches(fits[::-1, ::-1][:, np.r_[1:n, 0]]) == n
