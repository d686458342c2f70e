from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.data.soundscapes.activity import find_active_stretches
from panns.data.soundscapes.plan import PlacedClip, Soundscape, SoundscapeConfig, draw_soundscape
from panns.data.soundscapes.render import FULL_SCALE, render
from tests.sounds import noise, tone

RATE = 8_000


def power_db(waveform):
    return 10 * np.log10(np.square(waveform, dtype=np.float64).mean())


def placed(clip=0, *, onset_s, length_s, gain_db=0.0, cut_from_s=0.0):
    span = (onset_s, onset_s + length_s)
    return PlacedClip(clip, (cut_from_s, cut_from_s + length_s), onset_s, gain_db, (span,))


def clip_of_bursts(seed):
    rng = np.random.default_rng(seed)
    sound = np.zeros(3 * RATE, np.float32)
    for start in rng.integers(0, 2 * RATE, size=3):
        sound[start : start + RATE // 2] = noise(0.5, seed=seed, level=rng.uniform(0.01, 0.5), sample_rate=RATE)
    return sound


SOUNDS = {i: clip_of_bursts(i) for i in range(5)} | {5: tone(4.0, sample_rate=RATE)}
STRETCHES = [find_active_stretches(sound, RATE) for sound in SOUNDS.values()]


@given(st.integers(0, 10_000), st.floats(0.5, 12.0), st.integers(1, 3))
def test_labels_are_true_by_construction(seed, duration_s, max_overlap):
    """There is energy in every event, outside all pieces nothing but the background, and nothing is cut off."""
    rng = np.random.default_rng(seed)
    soundscape = draw_soundscape(STRETCHES, SoundscapeConfig(duration_s=duration_s, max_overlap=max_overlap), rng)
    background = noise(duration_s, seed=seed, sample_rate=RATE)
    mixed, gain_db = render(soundscape, SOUNDS, background, RATE)
    assert mixed.shape == background.shape
    assert mixed.dtype == np.float32
    assert np.abs(mixed).max(initial=0.0) <= FULL_SCALE

    alone, _ = render(Soundscape(duration_s, (), soundscape.background_db, 0.0), {}, background, RATE)
    added = mixed - alone * np.float32(10 ** (gain_db / 20))
    outside = np.ones(len(mixed), bool)
    for piece in soundscape.placed:
        outside[round(piece.onset_s * RATE) : round(piece.offset_s * RATE) + 1] = False
        for onset_s, offset_s in piece.events:
            event = added[round(onset_s * RATE) : round(offset_s * RATE)]
            assert np.square(event).mean() > 1e-8 * 10 ** (gain_db / 10)
    assert np.abs(added[outside]).max(initial=0.0) < 1e-6


@pytest.mark.parametrize("snr_db", [3.0, 15.0, 30.0])
def test_clip_has_the_level_of_the_plan(snr_db):
    config = SoundscapeConfig(snr_db=(snr_db, snr_db), quiet_share=0.0, n_events=(1, 1))
    measured = []
    for seed in range(20):
        soundscape = draw_soundscape(STRETCHES, config, np.random.default_rng(seed))
        mixed, gain_db = render(soundscape, SOUNDS, noise(10.0, seed=seed, sample_rate=RATE), RATE)
        background_db = soundscape.background_db + gain_db
        powers = [
            np.square(mixed[round(onset_s * RATE) : round(offset_s * RATE)]).mean() - 10 ** (background_db / 10)
            for onset_s, offset_s in soundscape.placed[0].events
        ]
        measured.append(10 * np.log10(max(powers)) - background_db)
    # The fades, and at 3 dB what noise and sound happen to have in common.
    assert np.median(measured) == pytest.approx(snr_db, abs=0.5)
    assert measured == pytest.approx([snr_db] * 20, abs=1.5)


def test_background_has_the_level_of_the_plan():
    for level in (1e-3, 0.1, 3.0):
        mixed, _ = render(Soundscape(2.0, (), -42.0, 1.0), {}, noise(2.0, level=level, sample_rate=RATE), RATE)
        assert power_db(mixed) == pytest.approx(-42.0, abs=1e-3)


def test_piece_fades_in_and_out_over_10_ms():
    piece = placed(onset_s=0.5, length_s=0.25, gain_db=-6.0206)
    mixed, gain_db = render(Soundscape(1.0, (piece,), None, 0.0), {0: np.ones(RATE, np.float32)}, None, RATE)
    assert gain_db == 0.0
    assert (np.diff(mixed[3_999:4_080]) > 0).all()
    assert (np.diff(mixed[5_920:6_001]) < 0).all()
    assert mixed[4_080:5_920] == pytest.approx(0.5, abs=1e-5)
    assert not mixed[:4_000].any()
    assert not mixed[6_000:].any()


def test_piece_is_the_cut_of_the_clip():
    sound = np.linspace(0, 0.5, RATE, dtype=np.float32)
    piece = placed(onset_s=1.0, cut_from_s=0.3, length_s=0.4)
    mixed, _ = render(Soundscape(2.0, (piece,), None, 0.0), {0: sound}, None, RATE)
    assert (mixed[8_100:11_100] == sound[2_500:5_500]).all()


def test_overlapping_pieces_add_up():
    both = placed(0, onset_s=0.1, length_s=0.5), placed(1, onset_s=0.3, length_s=0.5)
    sounds = {0: tone(1.0, sample_rate=RATE), 1: noise(1.0, sample_rate=RATE)}
    together, one, other = (
        render(Soundscape(1.0, pieces, None, 0.0), sounds, None, RATE).waveform for pieces in (both, both[:1], both[1:])
    )
    assert together == pytest.approx(one + other, abs=1e-6)


def test_mixture_beyond_full_scale_is_attenuated():
    piece = placed(onset_s=0.0, length_s=1.0, gain_db=40.0)
    background = noise(2.0, sample_rate=RATE)
    mixed, gain_db = render(Soundscape(2.0, (piece,), -20.0, 0.0), {0: tone(1.0, sample_rate=RATE)}, background, RATE)
    assert np.abs(mixed).max() == pytest.approx(FULL_SCALE, rel=1e-6)
    assert (np.abs(mixed) == np.abs(mixed).max()).sum() <= 2
    assert gain_db == pytest.approx(-20 * np.log10(30), abs=0.2)
    assert power_db(mixed[RATE:]) == pytest.approx(-20 + gain_db, abs=0.2)


def test_clips_are_not_modified():
    sound = tone(1.0, sample_rate=RATE)
    before = sound.copy()
    render(Soundscape(1.0, (placed(onset_s=0.0, length_s=1.0, gain_db=-3.0),), None, 0.0), {0: sound}, None, RATE)
    assert (sound == before).all()


@pytest.mark.parametrize(
    ("background", "words"),
    [
        (None, r"background is missing.* 8000 samples"),
        (noise(0.5, sample_rate=RATE), r"has 4000 samples.* 8000 samples"),
        (np.zeros(RATE, np.float32), "silent"),
    ],
)
def test_unsuitable_background_is_refused(background, words):
    with pytest.raises(ValueError, match=words):
        render(Soundscape(1.0, (), -40.0, 0.0), {}, background, RATE)
