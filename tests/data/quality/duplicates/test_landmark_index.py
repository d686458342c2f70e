"""Pairs of clips that share landmarks, found in bounded memory."""

from __future__ import annotations

import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.data.quality.duplicates import landmark_index
from panns.data.quality.duplicates.fingerprint import RATE, Landmarks, find_landmarks
from panns.data.quality.duplicates.landmark_index import LandmarkIndex
from panns.data.quality.duplicates.pair_counts import PairCounts
from tests.data.quality.duplicates.test_fingerprint import pairs_in, swelling
from tests.hypothesis_examples import examples


def test_no_candidates_without_landmarks():
    assert LandmarkIndex().candidates() == []
    assert pairs_in(np.zeros(RATE, np.float32), np.zeros(RATE, np.float32)) == []
    assert pairs_in(swelling()) == []


def landmarks(bits, frames=None, weak=0 | 1 << 5 | 2 << 10, beside=None):
    frames = range(len(bits)) if frames is None else frames
    bits = np.array(bits, np.uint32)
    beside = bits if beside is None else np.array(beside, np.uint32)
    return Landmarks(bits, beside, np.full(len(bits), weak, np.uint16), np.array(list(frames), np.uint16))


def test_weak_bits_may_be_flipped():
    index = LandmarkIndex()
    index.add(0, landmarks([0b1000_0000], weak=5 | 6 << 5 | 7 << 10))
    index.add(1, landmarks([0b0110_0000]))  # three bits away, all of them weak in the first
    index.add(2, landmarks([0b1001_0000]))  # one bit away, which is strong
    assert [one[:2] for one in index.candidates()] == [(0, 1)]


def test_one_shared_landmark_of_many_is_chance():
    many = list(range(1, 201))
    index = LandmarkIndex()
    index.add(0, landmarks([bits << 8 for bits in many]))
    index.add(1, landmarks([7 << 8, *(bits << 20 for bits in many[1:])]))
    index.add(2, landmarks([9 << 8]))  # has only that one
    assert (0, 1) not in [one[:2] for one in index.candidates()]
    assert (0, 2) in [one[:2] for one in index.candidates()]


def test_pairs_that_share_most_come_first():
    index = LandmarkIndex()
    index.add(0, landmarks([101 << 8, 102 << 8, 103 << 8, 104 << 8], [10, 20, 30, 40]))
    index.add(1, landmarks([101 << 8, 102 << 8], [0, 90]))
    index.add(2, landmarks([101 << 8, 102 << 8, 103 << 8], [110, 120, 80]))
    first, *others = index.candidates()
    assert first[:2] == (0, 2)
    assert first.shift_s == pytest.approx(100.5 * 128 / RATE)
    assert {one[:2] for one in others} == {(0, 1), (1, 2)}


def test_very_many_copies_are_compared_with_their_neighbours():
    index = LandmarkIndex()
    for clip in range(100):
        index.add(clip, landmarks([5 << 8, 6 << 8]))
    assert {one[:2] for one in index.candidates()} == {(i, i + 1) for i in range(99)}


def test_memory_is_bounded_and_copies_keep_the_same_landmarks():
    sounds = [swelling(seed=seed) for seed in range(6)]
    index = LandmarkIndex(max_landmarks=100)
    for i, sound in enumerate([*sounds, *sounds]):
        index.add(i, find_landmarks(sound))
        assert index._n_landmarks <= 100
    assert {one[:2] for one in index.candidates()} == {(i, i + 6) for i in range(6)}


@pytest.mark.parametrize(("n_other_bits", "is_found"), [(8, True), (9, False)])
def test_thinned_landmarks_need_similar_neighbours(n_other_bits, is_found):
    many = [bits << 16 for bits in range(1, 100)]  # enough for one shared one to be chance
    index = LandmarkIndex(max_landmarks=100)
    index.add(0, landmarks(many, beside=[0] * 99))
    index.add(1, landmarks([many[63], *(bits + (200 << 16) for bits in many[:98])], beside=[2**n_other_bits - 1] * 99))
    assert index._mask
    assert [one[:2] for one in index.candidates()] == [(0, 1)] * is_found


@pytest.mark.parametrize("max_landmarks", [2**24, 20_000])
def test_memory_is_bounded_for_many_shared_landmarks(monkeypatch, max_landmarks):
    """Each of 50,000 landmarks is shared by some 25 clips: 600,000 pairs."""
    rng = np.random.default_rng(0)
    values = rng.integers(2**32, size=2_000, dtype=np.uint32)
    monkeypatch.setattr(landmark_index, "PairCounts", partial(PairCounts, max_rows=10_000))
    monkeypatch.setattr(landmark_index, "_LOOKUP_SIZE", 2_000)
    monkeypatch.setattr(landmark_index, "_MAX_FOUND_AT_ONCE", 10_000)
    index = LandmarkIndex(max_landmarks)
    for clip in range(500):
        index.add(clip, landmarks(rng.choice(values, 100)))
    for clip in (500, 501):
        index.add(clip, landmarks(values[:100]))
    tracemalloc.start()
    candidates = index.candidates()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert candidates[0][:2] == (500, 501)
    assert peak < 6e6  # without a bound 25 MB


@settings(max_examples=examples(50))
@given(
    st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6), min_size=2, max_size=6),
    st.sampled_from([1, 3, 2**20]),
)
def test_candidates_are_the_pairs_with_equal_bits(clips, at_once):
    index = LandmarkIndex()
    for clip, bits in enumerate(clips):
        index.add(clip, landmarks([one << 8 for one in bits]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(landmark_index, "_MAX_FOUND_AT_ONCE", at_once)
        found = [one[:2] for one in index.candidates()]
    expected = {
        (one, other) for other in range(len(clips)) for one in range(other) if set(clips[one]) & set(clips[other])
    }
    assert set(found) == expected
    assert len(found) == len(expected)
