"""Float samples far beyond full scale are divided by their peak, with a warning."""

import numpy as np
import pytest

from panns.audio import open_sound
from tests.audio.decoding.encoded_sounds import tone, with_av, with_soundfile

_RATE = 16_000
_SOUND = tone(2.0, sample_rate=_RATE, n_channels=1)


def _read(source):
    with open_sound(source, sample_rate=None) as sound:
        waveform = np.concatenate(list(sound))
    return waveform, sound.warnings


def _array(samples):
    return samples, _RATE


def _float_wav(samples):
    return with_soundfile(samples, _RATE, "WAV", "FLOAT")


def _float_mov(samples):
    return with_av(samples, _RATE, "mov", "pcm_f32le")


@pytest.mark.parametrize("store", [_array, _float_wav, _float_mov])
def test_a_loud_sound_is_scaled_to_its_peak(store):
    peak = np.abs(_SOUND).max()
    waveform, warnings = _read(store(_SOUND * np.float32(5 / peak)))
    assert np.abs(waveform - _SOUND[:, 0] / peak).max() < 1e-6
    assert warnings == ("samples reach 5.0, but audio is within -1..1; all are divided by that peak",)


@pytest.mark.parametrize("peak", [0.5, 1.0, 1.9])
def test_usual_levels_are_kept(peak):
    samples = _SOUND * np.float32(peak / np.abs(_SOUND).max())
    waveform, warnings = _read(_float_wav(samples))
    assert np.array_equal(waveform, samples[:, 0])
    assert warnings == ()


def test_a_few_thumps_leave_the_level_of_the_rest():
    samples = _SOUND.copy()
    samples[100:110] = 6.0
    waveform, warnings = _read(_float_wav(samples))
    assert np.array_equal(waveform, samples[:, 0])
    assert warnings == ("10 samples reach 6.0, but audio is within -1..1; so few are kept as they are",)


@pytest.mark.parametrize("n_channels", [1, 2])
def test_integers_stored_as_floats_keep_their_full_scale(n_channels):
    integers = np.rint(tone(2.0, sample_rate=_RATE, n_channels=n_channels) * 20_000)
    waveform, warnings = _read((integers, _RATE))
    assert np.abs(waveform - integers.mean(axis=1) / 32_768).max() < 1e-6
    assert "whole numbers, as of 16 bits, and are divided by 32,768" in warnings[0]
