"""Starts and ends of live events: every start has one end, and the ends are the events."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from panns.detection.live import LiveEvents, start_latency_s
from panns.events import EventConfig, EventTracker
from panns.results import Event, StreamScores

HOP_S = 0.04
N_CLASSES = 2

durations = st.sampled_from([0.0, 0.04, 0.1, 0.12, 0.3])
configs = st.builds(
    EventConfig, release=st.sampled_from([0.5, 1.0]), median_s=durations, min_gap_s=durations, min_duration_s=durations
)
levels = st.lists(st.sampled_from([0.1, 0.3, 0.9]), min_size=N_CLASSES, max_size=N_CLASSES)


def event(found):
    return Event("", "", *found)


def scores(found, ongoing=()):
    return StreamScores(np.zeros((0, N_CLASSES)), np.zeros(0), tuple(map(event, found)), tuple(map(event, ongoing)))


@given(frames=st.lists(levels, max_size=40), sizes=st.lists(st.integers(1, 9), min_size=1, max_size=5), config=configs)
def test_every_start_has_its_end(frames, sizes, config):
    tracker = EventTracker([0.5] * N_CLASSES, HOP_S, config)
    state, live, found_live, events, n_given, i = (
        tracker.initial_state(),
        LiveEvents(config.min_duration_s),
        [],
        [],
        0,
        0,
    )
    probs = np.array(frames, np.float32).reshape(-1, N_CLASSES)
    while n_given < len(probs):
        some = probs[n_given : n_given + sizes[i % len(sizes)]]
        found, state = tracker.push(state, some, (n_given + np.arange(len(some))) * HOP_S)
        n_given, i = n_given + len(some), i + 1
        until_s = (n_given - len(state.recent) + state.n_filtered) * HOP_S
        found_live += live.update(scores(found, tracker.ongoing(state, until_s)))
        events += found
    rest = tracker.finish(state, n_given * HOP_S)
    found_live += live.update(scores(rest))

    assert [one.event for one in found_live if one.kind == "end"] == [event(found) for found in [*events, *rest]]
    assert live.active == ()
    for c in range(N_CLASSES):
        ours = [one for one in found_live if one.event.index == c]
        assert [one.kind for one in ours] == ["start", "end"] * (len(ours) // 2)
        for start, end in zip(ours[::2], ours[1::2], strict=True):
            assert start.event.onset_s == end.event.onset_s
            assert start.event.score <= end.event.score


@given(config=configs, n_silent=st.integers(9, 19))
def test_an_active_event_starts_after_its_latency(config, n_silent):
    tracker, live = EventTracker([0.5], HOP_S, config), LiveEvents(config.min_duration_s)
    state, i = tracker.initial_state(), 0
    while not live.active:
        _, state = tracker.push(state, np.full((1, 1), i >= n_silent, np.float32), np.array([i * HOP_S]))
        i += 1
        live.update(scores([], tracker.ongoing(state, (i - len(state.recent) + state.n_filtered) * HOP_S)))
    # A frame is known when it is over.
    assert (i - n_silent) * HOP_S == pytest.approx(start_latency_s(HOP_S, HOP_S, config))


def test_an_event_that_fell_silent_starts_with_its_block():
    config = EventConfig(release=1.0, min_gap_s=10 * HOP_S, min_duration_s=2 * HOP_S)
    tracker, live = EventTracker([0.5], HOP_S, config), LiveEvents(config.min_duration_s)
    probs = np.array([[0.9], [0.9], [0.9], [0.1], [0.1]], np.float32)
    found, state = tracker.push(tracker.initial_state(), probs, np.arange(5) * HOP_S)
    (start,) = live.update(scores(found, tracker.ongoing(state, 5 * HOP_S)))
    assert (start.kind, start.event.onset_s) == ("start", 0.0)


def test_an_event_starts_once_it_has_the_minimum_duration():
    live = LiveEvents(0.1)
    assert live.update(scores([], [(0, 1.0, 1.08, 0.6)])) == []
    (start,) = live.update(scores([], [(0, 1.0, 1.12, 0.7)]))
    assert start.kind == "start"
    assert "offset_s" not in start.to_dict()
    assert live.update(scores([])) == []  # a gap that may be bridged
    assert [one.index for one in live.active] == [0]
    (end,) = live.update(scores([(0, 1.0, 2.0, 0.9)]))
    assert (end.kind, end.to_dict()["offset_s"]) == ("end", 2.0)
    assert live.active == ()


def test_events_of_one_push_start_and_end_at_once():
    found_live = LiveEvents(0.1).update(scores([(0, 1.0, 2.0, 0.9), (0, 3.0, 4.0, 0.8)], [(0, 5.0, 6.0, 0.7)]))
    assert [(one.kind, one.event.onset_s) for one in found_live] == [
        ("start", 1.0), ("end", 1.0), ("start", 3.0), ("end", 3.0), ("start", 5.0),
    ]  # fmt: skip
