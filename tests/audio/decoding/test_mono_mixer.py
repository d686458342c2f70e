"""Mono is the mean of the channels, but the loudest one where they cancel each other."""

import numpy as np
import pytest

from panns.audio.decoding.mono_mixer import MonoMixer
from panns.audio.decoding.samples import mix_to_mono

_RATE = 8_000


def _noise(seconds, seed=0):
    return np.random.default_rng(seed).standard_normal(round(seconds * _RATE)).astype(np.float32)


def _mix(samples, block_s):
    mixer = MonoMixer(_RATE)
    step = round(block_s * _RATE)
    return np.concatenate([mixer.mix(samples[at : at + step]) for at in range(0, len(samples), step)]), mixer


@pytest.mark.parametrize("block_s", [0.01, 0.3, 10.0])
@pytest.mark.parametrize("weights", [(1, 1), (1, 0), (1, 0.3), (1, 1, 1, 1), (1, -0.1)])
def test_usual_channels_are_averaged(weights, block_s):
    sound = np.stack([weight * _noise(2.0) for weight in weights], axis=1)
    mixed, mixer = _mix(sound, block_s)
    assert np.array_equal(mixed, mix_to_mono(sound))
    assert mixer.describe_losses() == []


@pytest.mark.parametrize("n_channels", [2, 3, 64])
def test_unrelated_channels_are_averaged(n_channels):
    sound = np.stack([_noise(2.0, seed) for seed in range(n_channels)], axis=1)
    mixed, mixer = _mix(sound, 0.3)
    assert np.array_equal(mixed, mix_to_mono(sound))
    assert mixer.describe_losses() == []


@pytest.mark.parametrize("block_s", [0.01, 0.3, 10.0])
def test_opposite_channels_give_the_louder_one(block_s):
    sound = np.stack([0.9 * _noise(2.0), -_noise(2.0)], axis=1)
    mixed, mixer = _mix(sound, block_s)
    assert np.array_equal(mixed, sound[:, 1])
    assert (
        "for 2.00 s, first at 0.00 s, as with reversed polarity; the loudest (channel 2)" in mixer.describe_losses()[0]
    )


def test_only_the_part_that_cancels_is_replaced():
    sign = np.repeat([1, -1, 1], 2 * _RATE).astype(np.float32)
    sound = np.stack([_noise(6.0), sign * _noise(6.0)], axis=1)
    mixed, mixer = _mix(sound, 0.1)
    near_s = 0.01  # the fade
    for start, stop in ((0, 2), (2 + near_s, 4), (4 + near_s, 6)):
        part = slice(round(start * _RATE), round(stop * _RATE))
        assert np.array_equal(mixed[part], sound[part, 0])
    assert mixer.describe_losses()[0].startswith("the channels cancel each other for 2.00 s, first at 2.00 s")


def test_a_switch_is_faded():
    ramp = np.ones((2 * _RATE, 2), np.float32)
    ramp[_RATE:, 1] = -1
    mixed, _ = _mix(ramp, 0.5)
    assert np.abs(np.diff(mixed[_RATE + 1 :])).max() < 0.02


def test_silence_and_invalid_values_are_averaged():
    assert _mix(np.zeros((800, 2), np.float32), 0.01)[1].describe_losses() == []
    sound = np.stack([_noise(1.0), -_noise(1.0)], axis=1)
    sound[100] = np.nan
    assert np.isnan(_mix(sound, 1.0)[0]).any()
