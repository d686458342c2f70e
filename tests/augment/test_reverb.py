from __future__ import annotations

import numpy as np
import pytest

from panns.augment.reverb import add_reverb, room_response
from tests.sounds import noise, tone

RATE = 32_000


@pytest.mark.parametrize("decay_s", [0.2, 1.0])
@pytest.mark.parametrize("direct_db", [-5.0, 0.0, 15.0])
def test_room_response_has_the_given_decay_and_direct_level(decay_s, direct_db):
    response = room_response(RATE, np.random.default_rng(0), decay_s=decay_s, direct_db=direct_db)
    energy = np.square(response, dtype=np.float64)
    assert energy.sum() == pytest.approx(1.0, rel=1e-4)
    assert 10 * np.log10(energy[0] / energy[1:].sum()) == pytest.approx(direct_db, abs=0.01)
    # The energy that is still to come falls by 60 dB in `decay_s` (Schroeder 1965); seen from -5 to -25 dB.
    to_come_db = 10 * np.log10(np.cumsum(energy[:0:-1])[::-1] / energy[1:].sum())
    onset, end = (int((to_come_db < level).argmax()) for level in (-5, -25))
    assert (end - onset) / RATE == pytest.approx(decay_s / 3, rel=0.1)


def test_the_direct_sound_comes_first():
    response = room_response(RATE, np.random.default_rng(0), decay_s=0.3, direct_db=0.0)
    assert response.argmax() == 0
    assert not response[1 : 1 + 160].any()


def test_a_sound_rings_on_and_keeps_its_level():
    bang = np.zeros(RATE, np.float32)
    bang[10_000:10_100] = noise(100 / RATE)
    reverberant = add_reverb(bang, RATE, np.random.default_rng(0), decay_s=0.3, direct_db=3.0)
    assert np.abs(reverberant[:10_000]).max() < 1e-6
    assert np.square(reverberant[12_000:14_000]).mean() > 1e-8
    assert np.square(reverberant[22_000:]).mean() < 1e-9
    steady = add_reverb(noise(2.0), RATE, np.random.default_rng(0), decay_s=0.3, direct_db=3.0)[16_000:]
    assert np.square(steady).mean() == pytest.approx(0.01, rel=0.1)


def test_the_seed_decides():
    rooms = [add_reverb(tone(0.2), RATE, np.random.default_rng(s), decay_s=0.1, direct_db=0.0) for s in (0, 0, 1)]
    assert (rooms[0] == rooms[1]).all()
    assert (rooms[0] != rooms[2]).any()
