from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from panns.augment.placement import crop_frames, draw_position


@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 1_000))
def test_a_crop_is_a_stretch_of_the_ring(n_clip, n_frames, seed):
    frames = crop_frames(n_clip, n_frames, np.random.default_rng(seed))
    assert len(frames) == min(n_clip, n_frames)
    assert (np.diff(frames) % n_clip == 1 % n_clip).all()
    assert len(set(frames.tolist())) == len(frames)


@given(st.integers(1, 50), st.integers(0, 50), st.integers(0, 1_000))
def test_a_piece_lies_inside(n_piece, n_more, seed):
    where = draw_position(n_piece, n_piece + n_more, np.random.default_rng(seed))
    assert where.stop - where.start == n_piece
    assert where.start >= 0
    assert where.stop <= n_piece + n_more


def test_every_place_is_possible():
    rng = np.random.default_rng(0)
    assert {draw_position(2, 5, rng).start for _ in range(100)} == {0, 1, 2, 3}
    assert {int(crop_frames(3, 2, rng)[0]) for _ in range(100)} == {0, 1, 2}
