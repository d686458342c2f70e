"""Blocks of a file made longer: the same samples, in blocks of one size."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from panns.detection.joining import joined_blocks


@given(lengths=st.lists(st.integers(0, 50), max_size=20), n_samples=st.integers(1, 40))
def test_they_are_the_same_samples(lengths, n_samples):
    sound = np.arange(sum(lengths), dtype=np.float32)
    found = list(joined_blocks(np.split(sound, np.cumsum(lengths)[:-1]) if lengths else [], n_samples))
    assert [len(block) for block in found[:-1]] == [n_samples] * (len(found) - 1)
    assert not found or 0 < len(found[-1]) <= n_samples
    np.testing.assert_array_equal(np.concatenate([np.zeros(0, np.float32), *found]), sound)


def test_a_block_is_given_out_as_soon_as_it_is_there():
    def endless():
        while True:
            yield np.zeros(3, np.float32)

    blocks = joined_blocks(endless(), 5)
    assert [len(next(blocks)) for _ in range(4)] == [5, 5, 5, 5]
