import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from panns.metrics.detection.matching import n_matched


@given(stnp.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_as_many_as_by_scipy(fits):
    assert n_matched(fits) == (maximum_bipartite_matching(csr_array(fits.astype(int))) >= 0).sum()


def test_nobody_to_pair():
    assert n_matched(np.zeros((0, 3), dtype=bool)) == n_matched(np.zeros((3, 0), dtype=bool)) == 0


def test_a_long_chain_moves_over():
    n = 3_000
    fits = np.eye(n, dtype=bool) | np.eye(n, k=1, dtype=bool)
    assert n_matched(fits[::-1, ::-1][:, np.r_[1:n, 0]]) == n
