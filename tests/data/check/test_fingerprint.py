"""Landmarks: which clips are worth a comparison."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.data.check import fingerprint
from panns.data.check.fingerprint import RATE, LandmarkIndex, Landmarks, landmarks_of
from tests.sounds import noise


def swelling(seconds=3.0, *, seed=0):
    """Noise that changes as real sounds do."""
    return 3 * noise(seconds, seed=seed, sample_rate=RATE) * np.abs(noise(seconds, seed=seed + 1_000, sample_rate=RATE))


def pairs_in(*waveforms, max_landmarks=2**24):
    index = LandmarkIndex(max_landmarks)
    for i, waveform in enumerate(waveforms):
        index.add(i, landmarks_of(waveform))
    return index.candidates()


def test_the_same_sound_is_found_at_any_level_and_shift():
    sound = swelling()
    shift = 128 * 7
    pairs = pairs_in(sound, 0.05 * sound, swelling(seed=1), np.append(np.zeros(shift, np.float32), sound), -sound)
    assert {(one.one, one.other) for one in pairs} >= {(0, 1), (0, 3), (0, 4)}
    assert not [one for one in pairs if 2 in one[:2]]
    (shifted,) = [one for one in pairs if one[:2] == (0, 3)]
    assert shifted.shift_s == pytest.approx(shift / RATE, abs=128 / RATE)


def test_a_shift_between_frames_and_a_little_noise_do_not_hide_it():
    sound = swelling()
    found = pairs_in(sound, sound[1_000:] + noise(3.0, seed=9, level=0.001, sample_rate=RATE)[1_000:])
    assert [one[:2] for one in found] == [(0, 1)]
    assert found[0].shift_s == pytest.approx(-1_000 / RATE, abs=128 / RATE)


def test_pauses_and_silence_have_no_landmarks():
    assert len(landmarks_of(np.zeros(RATE, np.float32)).bits) == 0
    assert len(landmarks_of(noise(1, level=1e-4, sample_rate=RATE)).bits) == 0
    sound = swelling(2.0)
    alone = landmarks_of(sound)
    after_a_pause = landmarks_of(np.append(np.zeros(2 * RATE, np.float32), sound))
    assert len(after_a_pause.bits) == pytest.approx(len(alone.bits), abs=20)


@pytest.mark.parametrize("n_samples", [1, 128, 2_047, 2_048, 2_176, 2_177, 5_512])
def test_any_length_has_its_frames(n_samples):
    bits, weak, frames = landmarks_of(swelling()[:n_samples])
    assert bits.dtype == np.uint32
    assert weak.dtype == frames.dtype == np.uint16
    assert len(bits) == len(weak) == len(frames) <= max(1, (n_samples - 2_048) // 128)


def test_nothing_is_like_nothing():
    assert LandmarkIndex().candidates() == []
    assert pairs_in(np.zeros(RATE, np.float32), np.zeros(RATE, np.float32)) == []
    assert pairs_in(swelling()) == []


def landmarks(bits, frames=None, weak=0 | 1 << 5 | 2 << 10):
    frames = range(len(bits)) if frames is None else frames
    return Landmarks(np.array(bits, np.uint32), np.full(len(bits), weak, np.uint16), np.array(list(frames), np.uint16))


def test_weak_bits_may_be_turned():
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


def test_what_shares_most_comes_first_at_its_commonest_shift():
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
        index.add(i, landmarks_of(sound))
        assert index._n_landmarks <= 100
    assert {one[:2] for one in index.candidates()} == {(i, i + 6) for i in range(6)}


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6), min_size=2, max_size=6),
    st.sampled_from([1, 3, 2**20]),
)
def test_candidates_are_the_pairs_that_share_bits(clips, at_once):
    index = LandmarkIndex()
    for clip, bits in enumerate(clips):
        index.add(clip, landmarks([one << 8 for one in bits]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fingerprint, "_MAX_FOUND_AT_ONCE", at_once)
        found = [one[:2] for one in index.candidates()]
    expected = {
        (one, other) for other in range(len(clips)) for one in range(other) if set(clips[one]) & set(clips[other])
    }
    assert set(found) == expected
    assert len(found) == len(expected)
