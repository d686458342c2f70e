from __future__ import annotations

import builtins

import numpy as np
import pytest

from panns.augment import codec
from panns.augment.codec import CODECS, apply_codec, apply_random_codec, check_codecs, coding_rates_hz
from panns.errors import MissingExtra
from tests.sounds import noise, tone

RATE = 32_000
TELEPHONES = ("gsm", "mu_law")
LEAST_ALIKE = 0.7  # GSM 6.10 models a voice, and noise is none


def events(sample_rate=RATE):
    """Bursts of low noise at uneven times, which fit onto themselves at one delay only and pass the worst codec."""
    rng = np.random.default_rng(5)
    sound = np.zeros(round(1.5 * sample_rate), np.float32)
    for onset_s in (0.1, 0.35, 0.72, 1.3):
        onset, length = round(onset_s * sample_rate), round(0.08 * sample_rate)
        sound[onset : onset + length] = 0.2 * rng.standard_normal(length)
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(len(sound), 1 / sample_rate)
    spectrum[(hz < 200) | (hz > 2_500)] = 0
    return np.fft.irfft(spectrum, len(sound)).astype(np.float32)


def delay(sound, coded):
    """By how many samples the second is later, and how alike the two are then."""
    n_fft = 4 * len(sound)
    overlaps = np.fft.irfft(np.fft.rfft(coded, n_fft) * np.fft.rfft(sound, n_fft).conj(), n_fft)
    latest = int(overlaps.argmax())
    alike = overlaps.max() / np.sqrt(np.square(sound).sum() * np.square(coded).sum())
    return (latest if latest < n_fft // 2 else latest - n_fft), alike


def cases():
    for name in CODECS:
        rates_hz = coding_rates_hz(name, RATE)
        for coding_rate in {rates_hz[0], rates_hz[-1]}:
            for quality in (0.0,) if name in TELEPHONES else (0.0, 1.0):
                yield name, coding_rate, quality


@pytest.mark.parametrize(("name", "coding_rate", "quality"), list(cases()))
def test_a_codec_keeps_length_level_and_time(name, coding_rate, quality):
    sound = events()
    before = sound.copy()
    coded = apply_codec(sound, RATE, name, coding_rate=coding_rate, quality=quality)
    assert (sound == before).all()
    assert coded.dtype == np.float32
    assert len(coded) == len(sound)
    n_late, alike = delay(sound, coded)
    assert abs(n_late) <= 4  # an eighth of a millisecond; Opus at its lowest rate is the only one not exact
    assert alike > LEAST_ALIKE
    assert np.square(coded).mean() == pytest.approx(np.square(sound).mean(), rel=0.3)
    assert (coded != sound).any()


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 96_000])
@pytest.mark.parametrize("name", CODECS)
def test_a_codec_serves_every_sample_rate(name, sample_rate):
    sound = events(sample_rate)
    coding_rate = coding_rates_hz(name, sample_rate)[-1]
    coded = apply_codec(sound, sample_rate, name, coding_rate=coding_rate, quality=1.0)
    n_late, alike = delay(sound, coded)
    assert abs(n_late) <= 4 * sample_rate / RATE
    assert alike > LEAST_ALIKE


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("n_samples", [1, 100, 5_000])
def test_short_and_silent_sounds_pass(name, n_samples):
    coding_rate = coding_rates_hz(name, RATE)[0]
    for sound in (np.zeros(n_samples, np.float32), np.full(n_samples, 1.0, np.float32), noise(n_samples / RATE)):
        coded = apply_codec(sound, RATE, name, coding_rate=coding_rate, quality=0.5)
        assert coded.shape == sound.shape
        assert np.isfinite(coded).all()
        assert sound.any() or np.abs(coded).max() < 1e-3


@pytest.mark.parametrize("name", CODECS)
def test_peaks_beyond_full_scale_are_not_clipped(name):
    sound = events()
    coding_rate = coding_rates_hz(name, RATE)[-1]
    loud = apply_codec(8 * sound, RATE, name, coding_rate=coding_rate, quality=1.0)
    assert np.abs(loud).max() > 2
    assert delay(sound, loud)[1] > LEAST_ALIKE


def test_telephone_codecs_remove_high_frequencies():
    hiss = noise(1.0)
    for name in TELEPHONES:
        power = np.square(np.abs(np.fft.rfft(apply_codec(hiss, RATE, name, coding_rate=8_000, quality=1.0))))
        assert power[4_200:].sum() < 1e-3 * power.sum()


def test_mu_law_is_the_one_of_telephones():
    # G.711 codes 8 bits logarithmically: about 38 dB between tone and error over a wide range of levels.
    for level in (1.0, 0.1):
        sound = level * tone(1.0, hz=700, sample_rate=8_000)
        coded = apply_codec(sound, 8_000, "mu_law", coding_rate=8_000, quality=1.0)
        assert 34 < 10 * np.log10(np.square(sound).sum() / np.square(coded - sound).sum()) < 42
        assert len(np.unique(coded)) <= 255


@pytest.mark.parametrize("name", ["mp3", "vorbis", "opus", "aac"])
def test_higher_quality_is_closer_to_the_input(name):
    sound = noise(1.0) + tone(1.0)
    coding_rate = coding_rates_hz(name, RATE)[-1]
    errors = [
        np.square(apply_codec(sound, RATE, name, coding_rate=coding_rate, quality=quality) - sound).mean()
        for quality in (0.0, 1.0)
    ]
    assert errors[0] > 1.2 * errors[1]


def test_coding_rates_do_not_exceed_the_sample_rate():
    assert coding_rates_hz("aac", 22_050) == (16_000, 22_050)
    assert coding_rates_hz("gsm", 32_000) == (8_000,)
    assert coding_rates_hz("opus", 16_000) == (48_000,)
    assert coding_rates_hz("mp3", 8_000) == (16_000,)


def test_the_seed_decides_codec_rate_and_quality():
    sound = events()
    one, again = (apply_random_codec(sound, RATE, np.random.default_rng(3), ("vorbis", "aac")) for _ in range(2))
    assert (one == again).all()
    coded = {
        apply_random_codec(sound, RATE, np.random.default_rng(seed), ("vorbis", "aac")).tobytes() for seed in range(8)
    }
    assert len(coded) > 3


def test_without_ffmpeg_opus_and_aac_say_what_to_install(monkeypatch):
    real_import = builtins.__import__

    def without_av(name, *args, **kwargs):
        if name == "av":
            raise ImportError(name="av")
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_av)
    monkeypatch.setattr(codec, "require", _missing)
    check_codecs(("mp3", "vorbis", "gsm", "mu_law"))
    for name in ("opus", "aac"):
        with pytest.raises(MissingExtra, match=r"pip install 'panns-audio\[media\]'"):
            check_codecs((name,))
        with pytest.raises(MissingExtra, match=f"the codec '{name}'"):
            apply_codec(events(), RATE, name, coding_rate=48_000, quality=1.0)


def _missing(*packages, what, extra):
    raise MissingExtra(what, package=packages[0], extra=extra)


def test_a_missing_encoder_is_named(monkeypatch):
    import av

    monkeypatch.setattr(av, "codecs_available", {"aac"})
    check_codecs(("aac",))
    with pytest.raises(ValueError, match="no encoder 'libopus'; leave 'opus' out"):
        check_codecs(CODECS)


def test_a_codec_that_there_is_not_is_named():
    with pytest.raises(ValueError, match="unknown codec 'mp4'; use some of mp3"):
        check_codecs(("mp3", "mp4"))
