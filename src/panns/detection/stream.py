"""One stream of sound: push chunks, get score frames and events, and save the state at any time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy.typing as npt

from panns.detection.detector import Detector, step_streams
from panns.detection.state import StreamState
from panns.events import EventConfig
from panns.results import StreamScores


class Stream:
    """One stream of sound; made by `Recognizer.stream`.

    Attributes:
        detector: Model and settings, which other streams may share.
        state: Current state, an immutable value. Keep or save it, and continue from it later, with this recognizer or
            another one of the same model.
        is_finished: True after `finish`.
    """

    def __init__(self, detector: Detector, state: StreamState | bytes | None = None) -> None:
        self.detector = detector
        if state is None:
            state = detector.initial_state()
        elif isinstance(state, bytes):
            state = StreamState.from_bytes(state)
        elif not isinstance(state, StreamState):
            raise TypeError(f"state is of type {type(state).__name__}; pass `stream.state` or its `to_bytes()`")
        detector.check(state)
        self.state: StreamState = state
        self.is_finished = False

    @property
    def sample_rate(self) -> int:
        """Rate of the pushed samples, in Hz."""
        return self.detector.sample_rate

    @property
    def config(self) -> EventConfig:
        """Settings of events."""
        return self.detector.config

    @property
    def hop_s(self) -> float:
        """Time from one score frame to the next, in seconds."""
        return self.detector.hop_s

    @property
    def latency_s(self) -> float:
        """Longest delay from the start of a frame until its score, in seconds, without computing time."""
        return self.detector.latency_s

    @property
    def duration_s(self) -> float:
        """Duration of the pushed sound, in seconds."""
        return self.state.resampler.n_in / self.sample_rate

    def push(self, chunk: npt.ArrayLike) -> StreamScores:
        """Process the next chunk.

        Args:
            chunk: `(samples,)`, any number of floats from -1 to 1 at `sample_rate`.

        Returns:
            The new frames and the events that ended.

        Raises:
            ValueError: A wrong shape, NaN or infinity; or the stream is finished. The state is unchanged.
            TypeError: Samples of another type than floating point.
        """
        return push_all([self], [chunk])[0]

    def finish(self) -> StreamScores:
        """The remaining frames and events at the end of the sound. After this, `push` raises `ValueError`."""
        _check_open(self)
        self.is_finished = True
        return self.detector.finish(self.state)


def push_all(streams: Sequence[Stream], chunks: Sequence[npt.ArrayLike]) -> list[StreamScores]:
    """Process the next chunks of many streams of one recognizer at once, which is faster than one by one.

    Args:
        streams: The streams. They may differ in rate, thresholds and settings of events, but share their windows.
        chunks: `(samples,)` for each stream, of any length.

    Returns:
        The new frames and events of each stream.

    Raises:
        ValueError: A wrong shape, NaN or infinity; a finished stream; streams with different models or windows. The
            states of all streams are unchanged.
        TypeError: Samples of another type than floating point.
    """
    if len(streams) != len(chunks):
        raise ValueError(f"{len(chunks)} chunks for {len(streams)} streams; give one chunk for each stream")
    if len(set(map(id, streams))) < len(streams):
        raise ValueError("a stream is given twice; join its chunks, or push them one after the other")
    for stream in streams:
        _check_open(stream)
    scores, states = step_streams([stream.detector for stream in streams], chunks, [stream.state for stream in streams])
    for stream, state in zip(streams, states, strict=True):
        stream.state = state
    return scores


def _check_open(stream: Stream) -> None:
    if stream.is_finished:
        raise ValueError("the stream is finished; start another one with recognizer.stream()")
