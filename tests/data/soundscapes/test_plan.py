from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.data.soundscapes.activity import Stretch
from panns.data.soundscapes.plan import SoundscapeConfig, draw_soundscape

BARKS = [Stretch(0.1, 0.4, -20.0), Stretch(1.0, 1.5, -10.0), Stretch(3.0, 3.25, -30.0)]
RAIN = [Stretch(0.0, 9.87, -25.0)]
SILENCE: list[Stretch] = []


@st.composite
def clips(draw):
    """Where up to six clips sound, on a grid of 10 ms but for the end of the last one."""
    found = []
    for _ in range(draw(st.integers(0, 6))):
        times = sorted(draw(st.sets(st.integers(0, 1_200), min_size=0, max_size=8)))
        times = times[: len(times) // 2 * 2]
        spans = [(times[i] / 100, times[i + 1] / 100) for i in range(0, len(times), 2)]
        if spans:
            spans[-1] = (spans[-1][0], spans[-1][1] + draw(st.floats(0, 0.0099)))
        found.append([Stretch(*span, draw(st.floats(-70, 0))) for span in spans])
    return found


configs = st.builds(
    SoundscapeConfig,
    duration_s=st.floats(0.05, 20.0),
    n_events=st.tuples(st.integers(0, 3), st.integers(3, 8)),
    max_event_s=st.floats(0.02, 20.0),
    max_overlap=st.integers(1, 4),
)


@given(clips(), configs, st.integers(0, 1_000))
def test_plans_are_valid(sounds, config, seed):
    soundscape = draw_soundscape(sounds, config, np.random.default_rng(seed))
    assert len(soundscape.placed) <= config.n_events[1]
    assert [one.onset_s for one in soundscape.placed] == sorted(one.onset_s for one in soundscape.placed)
    for piece in soundscape.placed:
        start_s, end_s = piece.cut_s
        assert 0 <= piece.onset_s < piece.offset_s <= config.duration_s + 1e-9
        assert end_s - start_s <= min(config.max_event_s, config.duration_s) + 1e-9
        assert min(one.onset_s for one in sounds[piece.clip]) <= start_s
        assert end_s <= max(one.offset_s for one in sounds[piece.clip]) + 1e-9
        assert piece.events[0][0] == pytest.approx(piece.onset_s)
        assert piece.events[-1][1] == pytest.approx(piece.offset_s)
        for onset_s, offset_s in piece.events:
            assert onset_s < offset_s
            moved_s = piece.onset_s - start_s
            assert any(
                one.onset_s - 1e-9 <= onset_s - moved_s and offset_s - moved_s <= one.offset_s + 1e-9
                for one in sounds[piece.clip]
            )


@given(clips(), configs, st.integers(0, 1_000))
def test_overlap_is_limited(sounds, config, seed):
    placed = draw_soundscape(sounds, config, np.random.default_rng(seed)).placed
    for moment in [piece.onset_s for piece in placed]:
        active = [piece.clip for piece in placed if piece.onset_s <= moment < piece.offset_s]
        assert len(active) <= config.max_overlap
        assert len(set(active)) == len(active), "a clip twice at once"


@given(clips(), configs, st.integers(0, 1_000))
def test_same_seed_draws_the_same_plan(sounds, config, seed):
    one, other = (draw_soundscape(sounds, config, np.random.default_rng(seed)) for _ in range(2))
    assert one == other


def many(config, *sounds, n=400, **arguments):
    return [draw_soundscape(sounds, config, np.random.default_rng(i), **arguments) for i in range(n)]


def test_loudest_stretch_has_the_drawn_level():
    config = SoundscapeConfig(snr_db=(6.0, 9.0), background_db=(-50.0, -45.0), quiet_share=0.0, n_events=(1, 1))
    found = many(config, BARKS)
    for soundscape in found:
        (piece,) = soundscape.placed
        loudest_db = max(
            one.level_db for one in BARKS if piece.cut_s[0] <= one.onset_s and one.offset_s <= piece.cut_s[1]
        )
        assert 6.0 <= piece.gain_db + loudest_db - soundscape.background_db <= 9.0
    assert -50.0 <= min(one.background_db for one in found) < -49.8
    assert -45.2 < max(one.background_db for one in found) <= -45.0


def test_single_stretches_and_runs_are_drawn():
    lengths = Counter(len(one.placed[0].events) for one in many(SoundscapeConfig(n_events=(1, 1)), BARKS))
    assert set(lengths) == {1, 2, 3}


def test_short_stretch_beside_a_long_one_is_rare():
    engine = [Stretch(0.0, 0.06, -20.0), Stretch(1.0, 3.94, -20.0)]
    pieces = [one.placed[0] for one in many(SoundscapeConfig(n_events=(1, 1)), engine)]
    assert 0 < sum(piece.cut_s[1] < 0.1 for piece in pieces) < 20


def test_long_stretch_is_cut_anywhere():
    config = SoundscapeConfig(n_events=(1, 1), max_event_s=2.0)
    cuts = [one.placed[0].cut_s for one in many(config, RAIN)]
    assert {round(end_s - start_s, 6) for start_s, end_s in cuts} == {2.0}
    assert min(cuts)[0] < 0.2
    assert 9.67 < max(cuts)[1] <= 9.87


def test_piece_as_long_as_the_soundscape_fills_it():
    # 0.7 + 0.1 - 0.8 is below 0, an invalid range to draw from.
    config = SoundscapeConfig(duration_s=0.7999999, n_events=(1, 1), max_event_s=9.0)
    for soundscape in many(config, RAIN, n=50):
        assert soundscape.placed[0].onset_s == 0.0
        assert soundscape.placed[0].offset_s == pytest.approx(0.7999999)


def test_number_of_clips_if_there_is_room():
    config = SoundscapeConfig(duration_s=60.0, n_events=(2, 5))
    assert set(Counter(len(one.placed) for one in many(config, BARKS, BARKS, BARKS))) == {2, 3, 4, 5}


def test_share_without_background():
    silent = sum(one.background_db is None for one in many(SoundscapeConfig(quiet_share=0.25), RAIN))
    assert silent == pytest.approx(100, abs=35)


def test_first_clip_is_placed_and_silent_ones_never():
    config = SoundscapeConfig(n_events=(3, 3))
    found = many(config, BARKS, RAIN, SILENCE, n=50, first=1)
    assert all(1 in [piece.clip for piece in one.placed] for one in found)
    assert all(piece.clip != 2 for one in found for piece in one.placed)


def test_plan_without_clips():
    assert draw_soundscape([], SoundscapeConfig(), np.random.default_rng(0)).placed == ()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"duration_s": 0.0}, "duration_s=0.0 must be above 0 and at most 3600 seconds"),
        ({"max_event_s": float("nan")}, "max_event_s=nan must be above 0"),
        ({"n_events": (4, 1)}, r"n_events=\(4, 1\) is descending"),
        ({"snr_db": (30.0, 3.0)}, r"snr_db=\(30.0, 3.0\) is descending"),
        ({"n_events": (-1, 1)}, r"n_events=\(-1, 1\) must be at least 0"),
        ({"max_overlap": 0}, "max_overlap=0 must be at least 1"),
        ({"quiet_share": 1.5}, "quiet_share=1.5 must be from 0 to 1"),
    ],
)
def test_invalid_settings_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        SoundscapeConfig(**settings)
