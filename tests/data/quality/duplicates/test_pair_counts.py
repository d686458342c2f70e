from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.data.quality.duplicates.pair_counts import PairCounts
from tests.hypothesis_examples import examples

CLIPS = st.integers(0, 3)


def counted(*found, is_short=(True,) * 9, n=100, **options):
    counts = PairCounts(np.array(is_short), **options)
    for one, other, n_later in found:
        counts.add(*(np.array([number]) for number in (one, other, n_later)))
    return counts.best(n)


@settings(max_examples=examples(40))
@given(st.lists(st.tuples(CLIPS, CLIPS, st.integers(-3, 3)).filter(lambda met: met[0] != met[1]), max_size=20))
def test_every_pair_once_at_its_most_frequent_shift(found):
    shifts = Counter((min(a, b), max(a, b), (n if a < b else -n) // 2) for a, b, n in found)
    best = counted(*found, max_rows=len(shifts))  # counted several times, and none left out
    assert [pair[:2] for pair in best] == list(dict.fromkeys(pair[:2] for pair in best))
    assert {pair[:2] for pair in best} == {pair[:2] for pair in shifts}
    for pair in best:
        assert shifts[pair] == max(n for other, n in shifts.items() if other[:2] == pair[:2])
    assert [shifts[pair] for pair in best] == sorted((shifts[pair] for pair in best), reverse=True)
    assert counted(*found, n=1) == best[:1]


def test_long_clips_need_two_shared_landmarks():
    found = [(0, 1, 0), (1, 2, 0), (2, 3, 0), (3, 2, 1)]
    assert [pair[:2] for pair in counted(*found, is_short=[True, False, False, False])] == [(0, 1)]
    assert counted((1, 2, 4), (2, 1, -5), is_short=[False] * 3) == [(1, 2, 2)]


@pytest.mark.parametrize("n_later", [2**16 - 1, 1 - 2**16])
def test_largest_indices_and_shifts_fit(n_later):
    last = 2**24 - 1
    assert counted((last - 1, last, n_later), is_short=np.ones(last + 1, bool)) == [(last - 1, last, n_later // 2)]


def test_most_frequent_pairs_stay():
    often = [(0, 8, 6)] * 3 + [(1, 2, -6)] * 2
    once = [(i, j, 0) for i in range(8) for j in range(i + 1, 8)]
    best = counted(*often, *once, *often, max_rows=4)
    assert best[:2] == [(0, 8, 3), (1, 2, -3)]
    assert len(best) < len(once) / 4


def test_no_pairs():
    assert counted() == []
