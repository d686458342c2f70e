"""Landmarks of sounds, and the pairs of clips that they find."""

from __future__ import annotations

import numpy as np
import pytest

from panns.data.quality.duplicates.fingerprint import RATE, find_landmarks
from panns.data.quality.duplicates.landmark_index import LandmarkIndex
from tests.sounds import noise


def swelling(seconds=3.0, *, seed=0):
    """Noise that changes like real sounds."""
    return 3 * noise(seconds, seed=seed, sample_rate=RATE) * np.abs(noise(seconds, seed=seed + 1_000, sample_rate=RATE))


def pairs_in(*waveforms):
    index = LandmarkIndex()
    for i, waveform in enumerate(waveforms):
        index.add(i, find_landmarks(waveform))
    return index.candidates()


def test_same_sound_is_found_at_any_level_and_shift():
    sound = swelling()
    shift = 128 * 7
    pairs = pairs_in(sound, 0.05 * sound, swelling(seed=1), np.append(np.zeros(shift, np.float32), sound), -sound)
    assert {(one.one, one.other) for one in pairs} >= {(0, 1), (0, 3), (0, 4)}
    assert not [one for one in pairs if 2 in one[:2]]
    (shifted,) = [one for one in pairs if one[:2] == (0, 3)]
    assert shifted.shift_s == pytest.approx(shift / RATE, abs=128 / RATE)


def test_fractional_shift_and_noise_are_tolerated():
    sound = swelling()
    found = pairs_in(sound, sound[1_000:] + noise(3.0, seed=9, level=0.001, sample_rate=RATE)[1_000:])
    assert [one[:2] for one in found] == [(0, 1)]
    assert found[0].shift_s == pytest.approx(-1_000 / RATE, abs=128 / RATE)


def test_pauses_and_silence_have_no_landmarks():
    assert len(find_landmarks(np.zeros(RATE, np.float32)).bits) == 0
    assert len(find_landmarks(noise(1, level=1e-4, sample_rate=RATE)).bits) == 0
    sound = swelling(2.0)
    alone = find_landmarks(sound)
    after_a_pause = find_landmarks(np.append(np.zeros(2 * RATE, np.float32), sound))
    assert len(after_a_pause.bits) == pytest.approx(len(alone.bits), abs=20)


@pytest.mark.parametrize("n_samples", [1, 128, 2_047, 2_048, 2_176, 2_177, 5_512])
def test_number_of_frames_for_any_length(n_samples):
    bits, beside, weak, frames = find_landmarks(swelling()[:n_samples])
    assert bits.dtype == beside.dtype == np.uint32
    assert weak.dtype == frames.dtype == np.uint16
    assert len(bits) == len(beside) == len(weak) == len(frames) <= max(1, (n_samples - 2_048) // 128)


def test_bits_beside_are_those_of_the_next_separate_frame():
    sound = swelling(2.0)
    bits, beside, _, frames = find_landmarks(
        np.concatenate([sound[:RATE], np.zeros(2 * RATE, np.float32), sound[:900]])
    )
    of_frame = dict(zip(frames.tolist(), bits.tolist(), strict=True))
    for frame, here, there in zip(frames.tolist(), bits.tolist(), beside.tolist(), strict=True):
        assert there == of_frame.get(frame + 16, of_frame.get(frame - 16, here))
    assert len(frames) > 40
