from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from panns.data.soundscapes.activity import ActivityConfig, find_active_stretches
from tests.sounds import noise, tone

RATE = 8_000
# Levels are means over 50 ms, so that a sound reaches 20 ms to either side.
REACH_S = 0.021


def bursts(duration_s, *spans, level=0.3, floor=0.0, seed=0):
    """Noise in these stretches, above a softer one."""
    sound = noise(duration_s, seed=seed, level=floor, sample_rate=RATE)
    for onset_s, offset_s in spans:
        part = slice(round(onset_s * RATE), round(offset_s * RATE))
        sound[part] += noise(duration_s, seed=seed + 1, level=level, sample_rate=RATE)[part]
    return sound


@pytest.mark.parametrize("floor", [0.0, 0.001, 0.01])
def test_sounds_above_the_floor_are_found(floor):
    found = find_active_stretches(bursts(4.0, (0.5, 1.2), (2.0, 3.5), floor=floor), RATE)
    assert [stretch[:2] for stretch in found] == [
        (pytest.approx(0.5, abs=REACH_S), pytest.approx(1.2, abs=REACH_S)),
        (pytest.approx(2.0, abs=REACH_S), pytest.approx(3.5, abs=REACH_S)),
    ]


def test_level_is_the_mean_power():
    (stretch,) = find_active_stretches(tone(2.0, sample_rate=RATE), RATE)
    assert stretch.level_db == pytest.approx(10 * np.log10(0.045), abs=0.1)


@pytest.mark.parametrize("sound", [tone(1.234, sample_rate=RATE), noise(3.0, sample_rate=RATE)])
def test_steady_sound_is_active_throughout(sound):
    (stretch,) = find_active_stretches(sound, RATE)
    assert stretch[:2] == (0.0, len(sound) / RATE)


@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_silence_has_no_stretches(level):
    assert find_active_stretches(noise(1.0, level=level, sample_rate=RATE), RATE) == []


def test_short_pauses_belong_to_the_sound():
    sound = bursts(3.0, (0.5, 1.0), (1.15, 1.5), (2.0, 2.5))
    assert len(find_active_stretches(sound, RATE)) == 2
    assert len(find_active_stretches(sound, RATE, ActivityConfig(min_gap_s=0.05))) == 3
    assert len(find_active_stretches(sound, RATE, ActivityConfig(min_gap_s=1.0))) == 1


def test_short_stretches_are_dropped():
    sound = bursts(3.0, (0.5, 1.5), (2.0, 2.1))
    assert len(find_active_stretches(sound, RATE, ActivityConfig(min_duration_s=0.5))) == 1


def test_soft_tail_of_a_loud_sound_is_inactive():
    sound = bursts(3.0, (0.5, 1.0)) + bursts(3.0, (2.0, 2.5), level=0.003)
    assert len(find_active_stretches(sound, RATE)) == 1
    assert len(find_active_stretches(sound, RATE, ActivityConfig(range_db=60.0, above_floor=0.01))) == 2


@given(
    st.lists(st.floats(0.0, 2.0), min_size=2, max_size=8, unique=True),
    st.floats(1e-4, 1.0),
    st.integers(1, 20_000),
    st.sampled_from([800, 8_000, 11_025]),
)
@example(times=[0.0, 1.0], level=1.0, n_samples=772, rate=11_025)  # a frame that rounds to the end
def test_stretches_are_in_order_and_inside_the_clip(times, level, n_samples, rate):
    sound = np.zeros(n_samples, np.float32)
    edges = (np.sort(times)[: len(times) // 2 * 2] * rate).astype(int)
    for start, end in edges.reshape(-1, 2):
        sound[start:end] = level
    found = find_active_stretches(sound, rate)
    flat = [time for stretch in found for time in stretch[:2]]
    assert flat == sorted(set(flat))
    assert all(0 <= time <= n_samples / rate for time in flat)
    assert all(stretch.level_db <= 20 * np.log10(level) + 1e-3 for stretch in found)


@given(st.floats(-20.0, 20.0))
def test_level_of_the_clip_does_not_matter(gain_db):
    sound = bursts(2.0, (0.5, 1.0), floor=0.01)
    gained = find_active_stretches(sound * np.float32(10 ** (gain_db / 20)), RATE)
    for one, other in zip(gained, find_active_stretches(sound, RATE), strict=True):
        assert one[:2] == other[:2]
        assert one.level_db == pytest.approx(other.level_db + gain_db, abs=1e-3)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"range_db": 0.0}, "range_db=0.0 must be above 0"),
        ({"steady_db": -1.0}, "steady_db=-1.0 must be at least 0"),
        ({"above_floor": 1.0}, "above_floor=1.0 must be between 0 and 1"),
        ({"min_gap_s": -0.1}, "min_gap_s=-0.1"),
        ({"min_duration_s": float("nan")}, "min_duration_s=nan must be at least 0"),
    ],
)
def test_invalid_settings_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        ActivityConfig(**settings)
