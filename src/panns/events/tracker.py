"""Events as they end, from frame scores in blocks of any sizes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from panns.events.config import EventConfig
from panns.events.hysteresis import above_and_sure
from panns.events.median import median_of

Array = npt.NDArray[np.float32]
Times = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


# Times are multiples of a hop, whose differences are rounded.
_TOLERANCE_S = 1e-6


class FoundEvent(NamedTuple):
    """A class that sounded from an onset to an offset.

    Attributes:
        class_index: Which class.
        onset_s: When the first frame of it began: of those in a row above the lower threshold, of which one reached
            the higher.
        offset_s: When the first frame after it began, or the sound ended.
        score: The highest filtered probability in it.
    """

    class_index: int
    onset_s: float
    offset_s: float
    score: float


@dataclass(frozen=True, eq=False)
class EventState:
    """What is known so far; a value, never changed, and as large after a day as after a second.

    Attributes:
        recent: `(at most 2 half, classes)`, the latest frames, which the median filter looks back at.
        recent_onsets_s: `(the same,)`, when they began.
        n_filtered: How many of these have their median already.
        is_on: `(classes,)`, whether each sounded in the last filtered frame.
        rises_s: `(classes,)`, since when each is above its lower threshold without having reached the upper one; NaN
            where it is not so.
        onsets_s: `(classes,)`, when the event began that may still go on; NaN for none.
        offsets_s: `(classes,)`, when it fell silent; NaN while it sounds.
        peaks: `(classes,)`, the highest probability in it.
    """

    recent: Array
    recent_onsets_s: Times
    n_filtered: int
    is_on: Bools
    rises_s: Times
    onsets_s: Times
    offsets_s: Times
    peaks: Array

    def __post_init__(self) -> None:
        arrays: tuple[npt.NDArray[Any], ...] = (self.recent, self.recent_onsets_s, *self.of_classes)
        for array in arrays:
            array.setflags(write=False)

    @property
    def of_classes(self) -> tuple[npt.NDArray[Any], ...]:
        """All that has one entry for each class."""
        return self.is_on, self.rises_s, self.onsets_s, self.offsets_s, self.peaks


class EventTracker:
    """Makes events of frame scores.

    Args:
        thresholds: `(classes,)`, which probability each class must reach; 1 for never.
        hop_s: From one frame to the next, for the length of the median filter.
        config: What makes an event.

    Raises:
        ValueError: A threshold is no probability.
    """

    def __init__(self, thresholds: Sequence[float] | Array, hop_s: float, config: EventConfig) -> None:
        upper = np.asarray(thresholds, np.float32)
        if upper.ndim != 1 or not ((upper >= 0) & (upper <= 1)).all():
            raise ValueError(f"thresholds of shape {upper.shape} must be one probability for each class, 0 to 1")
        self.config = config
        self.n_classes = len(upper)
        # Scores are rounded to 1, so a class that is never to sound needs more.
        self._upper = np.where(upper < 1, upper, np.float32(np.inf))
        self._lower = self._upper * np.float32(config.release)
        self._half = config.n_median(hop_s) // 2

    def initial_state(self) -> EventState:
        """Before the first frame."""
        return EventState(
            recent=np.zeros((0, self.n_classes), np.float32),
            recent_onsets_s=np.zeros(0),
            n_filtered=0,
            is_on=np.zeros(self.n_classes, np.bool_),
            rises_s=np.full(self.n_classes, np.nan),
            onsets_s=np.full(self.n_classes, np.nan),
            offsets_s=np.full(self.n_classes, np.nan),
            peaks=np.zeros(self.n_classes, np.float32),
        )

    def check(self, state: EventState) -> None:
        """Refuse what no push can have given.

        Raises:
            ValueError: Its parts do not fit the classes, the filter or each other.
        """
        n_recent, n_classes = state.recent.shape
        if {n_classes, *map(len, state.of_classes)} != {self.n_classes}:
            raise ValueError(f"it is not of {self.n_classes} classes")
        if n_recent > 2 * self._half or n_recent != len(state.recent_onsets_s) or state.n_filtered > n_recent:
            raise ValueError(f"its {n_recent} recent frames are not those of a filter that keeps {2 * self._half}")
        if n_recent - state.n_filtered > self._half or (np.diff(state.recent_onsets_s) <= 0).any():
            raise ValueError("its recent frames do not follow each other")
        has_onset, has_offset = ~np.isnan(state.onsets_s), ~np.isnan(state.offsets_s)
        if (has_onset != (state.is_on | has_offset)).any() or (state.is_on & has_offset).any():
            raise ValueError("its events have no onset, or neither sound nor have an offset")
        if (state.is_on & ~np.isnan(state.rises_s)).any() or (state.rises_s <= state.offsets_s).any():
            raise ValueError("its scores rise while they sound, or rose before they had fallen")

    def push(self, state: EventState, probs: Array, onsets_s: Times) -> tuple[list[FoundEvent], EventState]:
        """Take in frames.

        Args:
            state: What is known of the frames before.
            probs: `(frames, classes)`, any number of frames.
            onsets_s: `(frames,)`, when they begin, rising.

        Returns:
            The events that can no longer change, in the order in which that became certain, of those at the same moment
            by class; and what is known now.

        Raises:
            ValueError: The arrays do not fit each other or the classes.
        """
        if probs.ndim != 2 or probs.shape != (len(onsets_s), self.n_classes):
            raise ValueError(
                f"probs of {probs.shape} with {len(onsets_s)} onsets; (frames, {self.n_classes}) and one onset a frame "
                "are needed"
            )
        if not len(probs):
            return [], state
        frames = np.concatenate([state.recent, probs])
        times = np.concatenate([state.recent_onsets_s, onsets_s])
        n_ready = max(state.n_filtered, len(frames) - self._half)
        filtered = median_of(frames, state.n_filtered, len(frames) - n_ready, self._half)
        n_kept = min(len(frames), 2 * self._half)
        changing = _Changing(state, self._lower, self._upper, self.config)
        found = changing.take(filtered, times[state.n_filtered : n_ready])
        n_dropped = len(frames) - n_kept
        # A copy, lest the state keeps all of a long block alive.
        recent, recent_onsets_s = frames[n_dropped:].copy(), times[n_dropped:].copy()
        return found, changing.state(recent, recent_onsets_s, n_ready - n_dropped)

    def ongoing(self, state: EventState, until_s: float) -> list[FoundEvent]:
        """What has begun and may still go on, by onset and class; it may also be too short yet.

        Args:
            state: What is known.
            until_s: When the latest filtered frame ends, which is the offset of what sounds in it; of an event that
                fell silent, so shortly before that it may go on, the offset is when it did.
        """
        begun = np.flatnonzero(~np.isnan(state.onsets_s))
        if not len(begun):
            return []
        offsets_s = np.where(state.is_on, until_s, state.offsets_s)
        columns = (begun, *(values[begun] for values in (state.onsets_s, offsets_s, state.peaks)))
        found = [FoundEvent(*one) for one in zip(*(column.tolist() for column in columns), strict=True)]
        return sorted(found, key=lambda event: (event.onset_s, event.class_index))

    def finish(self, state: EventState, end_s: float) -> list[FoundEvent]:
        """The events that are left when the sound has ended, by onset and class.

        Args:
            state: What is known.
            end_s: When the sound ended, which is the offset of what still sounds.
        """
        filtered = median_of(state.recent, state.n_filtered, 0, self._half)
        changing = _Changing(state, self._lower, self._upper, self.config)
        found = changing.take(filtered, state.recent_onsets_s[state.n_filtered :])
        return found + changing.close(end_s)


class _Changing:
    """The part of a state that frames change.

    Args:
        state: Before them.
        lower: `(classes,)`, above which each sounds.
        upper: `(classes,)`, which it must reach for that.
        config: What makes an event.
    """

    def __init__(self, state: EventState, lower: Array, upper: Array, config: EventConfig) -> None:
        self._lower, self._upper, self._config = lower, upper, config
        self.is_on, self.rises_s = state.is_on.copy(), state.rises_s.copy()
        self.onsets_s, self.offsets_s, self.peaks = state.onsets_s.copy(), state.offsets_s.copy(), state.peaks.copy()

    def state(self, recent: Array, recent_onsets_s: Times, n_filtered: int) -> EventState:
        return EventState(
            recent, recent_onsets_s, n_filtered, self.is_on, self.rises_s, self.onsets_s, self.offsets_s, self.peaks
        )

    def take(self, probs: Array, times: Times) -> list[FoundEvent]:
        """Filtered frames."""
        if not len(probs):
            return []
        # Most classes are silent, and were.
        is_known = ~(np.isnan(self.onsets_s) & np.isnan(self.rises_s))
        concerned = np.flatnonzero((probs.max(axis=0) >= self._lower) | is_known)
        probs, was_on = probs[:, concerned], self.is_on[concerned]
        is_above, is_on = above_and_sure(probs, self._lower[concerned], self._upper[concerned], was_on)
        found: list[tuple[float, FoundEvent]] = []
        for i, c in enumerate(concerned.tolist()):
            if was_on[i] and is_on[:, i].all():
                self.peaks[c] = max(self.peaks[c], probs[:, i].max())
            else:
                found += self._take_class(c, probs[:, i], is_on[:, i], is_above[:, i], times)
        self.is_on[concerned] = is_on[-1]
        return [event for _, event in sorted(found, key=lambda one: (one[0], one[1].class_index))]

    def _take_class(
        self, c: int, probs: Array, is_on: Bools, is_above: Bools, times: Times
    ) -> Iterator[tuple[float, FoundEvent]]:
        """The events of a class that are over, each with the moment at which that was certain."""
        changes = np.flatnonzero((is_on[1:] != is_on[:-1]) | (is_above[1:] != is_above[:-1])) + 1
        for begin, end in itertools.pairwise([0, *changes.tolist(), len(probs)]):
            if is_above[begin]:
                if np.isnan(self.rises_s[c]) and not (begin == 0 and self.is_on[c]):
                    self.rises_s[c] = times[begin]
                # What is not sure by the end of the gap does not bridge it, or an event could wait for its end forever.
                yield from self._over(c, times[begin : begin + 1] if is_on[begin] else times[begin:end])
                if is_on[begin]:
                    self._sound(c, float(probs[begin:end].max()))
            else:
                self.rises_s[c] = np.nan
                if not np.isnan(self.onsets_s[c]):
                    if np.isnan(self.offsets_s[c]):
                        self.offsets_s[c] = times[begin]
                    yield from self._over(c, times[begin:end])

    def _sound(self, c: int, peak: float) -> None:
        """A class sounds from where it rose on: as a new event, or as the one before, whose gap was short."""
        if np.isnan(self.onsets_s[c]):
            self.onsets_s[c], self.peaks[c] = self.rises_s[c], 0.0
        self.rises_s[c] = self.offsets_s[c] = np.nan
        self.peaks[c] = max(self.peaks[c], peak)

    def _over(self, c: int, times: Times) -> Iterator[tuple[float, FoundEvent]]:
        """The event of a class, if it has been silent for long enough at one of some times."""
        if np.isnan(self.onsets_s[c]) or np.isnan(self.offsets_s[c]):
            return
        late = np.flatnonzero(times - self.offsets_s[c] >= self._config.min_gap_s - _TOLERANCE_S)
        if len(late):
            yield from ((float(times[late[0]]), event) for event in self._ended(c))

    def _ended(self, c: int) -> Iterator[FoundEvent]:
        onset_s, offset_s = float(self.onsets_s[c]), float(self.offsets_s[c])
        self.onsets_s[c] = self.offsets_s[c] = np.nan
        if offset_s - onset_s >= self._config.min_duration_s - _TOLERANCE_S:
            yield FoundEvent(c, onset_s, offset_s, float(self.peaks[c]))

    def close(self, end_s: float) -> list[FoundEvent]:
        """All that has not ended, by onset and class."""
        open_now = np.flatnonzero(~np.isnan(self.onsets_s))
        sounds = np.isnan(self.offsets_s)
        self.offsets_s[sounds] = end_s
        left = [event for c in open_now for event in self._ended(int(c))]
        return sorted(left, key=lambda event: (event.onset_s, event.class_index))


def find_events(
    probs: Array, onsets_s: Times, end_s: float, thresholds: Sequence[float] | Array, config: EventConfig
) -> list[FoundEvent]:
    """All events of a sound, by onset and class.

    Args:
        probs: `(frames, classes)`.
        onsets_s: `(frames,)`, when frames begin.
        end_s: When the sound ends.
        thresholds: `(classes,)`, from which probability each class sounds.
        config: What makes an event.

    Raises:
        ValueError: The arrays do not fit each other.

    Example:
        >>> probs = np.array([[0.1], [0.9], [0.8], [0.1], [0.1]], np.float32)
        >>> find_events(probs, np.arange(5) * 0.5, 2.5, [0.5], EventConfig())[0][:3]
        (0, 0.5, 1.5)
    """
    if not len(onsets_s):
        return []
    hop_s = float(onsets_s[1] - onsets_s[0]) if len(onsets_s) > 1 else end_s
    tracker = EventTracker(thresholds, hop_s, config)
    found, state = tracker.push(tracker.initial_state(), probs, onsets_s)
    return sorted(found + tracker.finish(state, end_s), key=lambda event: (event.onset_s, event.class_index))
