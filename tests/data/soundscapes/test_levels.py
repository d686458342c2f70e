from __future__ import annotations

import numpy as np
import pytest

from panns.data.soundscapes.activity import Stretch, find_active_stretches
from panns.data.soundscapes.levels import set_levels
from panns.data.soundscapes.plan import PlacedClip, Soundscape, SoundscapeConfig, draw_soundscape
from tests.sounds import noise

RATE = 8_000
FADING = noise(20.0, level=0.3, sample_rate=RATE) * np.logspace(0, -1.2, 20 * RATE, dtype=np.float32)


def above_background_db(soundscape, sound):
    (piece,) = soundscape.placed
    start, end = (round(time_s * RATE) for time_s in piece.cut_s)
    return 10 * np.log10(np.square(sound[start:end]).mean()) + piece.gain_db - soundscape.background_db


def test_piece_of_a_fading_stretch_has_the_drawn_level():
    stretches = [find_active_stretches(FADING, RATE)]
    config = SoundscapeConfig(snr_db=(12.0, 12.0), n_events=(1, 1), max_event_s=1.0, quiet_share=0.0)
    drawn = [draw_soundscape(stretches, config, np.random.default_rng(seed)) for seed in range(30)]
    assert np.ptp([above_background_db(one, FADING) for one in drawn]) > 10
    for one in drawn:
        found = set_levels(one, stretches, {0: FADING}, RATE)
        assert above_background_db(found, FADING) == pytest.approx(12.0, abs=0.01)
        assert found.placed[0]._replace(gain_db=0.0) == one.placed[0]._replace(gain_db=0.0)


def test_loudest_event_of_a_piece_counts():
    sound = np.zeros(RATE, np.float32)
    sound[1_000:2_000], sound[4_000:5_000] = 0.01, 0.1
    stretches = [[Stretch(0.125, 0.25, -40.0), Stretch(0.5, 0.625, -20.0)]]
    piece = PlacedClip(0, (0.125, 0.625), 3.0, 7.0, ((3.0, 3.125), (3.375, 3.5)))
    (found,) = set_levels(Soundscape(5.0, (piece,), -50.0, 0.0), stretches, {0: sound}, RATE).placed
    assert found.gain_db == pytest.approx(7.0, abs=1e-4)


def test_silence_keeps_its_gain():
    stretches = [[Stretch(0.0, 1.0, -40.0)]]
    soundscape = Soundscape(5.0, (PlacedClip(0, (0.0, 0.5), 0.0, 7.0, ((0.0, 0.5),)),), None, 0.0)
    assert set_levels(soundscape, stretches, {0: np.zeros(RATE, np.float32)}, RATE) == soundscape
