from hypothesis import given
from hypothesis import strategies as st

from panns.data.sampling.groups import DisjointSets

N = 12


@given(st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), max_size=20))
def test_sets_connect_pairs_in_any_order(pairs):
    reached = {i: {i} for i in range(N)}
    for _ in range(N):
        for one, other in pairs:
            reached[one] |= reached[other]
            reached[other] |= reached[one]
    groups = DisjointSets(N)
    for pair in pairs:
        groups.join(*pair)
    assert [groups.lowest(i) for i in range(N)] == [min(reached[i]) for i in range(N)]
    assert groups.larger_than_one() == sorted(map(sorted, {frozenset(one) for one in reached.values() if len(one) > 1}))
