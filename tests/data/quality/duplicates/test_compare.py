"""Comparing two waveforms for the same sound."""

from __future__ import annotations

import numpy as np
import pytest

from panns.data.quality.duplicates import compare
from panns.data.quality.duplicates.compare import RATE, find_duplicates, is_same_sound, similarity
from panns.data.quality.duplicates.landmark_index import Candidate
from panns.system.progress import Progress, ignore_progress
from tests.sounds import noise, tone


def sound(seconds=3.0, seed=0):
    return noise(seconds, seed=seed, sample_rate=RATE)


@pytest.mark.parametrize("gain", [1.0, -1.0, 0.01])
def test_sound_is_similar_to_itself(gain):
    value, overlap_s = similarity(sound(), gain * sound(), 0.0)
    assert value == pytest.approx(1.0, abs=1e-5)
    assert overlap_s == pytest.approx(3.0, abs=1e-3)


@pytest.mark.parametrize("shift", [0, 1, 799, -3_000, 12_000, -15_000])
def test_shifted_sound_is_similar_in_the_overlap(shift):
    whole = sound(5.0)
    one, other = whole[max(shift, 0) :][:20_000], whole[max(-shift, 0) :][:20_000]
    value, overlap_s = similarity(one, other, shift / RATE + 0.05)
    assert value == pytest.approx(1.0, abs=1e-4)
    n_common = min(len(one), len(other) - shift) - max(0, -shift)
    assert overlap_s == pytest.approx(n_common / RATE, abs=1e-3)


def test_shift_is_searched_near_the_candidate():
    whole = sound(5.0)
    assert similarity(whole, whole[4_000:], -0.5)[0] > 0.99
    assert similarity(whole, whole[4_000:], -0.9)[0] < 0.1


def test_different_sounds_are_not_similar():
    assert similarity(sound(), sound(seed=1), 0.0)[0] < 0.1
    # Both contain the same thump: low frequencies alone do not make them similar.
    thump = 5 * np.append(np.hanning(RATE // 20), np.zeros(3 * RATE - RATE // 20)).astype(np.float32)
    assert similarity(thump + sound(), thump + sound(seed=1), 0.0)[0] < 0.1


def test_level_of_the_mixture_decides():
    for level, is_same in ((0.5, True), (3.0, False)):
        assert is_same_sound(sound(), sound() + level * sound(seed=1), 0.0) is is_same


def test_short_overlaps_have_a_higher_threshold():
    half_similar = sound() + 0.9 * sound(seed=1)  # a similarity of 0.74
    assert is_same_sound(sound(), half_similar, 0.0)
    assert not is_same_sound(sound()[: RATE // 2], half_similar[: RATE // 2], 0.0)
    assert is_same_sound(sound()[: RATE // 2], sound()[: RATE // 2], 0.0)


def test_too_short_overlap_counts_as_zero():
    whole = sound(4.0)
    assert similarity(whole[:16_000], whole[13_000:], -13_000 / RATE) == (0.0, 0.0)
    assert similarity(whole[:16_000], whole[:10], 0.0)[0] == pytest.approx(1.0, abs=1e-3)  # all of a short one
    assert similarity(whole, whole, 100.0) == (0.0, 0.0)


def test_silence_is_similar_to_nothing():
    silent = np.zeros(RATE, np.float32)
    assert similarity(silent, silent, 0.0)[0] == 0.0
    assert similarity(silent, sound(), 0.0)[0] == 0.0
    beep = tone(1.0, sample_rate=RATE)
    assert similarity(np.append(silent, beep), np.append(beep, silent), 0.0)[0] < 0.2


def test_candidates_are_compared_and_read_once():
    sounds = [sound(), sound(seed=1), sound() + 0.01 * sound(seed=2), sound(seed=1)[800:]]
    candidates = [Candidate(0, 2, 0.0), Candidate(1, 3, -0.1), Candidate(0, 1, 0.0), Candidate(0, 3, 0.0)]
    loaded, shown = [], []

    def load(i):
        loaded.append(i)
        return sounds[i]

    found = list(find_duplicates(candidates, load, n_threads=1, on_progress=shown.append))
    assert sorted(found) == [(0, 2), (1, 3)]
    assert sorted(loaded) == [0, 1, 2, 3]
    assert shown[-1] == Progress(4, 4, "comparisons", "comparing clips")
    assert list(find_duplicates([], load, n_threads=1, on_progress=ignore_progress)) == []


def test_connected_clips_are_read_in_sequence(monkeypatch):
    monkeypatch.setattr(compare, "_N_CACHED", 4)
    groups = [range(i, 40, 10) for i in range(10)]  # groups of four, no two members adjacent
    candidates = [Candidate(one, other, 0.0) for group in groups for one in group for other in group if one < other]
    loaded = []

    def load(i):
        loaded.append(i)
        return sound(0.5, seed=i % 10)

    ascending = sorted(candidates)
    found = list(find_duplicates(ascending, load, n_threads=1, on_progress=ignore_progress))
    assert sorted(found) == [candidate[:2] for candidate in ascending]
    assert sorted(loaded) == list(range(40))
