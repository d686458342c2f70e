"""Events from frame scores: each rule, all rules against a plain loop, and the law that blocks change nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.events import EventConfig, EventTracker, find_events
from panns.events.median import median_filter
from tests.hypothesis_examples import examples

HOP_S = 0.1
PLAIN = EventConfig(release=1.0, min_gap_s=0.0, min_duration_s=0.0)


def events_of(scores, config=PLAIN, hop_s=HOP_S):
    """(onset, offset, score) of the events of one class."""
    probs = np.array(scores, np.float32)[:, None]
    found = find_events(probs, np.arange(len(probs)) * hop_s, len(probs) * hop_s, [0.5], config)
    return [tuple(round(value, 6) for value in event[1:]) for event in found]


def test_an_event_goes_from_its_first_frame_to_the_first_after_it():
    assert events_of([0.1, 0.6, 0.9, 0.2, 0.5]) == [(0.1, 0.3, 0.9), (0.4, 0.5, 0.5)]
    assert events_of([0.1, 0.2]) == []
    assert events_of([0.9]) == [(0.0, 0.1, 0.9)]


def test_the_lower_threshold_ends_an_event():
    scores = [0.4, 0.6, 0.4, 0.45, 0.2, 0.4]
    assert [event[:2] for event in events_of(scores)] == [(0.1, 0.2)]
    config = EventConfig(release=0.5, min_gap_s=0, min_duration_s=0)
    assert [event[:2] for event in events_of(scores, config)] == [(0.0, 0.4)]


def test_an_event_starts_above_the_lower_threshold():
    config = EventConfig(release=0.5, min_gap_s=0.2, min_duration_s=0.0)
    scores = [0.1, 0.3, 0.4, 0.7, 0.6, 0.1, 0.3, 0.3, 0.3, 0.1]
    assert events_of(scores, config) == [(0.1, 0.5, 0.7)]
    assert events_of([*scores[:6], 0.8], config) == [(0.1, 0.7, 0.8)]
    # A gap goes to where the next one is sure, which begins where it rose all the same.
    assert events_of([*scores[:-1], 0.8], config) == [(0.1, 0.5, 0.7), (0.6, 1.0, 0.8)]


def test_scores_between_the_thresholds_do_not_bridge_a_gap():
    tracker = EventTracker([0.5], HOP_S, EventConfig(release=0.5, min_gap_s=0.2, min_duration_s=0.0))
    state, certain = tracker.initial_state(), []
    for i, score in enumerate([0.9, 0.1, 0.3, 0.3, 0.3, 0.3, 0.9]):
        found, state = tracker.push(state, np.array([[score]], np.float32), np.array([i * HOP_S]))
        certain += [(i, round(event.offset_s, 6)) for event in found]
    assert certain == [(3, 0.1)]


def test_an_event_is_ongoing_until_its_gap_is_too_long():
    tracker = EventTracker([0.5], HOP_S, EventConfig(release=0.5, min_gap_s=0.25, min_duration_s=0.0))
    state, ongoing = tracker.initial_state(), []
    for i, score in enumerate([0.3, 0.9, 0.1, 0.1, 0.1, 0.1]):
        _, state = tracker.push(state, np.array([[score]], np.float32), np.array([i * HOP_S]))
        found = tracker.ongoing(state, (i + 1) * HOP_S)
        ongoing.append([(event.onset_s, round(event.offset_s, 6)) for event in found])
    assert ongoing == [[], [(0.0, 0.2)], [(0.0, 0.2)], [(0.0, 0.2)], [(0.0, 0.2)], []]


def test_a_threshold_of_1_switches_a_class_off():
    probs = np.ones((3, 2), np.float32)
    assert [event.class_index for event in find_events(probs, np.arange(3.0), 3.0, [1.0, 0.999], PLAIN)] == [1]


def test_a_sound_without_frames_has_no_events():
    assert find_events(np.zeros((0, 2), np.float32), np.zeros(0), 0.0, [0.5, 0.5], EventConfig(median_s=0.5)) == []


def test_short_gaps_are_bridged_and_short_events_dropped():
    scores = [0.9, 0, 0.8, 0, 0, 0.7, 0, 0]
    gaps = EventConfig(release=1.0, min_gap_s=0.2, min_duration_s=0.0)
    assert [event[:2] for event in events_of(scores, gaps)] == [(0.0, 0.3), (0.5, 0.6)]
    both = EventConfig(release=1.0, min_gap_s=0.2, min_duration_s=0.2)
    assert [event[:2] for event in events_of(scores, both)] == [(0.0, 0.3)]


def test_a_median_filter_removes_single_frames_and_holes():
    scores = [0, 0, 0.9, 0, 0, 0.9, 0.9, 0, 0.9, 0.9, 0, 0]
    config = EventConfig(release=1.0, median_s=0.3, min_gap_s=0.0, min_duration_s=0.0)
    assert [event[:2] for event in events_of(scores, config)] == [(0.5, 1.0)]


def test_every_class_has_its_threshold():
    probs = np.full((3, 2), 0.4, np.float32)
    assert [event.class_index for event in find_events(probs, np.arange(3.0), 3.0, [0.5, 0.3], PLAIN)] == [1]
    for wrong in (0.5, [0.5, 1.5]):
        with pytest.raises(ValueError, match="must be one probability for each class, 0 to 1"):
            EventTracker(wrong, HOP_S, PLAIN)


def test_events_come_when_they_are_certain():
    tracker = EventTracker([0.5], HOP_S, EventConfig(release=1.0, min_gap_s=0.2, min_duration_s=0.0))
    state, certain = tracker.initial_state(), []
    for i, score in enumerate([0.9, 0.0, 0.0, 0.0, 0.9]):
        found, state = tracker.push(state, np.array([[score]], np.float32), np.array([i * HOP_S]))
        certain += [(i, round(event.offset_s, 6)) for event in found]
    assert certain == [(3, 0.1)]  # 0.2 s after it fell silent
    assert [event.offset_s for event in tracker.finish(state, 0.45)] == [0.45]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"release": 0.0}, "release=0.0 must be above 0"),
        ({"min_gap_s": -1.0}, "min_gap_s=-1.0 must be 0 to 3600 seconds"),
    ],
)
def test_impossible_settings_are_refused(fields, words):
    with pytest.raises(ValueError, match=words):
        EventConfig(**fields)


def test_wrong_shapes_are_refused():
    tracker = EventTracker([0.5, 0.5], HOP_S, PLAIN)
    with pytest.raises(ValueError, match=r"probs of \(3, 1\) with 3 onsets"):
        tracker.push(tracker.initial_state(), np.zeros((3, 1), np.float32), np.arange(3.0))


configs = st.builds(
    EventConfig,
    release=st.sampled_from([0.5, 0.8, 1.0]),
    median_s=st.sampled_from([0.0, 0.3, 0.7]),
    min_gap_s=st.sampled_from([0.0, 0.1, 0.25, 0.5]),
    min_duration_s=st.sampled_from([0.0, 0.1, 0.3]),
)

all_thresholds = st.sampled_from([(0.3,) * 3, (0.5,) * 3, (0.2, 0.5, 0.8)])


def random_scores(seed, n_frames):
    rng = np.random.default_rng(seed)
    slow = np.repeat(rng.random((n_frames // 3 + 1, 3)), 3, axis=0)[:n_frames]
    return np.clip(slow + 0.2 * rng.standard_normal((n_frames, 3)), 0, 1).astype(np.float32)


def with_a_plain_loop(probs, thresholds, config):
    """Reference implementation of the rules, frame by frame and class by class."""
    thresholds = np.float32(thresholds)
    half, found = config.n_median(HOP_S) // 2, []
    for c in range(3):
        column = [np.median(probs[max(0, i - half) : i + half + 1, c]) for i in range(len(probs))]
        runs, rise, on = [], None, False
        for i, p in enumerate(column):
            if p < thresholds[c] * np.float32(config.release):
                rise, on = None, False
                continue
            rise = i if rise is None else rise
            if p >= thresholds[c] and not on:
                on = True
                if not runs or (i - runs[-1][1]) * HOP_S >= config.min_gap_s - 1e-6:
                    runs.append([rise, i])
            if on:
                runs[-1][1] = i + 1
        kept = [run for run in runs if (run[1] - run[0]) * HOP_S >= config.min_duration_s - 1e-6]
        found += [(c, begin, end) for begin, end in kept]
    return sorted(found, key=lambda one: (one[1], one[0]))


@settings(max_examples=examples(200))
@given(seed=st.integers(0, 10_000), n_frames=st.integers(1, 60), thresholds=all_thresholds, config=configs)
def test_the_rules_are_those_of_a_plain_loop(seed, n_frames, thresholds, config):
    probs = random_scores(seed, n_frames)
    found = find_events(probs, np.arange(n_frames) * HOP_S, n_frames * HOP_S, thresholds, config)
    frames = [(event.class_index, round(event.onset_s / HOP_S), round(event.offset_s / HOP_S)) for event in found]
    assert frames == with_a_plain_loop(probs, thresholds, config)


@settings(max_examples=examples(200))
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 60), max_size=60), config=configs)
def test_blocks_change_nothing(seed, cuts, config):
    probs, onsets_s = random_scores(seed, 60), np.arange(60) * HOP_S
    tracker = EventTracker((0.2, 0.5, 0.8), HOP_S, config)

    def events_in(places):
        state, events = tracker.initial_state(), []
        for begin, end in zip([0, *places], [*places, 60], strict=True):
            found, state = tracker.push(state, probs[begin:end], onsets_s[begin:end])
            events += found
        return events + tracker.finish(state, 6.0)

    assert events_in(sorted(cuts)) == events_in([]) == events_in(range(61))


def test_a_state_does_not_grow():
    tracker = EventTracker([0.5] * 3, HOP_S, EventConfig(median_s=0.5))
    state = tracker.initial_state()
    for i in range(100):
        _, state = tracker.push(state, random_scores(i, 50), (50 * i + np.arange(50)) * HOP_S)
        assert len(state.recent) <= 4
        assert state.recent.base is None


def test_a_state_is_a_value():
    tracker = EventTracker([0.5] * 3, HOP_S, EventConfig(median_s=0.3))
    _, state = tracker.push(tracker.initial_state(), random_scores(1, 30), np.arange(30) * HOP_S)
    rest, times = random_scores(2, 30), (30 + np.arange(30)) * HOP_S
    once, _ = tracker.push(state, rest, times)
    again, _ = tracker.push(state, rest, times)
    assert once == again


@pytest.mark.parametrize("half", [0, 1, 2, 5])
def test_the_median_at_the_ends_takes_fewer_frames(half):
    frames = random_scores(0, 9)
    filtered = median_filter(frames, 2, 1, half)
    for i, row in enumerate(filtered, start=2):
        np.testing.assert_array_equal(row, np.median(frames[max(0, i - half) : i + half + 1], axis=0))
