import numpy as np
import pytest

from panns.audio import PlayedFile
from tests.audio.live.fake_sounddevice import Clock
from tests.sounds import noise

RATE = 16_000


def play(pace, seconds=0.5, clock=None):
    clock = clock or Clock()
    return PlayedFile((noise(seconds, sample_rate=RATE), RATE), pace=pace, clock=clock, sleep=clock.sleep)


def test_the_whole_sound_in_short_pieces():
    with play(0) as sound:
        blocks = list(sound)
    assert {len(block) for block in blocks} == {RATE // 100}
    np.testing.assert_array_equal(np.concatenate(blocks), noise(0.5, sample_rate=RATE))


@pytest.mark.parametrize(("pace", "duration_s"), [(0, 0), (1, 0.5), (4, 0.125)])
def test_pace(pace, duration_s):
    clock = Clock()
    began_s = clock()
    times = [clock() - began_s for _ in play(pace, clock=clock)]
    assert times[-1] == pytest.approx(duration_s)
    assert times[24] == pytest.approx(duration_s / 2)


def test_stopping_ends_it():
    sound = play(1)
    blocks = iter(sound)
    next(blocks)
    sound.stop()
    assert list(blocks) == []


@pytest.mark.parametrize("pace", [-1.0, float("nan"), float("inf")])
def test_an_invalid_pace_is_refused(pace):
    with pytest.raises(ValueError, match=f"pace={pace}"):
        play(pace)
