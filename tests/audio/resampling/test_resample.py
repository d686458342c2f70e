"""Resampling in pieces equals resampling at once, for any cut of the input."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.audio import Resampler, load_sound, resample

_NOISE = np.random.default_rng(0).standard_normal(20_000).astype(np.float32) * 0.1
_RATES = st.sampled_from([(44_100, 32_000), (48_000, 16_000), (8_000, 32_000), (11_025, 32_000), (32_000, 32_000)])


@given(rates=_RATES, cuts=st.lists(st.integers(0, len(_NOISE)), max_size=8), n_samples=st.integers(0, len(_NOISE)))
def test_pieces_equal_the_whole(rates, cuts, n_samples):
    resampler = Resampler(*rates)
    edges = [0, *sorted(min(cut, n_samples) for cut in cuts), n_samples]
    pieces = [resampler.push(_NOISE[start:end]) for start, end in pairwise(edges)]
    in_pieces = np.concatenate([*pieces, resampler.finish()])
    assert np.array_equal(in_pieces, resample(_NOISE[:n_samples], *rates))


@pytest.mark.parametrize("rates", [(44_100, 32_000), (48_000, 16_000), (8_000, 32_000)])
def test_equals_soxr_in_one_call(rates):
    import soxr

    assert np.array_equal(resample(_NOISE, *rates), soxr.resample(_NOISE, *rates, quality="HQ"))


def test_one_sample_at_a_time():
    resampler = Resampler(44_100, 32_000)
    pieces = [resampler.push(_NOISE[i : i + 1]) for i in range(3_000)]
    assert np.array_equal(np.concatenate([*pieces, resampler.finish()]), resample(_NOISE[:3_000], 44_100, 32_000))


@given(n_samples=st.integers(1, 5_000), rates=_RATES)
def test_keeps_the_duration(n_samples, rates):
    assert abs(len(resample(_NOISE[:n_samples], *rates)) - n_samples * rates[1] / rates[0]) <= 1


def test_blocks_are_resampled_like_the_whole_sound():
    waveform = load_sound((np.tile(_NOISE, 15), 44_100), sample_rate=32_000)
    assert np.array_equal(waveform, resample(np.tile(_NOISE, 15), 44_100, 32_000))


def test_frequencies_above_nyquist_are_removed():
    times = np.arange(44_100) / 44_100
    quiet = resample(np.sin(2 * np.pi * 17_600 * times).astype(np.float32), 44_100, 32_000)
    assert np.abs(quiet[1_000:-1_000]).max() < 1e-5


def test_an_impossible_rate_is_refused():
    with pytest.raises(ValueError, match="0 Hz"):
        Resampler(0, 32_000)
