from __future__ import annotations

import numpy as np
import pytest

from panns.augment.between_class import mix_between_classes, mix_by_loudness
from tests.sounds import noise, tone

RATE = 32_000


def level_as_in_the_paper(waveform):
    """Window by window, as the authors describe it: A-weighted sound pressure, of which the loudest window counts."""
    n_fft = 4_096
    hz = np.fft.rfftfreq(n_fft, 1 / RATE)[1:]
    a_weight_db = 2.0 + 20 * (
        np.log10(12_194.0**2 * hz**4)
        - np.log10(hz**2 + 20.6**2)
        - np.log10(hz**2 + 12_194.0**2)
        - 0.5 * np.log10(hz**2 + 107.7**2)
        - 0.5 * np.log10(hz**2 + 737.9**2)
    )
    window = np.hanning(n_fft + 1)[:-1]
    levels = []
    for start in range(0, len(waveform) - n_fft + 1, n_fft // 2):
        power = np.abs(np.fft.rfft(window * waveform[start : start + n_fft])[1:]) ** 2
        levels.append(10 * np.log10((power * 10 ** (a_weight_db / 10)).sum()))
    return max(levels)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_mixture_equals_the_paper(share):
    first, second = tone(1.024, hz=150), noise(1.024, level=0.01)
    g1, g2 = level_as_in_the_paper(first), level_as_in_the_paper(second)
    p = 1 / (1 + 10 ** ((g1 - g2) / 20) * (1 - share) / share)
    expected = (p * first + (1 - p) * second) / np.sqrt(p**2 + (1 - p) ** 2)
    assert mix_by_loudness(first, second, RATE, share=share) == pytest.approx(expected, abs=1e-5)


def test_a_soft_sound_is_mixed_by_its_share():
    loud, soft = tone(1.0, hz=1_000), 0.001 * tone(1.0, hz=3_000)
    spectrum = np.abs(np.fft.rfft(mix_by_loudness(loud, soft, RATE, share=0.5)))
    assert 20 * np.log10(spectrum[1_000] / spectrum[3_000]) == pytest.approx(1.2, abs=0.2)  # A(3 kHz) = 1.2 dB


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_all_of_one_is_that_one(share):
    first, second = tone(0.5), noise(0.5)
    assert mix_by_loudness(first, second, RATE, share=share) == pytest.approx(first if share else second, abs=1e-6)


def test_silence_does_not_silence_the_other():
    sound, silence = noise(0.5), np.zeros(16_000, np.float32)
    assert mix_by_loudness(silence, sound, RATE, share=0.5) == pytest.approx(sound / np.sqrt(2), abs=1e-6)
    assert not mix_by_loudness(silence, silence, RATE, share=0.5).any()


def test_shares_are_drawn_uniformly():
    first, second = tone(0.2, hz=1_000), tone(0.2, hz=2_000)
    drawn = [mix_between_classes(first, second, RATE, np.random.default_rng(seed)) for seed in range(40)]
    shares = [mixture.share for mixture in drawn]
    assert min(shares) < 0.15
    assert max(shares) > 0.85
    for mixture in drawn[:3]:
        assert (mixture.waveform == mix_by_loudness(first, second, RATE, share=mixture.share)).all()
        assert mixture.waveform.dtype == np.float32


def test_swapping_the_sounds_swaps_the_shares():
    first, second = tone(0.3), noise(0.3)
    one, other = mix_by_loudness(first, second, RATE, share=0.3), mix_by_loudness(second, first, RATE, share=0.7)
    assert one == pytest.approx(other, abs=1e-6)


def test_other_lengths_are_refused():
    with pytest.raises(ValueError, match="fit them to one length"):
        mix_by_loudness(tone(0.1), tone(0.2), RATE, share=0.5)
