"""Events as they end, from frame scores in blocks of any sizes.

    score of a class, by frame    1 3 4 7 6 1 8 4 1 1 1 3 3 1     threshold 5, lower threshold 3
    above the lower threshold       x x x x   x x       x x
    reached the threshold               x x   x x
    event                           [-----------]                 the gap of one frame is bridged

An event starts where the score rises above the lower threshold, and counts if it then reaches the threshold. A gap
shorter than `min_gap_s` does not end it, if the score reaches the threshold again before the gap is that long. Until
then the event is ongoing, and its offset is the start of the gap. An event is certain, and returned, once no later
frame can change it. It is dropped if it is shorter than `min_duration_s`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from panns.events.config import EventConfig
from panns.events.hysteresis import apply_thresholds
from panns.events.median import median_filter
from panns.system.arrays import Array

Times = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


# Times are multiples of a hop, and their differences are rounded.
_TOLERANCE_S = 1e-6


class FoundEvent(NamedTuple):
    """An event of one class.

    Attributes:
        class_index: Index of the class.
        onset_s: Start of its first frame, the first above the lower threshold.
        offset_s: Start of the first frame after it, or the end of the sound.
        score: Highest filtered probability in it.
    """

    class_index: int
    onset_s: float
    offset_s: float
    score: float


@dataclass(frozen=True, eq=False)
class EventState:
    """State of an `EventTracker`: an immutable value, as large after a day as after a second.

    Attributes:
        recent: `(frames, classes)`, the latest frames, which the median filter still needs.
        recent_onsets_s: `(frames,)`, start of each of them.
        n_filtered: Number of these frames that are filtered already.
        is_on: `(classes,)`, True if the class was active in the last filtered frame.
        rises_s: `(classes,)`, time at which the score rose above the lower threshold, if it has not reached the upper
            one since; else NaN.
        onsets_s: `(classes,)`, onset of the ongoing event; NaN without one.
        offsets_s: `(classes,)`, start of the current gap in the ongoing event; NaN outside of a gap.
        peaks: `(classes,)`, highest probability in the ongoing event.
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
        """The arrays `(classes,)`."""
        return self.is_on, self.rises_s, self.onsets_s, self.offsets_s, self.peaks


class EventTracker:
    """Turns frame scores into events.

    Args:
        thresholds: Detection thresholds, `(classes,)`; a class with threshold 1 has no events.
        hop_s: Time from one frame to the next, in seconds.
        config: Settings of events.

    Raises:
        ValueError: A threshold is out of range.
    """

    def __init__(self, thresholds: Sequence[float] | Array, hop_s: float, config: EventConfig) -> None:
        upper = np.asarray(thresholds, np.float32)
        if upper.ndim != 1 or not ((upper >= 0) & (upper <= 1)).all():
            raise ValueError(f"thresholds of shape {upper.shape} must be one probability for each class, 0 to 1")
        self.config = config
        self.n_classes = len(upper)
        # A score may be rounded to 1, so a class that is switched off needs a higher threshold.
        self._upper = np.where(upper < 1, upper, np.float32(np.inf))
        self._lower = self._upper * np.float32(config.release)
        self._half = config.n_median(hop_s) // 2

    def initial_state(self) -> EventState:
        """State before the first frame."""
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
        """Refuse a state that no push of this tracker returns.

        Raises:
            ValueError: The parts of the state do not fit the classes, the filter or each other.
        """
        n_recent, n_classes = state.recent.shape
        if {n_classes, *map(len, state.of_classes)} != {self.n_classes}:
            raise ValueError(f"its arrays do not have {self.n_classes} classes")
        if n_recent > 2 * self._half or n_recent != len(state.recent_onsets_s) or state.n_filtered > n_recent:
            raise ValueError(f"its {n_recent} recent frames do not fit a filter that keeps {2 * self._half}")
        if n_recent - state.n_filtered > self._half or (np.diff(state.recent_onsets_s) <= 0).any():
            raise ValueError("its recent frames do not follow each other")
        has_onset, has_offset = ~np.isnan(state.onsets_s), ~np.isnan(state.offsets_s)
        if (has_onset != (state.is_on | has_offset)).any() or (state.is_on & has_offset).any():
            raise ValueError("its events lack an onset or an offset")
        if (state.is_on & ~np.isnan(state.rises_s)).any() or (state.rises_s <= state.offsets_s).any():
            raise ValueError("its scores rise during an event, or before a gap")

    def push(self, state: EventState, probs: Array, onsets_s: Times) -> tuple[list[FoundEvent], EventState]:
        """Process the next frames.

        Args:
            state: State after the frames before.
            probs: `(frames, classes)`, any number of frames.
            onsets_s: `(frames,)`, start of each frame, rising.

        Returns:
            The events that can no longer change, in the order in which they became certain, then by class; and the next
            state.

        Raises:
            ValueError: The shapes do not fit each other or the classes.
        """
        if probs.ndim != 2 or probs.shape != (len(onsets_s), self.n_classes):
            raise ValueError(
                f"probs of {probs.shape} with {len(onsets_s)} onsets; use (frames, {self.n_classes}) and one onset "
                "for each frame"
            )
        if not len(probs):
            return [], state
        frames = np.concatenate([state.recent, probs])
        times = np.concatenate([state.recent_onsets_s, onsets_s])
        n_ready = max(state.n_filtered, len(frames) - self._half)
        filtered = median_filter(frames, state.n_filtered, len(frames) - n_ready, self._half)
        n_kept = min(len(frames), 2 * self._half)
        changing = _Classes(state, self._lower, self._upper, self.config)
        found = changing.take(filtered, times[state.n_filtered : n_ready])
        n_dropped = len(frames) - n_kept
        # Copies, because views would keep a long block in memory.
        recent, recent_onsets_s = frames[n_dropped:].copy(), times[n_dropped:].copy()
        return found, changing.state(recent, recent_onsets_s, n_ready - n_dropped)

    def ongoing(self, state: EventState, until_s: float) -> list[FoundEvent]:
        """Events that may continue, by onset and class; some may still be shorter than the minimum duration.

        Args:
            state: The current state.
            until_s: End of the latest filtered frame, the offset of an active event. The offset of an event in a gap is
                the start of the gap.
        """
        active = np.flatnonzero(~np.isnan(state.onsets_s))
        if not len(active):
            return []
        offsets_s = np.where(state.is_on, until_s, state.offsets_s)
        columns = (active, *(values[active] for values in (state.onsets_s, offsets_s, state.peaks)))
        found = [FoundEvent(*one) for one in zip(*(column.tolist() for column in columns), strict=True)]
        return sorted(found, key=lambda event: (event.onset_s, event.class_index))

    def finish(self, state: EventState, end_s: float) -> list[FoundEvent]:
        """The remaining events at the end of the sound, by onset and class.

        Args:
            state: The current state.
            end_s: End of the sound, the offset of active events.
        """
        filtered = median_filter(state.recent, state.n_filtered, 0, self._half)
        changing = _Classes(state, self._lower, self._upper, self.config)
        found = changing.take(filtered, state.recent_onsets_s[state.n_filtered :])
        return found + changing.close(end_s)


class _Classes:
    """The arrays `(classes,)` of a state, changed in place by frames.

    Args:
        state: State before the frames.
        lower: Lower thresholds, `(classes,)`.
        upper: Upper thresholds, `(classes,)`.
        config: Settings of events.
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
        """Process filtered frames."""
        if not len(probs):
            return []
        # Most classes are silent and have no ongoing event.
        is_known = ~(np.isnan(self.onsets_s) & np.isnan(self.rises_s))
        concerned = np.flatnonzero((probs.max(axis=0) >= self._lower) | is_known)
        probs, was_on = probs[:, concerned], self.is_on[concerned]
        is_above, is_on = apply_thresholds(probs, self._lower[concerned], self._upper[concerned], was_on)
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
        """The ended events of a class, each with the time at which it became certain."""
        changes = np.flatnonzero((is_on[1:] != is_on[:-1]) | (is_above[1:] != is_above[:-1])) + 1
        for begin, end in itertools.pairwise([0, *changes.tolist(), len(probs)]):
            if is_above[begin]:
                if np.isnan(self.rises_s[c]) and not (begin == 0 and self.is_on[c]):
                    self.rises_s[c] = times[begin]
                # A score between the thresholds does not bridge a gap, or an event could stay ongoing forever.
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
        """Start an event where the score rose, or continue the event before a short gap."""
        if np.isnan(self.onsets_s[c]):
            self.onsets_s[c], self.peaks[c] = self.rises_s[c], 0.0
        self.rises_s[c] = self.offsets_s[c] = np.nan
        self.peaks[c] = max(self.peaks[c], peak)

    def _over(self, c: int, times: Times) -> Iterator[tuple[float, FoundEvent]]:
        """The event of a class, if its gap is long enough at one of some times."""
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
        """End all ongoing events, and return them by onset and class."""
        open_now = np.flatnonzero(~np.isnan(self.onsets_s))
        sounds = np.isnan(self.offsets_s)
        self.offsets_s[sounds] = end_s
        left = [event for c in open_now for event in self._ended(int(c))]
        return sorted(left, key=lambda event: (event.onset_s, event.class_index))


def find_events(
    probs: Array, onsets_s: Times, end_s: float, thresholds: Sequence[float] | Array, config: EventConfig
) -> list[FoundEvent]:
    """Find the events of a whole sound, by onset and class.

    Args:
        probs: `(frames, classes)`.
        onsets_s: `(frames,)`, start of each frame.
        end_s: End of the sound.
        thresholds: Detection thresholds, `(classes,)`.
        config: Settings of events.

    Raises:
        ValueError: The shapes do not fit each other.

    Examples:
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
