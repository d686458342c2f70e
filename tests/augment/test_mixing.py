from __future__ import annotations

import numpy as np
import pytest

from panns.augment.mixing import check_pair, loudness_db, presence
from panns.frontend import LogMelConfig, log_mel
from tests.sounds import noise


def mel_power(waveform, **settings):
    """Mel power as a store keeps it: through the logarithm and back."""
    return 10 ** (log_mel(waveform, LogMelConfig(**settings)) / 10)


def test_pauses_do_not_make_a_clip_quieter():
    loud = np.full((10, 4), 25.0, np.float32)
    with_pause = np.concatenate([loud, np.full((90, 4), 1e-6, np.float32)])
    assert loudness_db(loud) == pytest.approx(20.0)
    assert loudness_db(with_pause) == pytest.approx(20.0)


def test_ten_times_the_power_is_ten_decibels_more():
    power = np.random.default_rng(0).random((20, 8)).astype(np.float32)
    assert loudness_db(power * 10) - loudness_db(power) == pytest.approx(10.0, abs=1e-4)


def test_zeros_have_no_loudness():
    assert loudness_db(np.zeros((5, 4), np.float32)) == -np.inf


@pytest.mark.parametrize("settings", [{}, {"n_mels": 128, "mel_scale": "kaldi"}, {"n_mels": 16}])
def test_silence_restored_from_a_log_mel_is_silent(settings):
    assert loudness_db(mel_power(np.zeros(32_000, np.float32), **settings)) == -np.inf
    # Soft enough that 16-bit sound just keeps it: 80 dB below full scale.
    assert np.isfinite(loudness_db(mel_power(noise(1.0, level=1e-4), **settings)))


def test_the_last_bit_of_sixteen_is_silence():
    dither = np.random.default_rng(0).integers(-1, 1, 32_000, endpoint=True).astype(np.float32) / 2**15
    assert loudness_db(mel_power(dither * 0.5)) == -np.inf


def test_silent_parts_can_be_given():
    power = np.full((5, 4), 1e-6, np.float32)
    assert loudness_db(power) == pytest.approx(-60 + 10 * np.log10(4))
    assert loudness_db(power, silent_below=1e-5) == -np.inf


@pytest.mark.parametrize(("level_db", "expected"), [(0.0, 1.0), (-10.0, 1.0), (-15.0, 0.5), (-20.0, 0.0), (-99.0, 0.0)])
def test_presence_falls_between_two_levels(level_db, expected):
    assert presence(level_db, full_db=-10.0, none_db=-20.0) == pytest.approx(expected)


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match="fit them to one length"):
        check_pair(np.zeros(3, np.float32), np.zeros(4, np.float32))
