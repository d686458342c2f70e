from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.augment.length import draw_onset, fit_length, loud_onsets, take_segment
from tests.sounds import noise


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 999), st.sampled_from(["silence", "repeat"]))
def test_any_length_becomes_n_samples(n_clip, n_samples, seed, shorter):
    waveform = np.arange(1, n_clip + 1, dtype=np.float32)
    fitted = fit_length(waveform, n_samples, np.random.default_rng(seed), shorter=shorter)
    assert len(fitted) == n_samples
    assert fitted.dtype == np.float32
    assert not np.shares_memory(fitted, waveform)
    sounding = fitted[fitted > 0]
    if n_samples >= n_clip and shorter == "silence":
        assert (sounding == waveform).all()  # a whole clip, once
    else:
        # One stretch of the clip, or of the clip closed to a ring.
        assert len(sounding) == n_samples
        assert (np.diff(sounding) % n_clip == 1 % n_clip).all()


def test_a_segment_of_a_padded_clip_contains_its_sound():
    clip = np.zeros(160_000, np.float32)
    clip[60_000:64_000] = noise(0.125)
    all_of_it = float(np.square(clip).sum())
    for seed in range(50):
        stretch = fit_length(clip, 32_000, np.random.default_rng(seed))
        assert np.square(stretch).sum() >= 0.0099 * all_of_it
    anywhere = [fit_length(clip, 32_000, np.random.default_rng(seed), range_db=math.inf).any() for seed in range(50)]
    assert not all(anywhere)


def test_a_constantly_loud_clip_is_cropped_anywhere():
    onsets = loud_onsets(noise(1.0), 8_000, range_db=20.0)
    assert onsets.tolist() == list(range(32_000 - 8_000 + 1))
    drawn = {fit_length(np.arange(4, dtype=np.float32) + 5, 2, np.random.default_rng(s))[0] for s in range(50)}
    assert drawn == {5.0, 6.0, 7.0}


def test_silence_is_cropped_anywhere():
    assert len(loud_onsets(np.zeros(100, np.float32), 10, range_db=20.0)) == 91


def test_quiet_segments_after_a_loud_one_keep_their_precision():
    clip = np.zeros(3_000, np.float32)
    clip[:1_000], clip[2_000:] = 1.0, 0.5
    onsets = loud_onsets(clip, 500, range_db=10.0)
    # A stretch is silent but for its first or last samples where less than a tenth of it is loud.
    assert onsets.tolist() == [*range(951), *range(1_700, 2_501)]


def test_shorter_clips_are_placed_everywhere():
    onsets = {int(fit_length(np.ones(2, np.float32), 5, np.random.default_rng(s)).argmax()) for s in range(100)}
    assert onsets == {0, 1, 2, 3}


@pytest.mark.parametrize(("n_clip", "n_samples"), [(0, 5), (5, 0)])
def test_nothing_cannot_be_fitted(n_clip, n_samples):
    with pytest.raises(ValueError, match="must be at least 1"):
        fit_length(np.zeros(n_clip, np.float32), n_samples, np.random.default_rng(0))


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 999))
def test_draw_onset_gives_the_onset_of_fit_length(n_clip, n_samples, seed):
    waveform = np.arange(1, n_clip + 1, dtype=np.float32)
    one, two = np.random.default_rng(seed), np.random.default_rng(seed)
    onset = draw_onset(waveform, n_samples, one)
    assert (take_segment(waveform, onset, n_samples) == fit_length(waveform, n_samples, two)).all()
    assert one.random() == two.random()


@pytest.mark.parametrize(
    ("onset", "expected"),
    [(-2, [0, 0, 1]), (1, [2, 3, 4]), (3, [4, 5, 0]), (6, [0, 0, 0]), (9, [0, 0, 0]), (-4, [0, 0, 0])],
)
def test_a_segment_outside_the_clip_is_silent(onset, expected):
    assert take_segment(np.arange(1, 6, dtype=np.float32), onset, 3).tolist() == expected


def test_onsets_equal_those_of_a_plain_loop():
    clip = noise(0.02) * np.linspace(0, 1, 640, dtype=np.float32)
    energies = np.array([np.square(clip[i : i + 200].astype(np.float64)).sum() for i in range(441)])
    expected = np.flatnonzero(energies >= energies.max() / 10)
    assert loud_onsets(clip, 200, range_db=10.0).tolist() == expected.tolist()
