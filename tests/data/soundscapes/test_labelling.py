from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.data.clips.clip import Clip, TimedLabel
from panns.data.soundscapes.labelling import find_clip_stretches, list_events
from panns.data.soundscapes.plan import PlacedClip, Soundscape
from tests.sounds import tone

RATE = 8_000


def piece(clip, *events, cut_s=None):
    """A piece in which these stretches of the soundscape sound."""
    onset_s, offset_s = events[0][0], events[-1][1]
    return PlacedClip(clip, cut_s or (0.0, offset_s - onset_s), onset_s, 0.0, events)


def events_of(*pieces, clips, duration_s=10.0):
    found = list_events(Soundscape(duration_s, pieces, None, 0.0), clips)
    return [(event.label, event.onset_s, event.offset_s) for event in found]


DOG, OTHER_DOG, BOTH = Clip("a", ("Dog",)), Clip("b", ("Dog",)), Clip("c", ("Rain", "Dog"))


def test_stretches_become_events():
    assert events_of(piece(0, (1.0, 2.0), (2.5, 3.0)), clips=[DOG]) == [("Dog", 1.0, 2.0), ("Dog", 2.5, 3.0)]


def test_clip_of_two_labels_gives_two_events():
    assert events_of(piece(0, (1.0, 2.0)), clips=[BOTH]) == [("Dog", 1.0, 2.0), ("Rain", 1.0, 2.0)]


@pytest.mark.parametrize("second", [(1.5, 3.0), (2.0, 3.0), (2.0004, 3.0)])
def test_touching_events_of_one_label_merge(second):
    found = events_of(piece(0, (1.0, 2.0)), piece(1, second), clips=[DOG, OTHER_DOG])
    assert found == [("Dog", 1.0, 3.0)]


def test_events_of_other_labels_stay_apart():
    found = events_of(piece(0, (1.0, 2.0)), piece(1, (1.5, 3.0)), clips=[DOG, BOTH])
    assert found == [("Dog", 1.0, 3.0), ("Rain", 1.5, 3.0)]


def test_events_end_with_the_soundscape():
    assert events_of(piece(0, (0.5, 1.23456)), clips=[DOG], duration_s=1.23456) == [("Dog", 0.5, 1.234)]
    assert events_of(piece(0, (1.2344, 1.2349)), clips=[DOG], duration_s=1.2349) == []


EVENTS = (TimedLabel("Dog", 0.5, 1.0), TimedLabel("Rain", 0.8, 2.0), TimedLabel("Cat", 3.0, 9.0))
TIMED = Clip("d", ("Dog", "Rain", "Cat"), events=EVENTS)


def test_events_of_a_clip_are_its_stretches():
    found = find_clip_stretches(TIMED, tone(4.0, sample_rate=RATE), RATE)
    assert [stretch[:2] for stretch in found] == [(0.5, 2.0), (3.0, 4.0)]
    assert found[0].level_db == pytest.approx(10 * np.log10(0.045), abs=0.1)


def test_silent_events_are_dropped():
    sound = tone(4.0, sample_rate=RATE)
    sound[: 2 * RATE] = 0
    assert [stretch[:2] for stretch in find_clip_stretches(TIMED, sound, RATE)] == [(3.0, 4.0)]
    assert find_clip_stretches(TIMED, sound[:RATE], RATE) == []


def test_only_events_in_the_cut_are_listed():
    cut = piece(0, (6.0, 6.9), cut_s=(0.6, 1.5))
    assert events_of(cut, clips=[TIMED]) == [("Dog", 6.0, 6.4), ("Rain", 6.2, 6.9)]


def test_clip_without_events_is_active_where_loud():
    sound = np.concatenate([np.zeros(RATE, np.float32), tone(1.0, sample_rate=RATE)])
    (stretch,) = find_clip_stretches(DOG, sound, RATE)
    assert stretch[:2] == (pytest.approx(1.0, abs=0.03), 2.0)


@given(
    st.lists(st.tuples(st.sampled_from(range(3)), st.floats(0, 9), st.floats(0.01, 5)), max_size=6),
)
def test_merged_events_cover_all_placed_events(placed):
    pieces = [piece(clip, (onset_s, min(onset_s + length_s, 10.0))) for clip, onset_s, length_s in placed]
    clips = [DOG, OTHER_DOG, BOTH]
    found = events_of(*pieces, clips=clips)
    assert [one[1] for one in found] == sorted(one[1] for one in found)
    for label in ("Dog", "Rain"):
        spans = [one[1:] for one in found if one[0] == label]
        assert all(before[1] < after[0] for before, after in pairwise(spans))
        for one in pieces:
            middle_s = (one.onset_s + one.offset_s) / 2
            if label in clips[one.clip].labels:
                assert any(onset_s <= middle_s <= offset_s for onset_s, offset_s in spans)
