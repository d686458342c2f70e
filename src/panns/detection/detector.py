"""A sound that is heard as it comes: score frames and events, and a state to go on from.

Whole files are detected in by the same steps (`detection/offline.py`), so both give the same events.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from panns.audio.limits import check_samples
from panns.audio.resampling.polyphase import PolyphaseResampler
from panns.detection import FrameScorer, joined
from panns.detection.settings import StreamSettings, words_of_events, words_of_thresholds
from panns.detection.state import StreamState
from panns.events import EventConfig, EventState, EventTracker, FoundEvent
from panns.labels import LabelSet
from panns.results import Array, Event, StreamScores
from panns.runtime.model import Model


class Detector:
    """A model and all settings of streams that it hears; holds no state, so any number of streams share it.

    Made by `Recognizer.detector`. States are values: what `step` is given is never changed, and can be gone back to.

    Args:
        model: The model.
        words: Name and digest of the model (`model_fingerprint`).
        scorer: How it hears.
        sample_rate: Of what comes in.
        thresholds: `(classes,)`, from which probability each sounds.
        config: What makes an event.

    Attributes:
        model: The model.
        scorer: How it hears.
        sample_rate: Of what comes in.
        config: What makes an event.
        hop_s: From one score frame to the next.
        latency_s: How much later than it began a frame is given out, at most, apart from the time of computing.
        settings: What a state must have in common with it.
    """

    def __init__(
        self, model: Model, words: str, scorer: FrameScorer, sample_rate: int, *, thresholds: Array, config: EventConfig
    ) -> None:
        rate = model.manifest.sample_rate
        self._labels: LabelSet = model.manifest.labels
        self._resampler = PolyphaseResampler(sample_rate, rate)
        self._tracker = EventTracker(thresholds, scorer.hop_s, config)
        self.model, self.scorer, self.config, self.sample_rate = model, scorer, config, sample_rate
        self.hop_s = scorer.hop_s
        self.latency_s = self._resampler.latency_s + scorer.latency_s
        self.settings = StreamSettings(
            model=words,
            rates=f"{sample_rate} Hz, heard at {rate} Hz",
            windows=scorer.settings,
            events=words_of_events(config),
            thresholds=words_of_thresholds(thresholds),
        )

    def initial_state(self) -> StreamState:
        """Before the first sample."""
        return StreamState(
            self.settings,
            self._resampler.initial_state(),
            self.scorer.initial_state(),
            self._tracker.initial_state(),
        )

    def check(self, state: StreamState) -> None:
        """Refuse a state that cannot go on here.

        Raises:
            ValueError: It is of other settings, or damaged.
        """
        if state.settings is self.settings:
            return
        self.settings.check(state.settings)
        try:
            self._resampler.check(state.resampler)
            self.scorer.check(state.scorer)
            self._tracker.check(state.events)
            n_resampled = self._resampler.n_out(state.resampler.n_in)
            if state.scorer.n_heard != n_resampled:
                raise ValueError(f"it has heard {state.scorer.n_heard} samples of {n_resampled}")
        except ValueError as exc:
            raise ValueError(f"the state is damaged ({exc}); give one that `state.to_bytes()` gave") from exc

    def step(self, chunk: npt.ArrayLike, state: StreamState) -> tuple[StreamScores, StreamState]:
        """Hear what comes next in one stream.

        Args:
            chunk: `(samples,)`, any number of floats of about -1 to 1 at `sample_rate`.
            state: Of the stream: `initial_state()`, or as it was given with what came before.

        Raises:
            ValueError: A wrong shape, NaN or infinity; or a state of other settings.
            TypeError: Not floating-point numbers.
        """
        (scores,), (following,) = self.step_batch([chunk], [state])
        return scores, following

    def step_batch(
        self, chunks: Sequence[npt.ArrayLike], states: Sequence[StreamState]
    ) -> tuple[list[StreamScores], list[StreamState]]:
        """Hear what comes next in some streams together, which takes less time than one by one; as `step`."""
        if len(chunks) != len(states):
            raise ValueError(f"{len(chunks)} chunks for {len(states)} states; give one for each")
        return _step([self] * len(states), chunks, states)

    def finish(self, state: StreamState) -> StreamScores:
        """What is left when the sound has ended.

        Raises:
            ValueError: A state of other settings.
        """
        self.check(state)
        rest = self._resampler.finish(state.resampler)
        (frames,), (scorer,) = self.scorer.step([rest], [state.scorer])
        found, events = self._tracker.push(state.events, *frames)
        last = self.scorer.finish(scorer)
        more, events = self._tracker.push(events, *last)
        found += more + self._tracker.finish(events, state.resampler.n_in / self.sample_rate)
        frames = joined([frames, last], len(self._labels))
        return StreamScores(frames.probs, frames.onsets_s, self._events(found), ongoing=())

    def _ongoing(self, n_frames: int, events: EventState) -> tuple[Event, ...]:
        n_filtered = n_frames - (len(events.recent) - events.n_filtered)  # the median waits for some
        return self._events(self._tracker.ongoing(events, n_filtered * self.scorer.hop_s))

    def _events(self, found: Sequence[FoundEvent]) -> tuple[Event, ...]:
        return tuple(Event.of(self._labels[one.class_index], one.onset_s, one.offset_s, one.score) for one in found)


class Stream:
    """One stream of sound; made by `Recognizer.stream`.

    Attributes:
        detector: The settings, which other streams may share.
        state: Where it stands: a value to be kept, saved and gone on from, by this recognizer or another one of the
            same model.
    """

    def __init__(self, detector: Detector, state: StreamState | bytes | None = None) -> None:
        self.detector = detector
        if state is None:
            state = detector.initial_state()
        elif isinstance(state, bytes):
            state = StreamState.from_bytes(state)
        elif not isinstance(state, StreamState):
            raise TypeError(f"state is of type {type(state).__name__}; give `stream.state` or its `to_bytes()`")
        detector.check(state)
        self.state: StreamState = state
        self._is_finished = False

    @property
    def sample_rate(self) -> int:
        """Of what is pushed, in Hz."""
        return self.detector.sample_rate

    @property
    def config(self) -> EventConfig:
        """What makes an event."""
        return self.detector.config

    @property
    def hop_s(self) -> float:
        """From one score frame to the next."""
        return self.detector.hop_s

    @property
    def latency_s(self) -> float:
        """How much later than it began a frame is given out, at most, apart from the time of computing."""
        return self.detector.latency_s

    @property
    def duration_s(self) -> float:
        """How much was pushed."""
        return self.state.resampler.n_in / self.sample_rate

    def push(self, chunk: npt.ArrayLike) -> StreamScores:
        """Hear what comes next.

        Args:
            chunk: `(samples,)`, any number of floats of about -1 to 1 at `sample_rate`.

        Returns:
            The frames that became known and the events that ended.

        Raises:
            ValueError: A wrong shape, NaN or infinity; or the stream was finished. Nothing of the chunk was heard.
            TypeError: Not floating-point numbers.
        """
        return push_all([self], [chunk])[0]

    def finish(self) -> StreamScores:
        """The rest, when the sound has ended; nothing can be pushed afterwards."""
        self._check_open()
        self._is_finished = True
        return self.detector.finish(self.state)

    def _check_open(self) -> None:
        if self._is_finished:
            raise ValueError("the stream was finished; begin another one with recognizer.stream()")


def push_all(streams: Sequence[Stream], chunks: Sequence[npt.ArrayLike]) -> list[StreamScores]:
    """Hear what comes next in many streams of one recognizer together, which takes less time than one by one.

    Args:
        streams: They may differ in rate, thresholds and what makes an event, not in the windows of `scorer`.
        chunks: `(samples,)` for each of them, of any lengths.

    Raises:
        ValueError: As of `Stream.push`, or streams that do not go together. Nothing of any chunk was heard.
        TypeError: Not floating-point numbers.
    """
    if len(streams) != len(chunks):
        raise ValueError(f"{len(chunks)} chunks for {len(streams)} streams; give one for each")
    if len(set(map(id, streams))) < len(streams):
        raise ValueError("a stream is there twice; join its chunks, or push them one after the other")
    for stream in streams:
        stream._check_open()
    scores, states = _step([stream.detector for stream in streams], chunks, [stream.state for stream in streams])
    for stream, state in zip(streams, states, strict=True):
        stream.state = state
    return scores


def _step(
    detectors: Sequence[Detector], chunks: Sequence[npt.ArrayLike], states: Sequence[StreamState]
) -> tuple[list[StreamScores], list[StreamState]]:
    """Hear what comes next in some streams, each with its own settings, by one model in one call."""
    if not detectors:
        return [], []
    model, scorer = detectors[0].model, detectors[0].scorer
    if any(one.model is not model or one.scorer.settings != scorer.settings for one in detectors):
        raise ValueError("the streams differ in recognizer or scorer; push those together that have the same")
    checked = [_checked(chunk) for chunk in chunks]
    for detector, state in zip(detectors, states, strict=True):
        detector.check(state)
    resampled = [
        detector._resampler.push(chunk, state.resampler)
        for detector, chunk, state in zip(detectors, checked, states, strict=True)
    ]
    frames, scorer_states = scorer.step([samples for samples, _ in resampled], [state.scorer for state in states])
    scores, following = [], []
    for k, detector in enumerate(detectors):
        found, events = detector._tracker.push(states[k].events, *frames[k])
        ongoing = detector._ongoing(scorer_states[k].n_frames, events)
        scores.append(StreamScores(*frames[k], detector._events(found), ongoing))
        following.append(StreamState(detector.settings, resampled[k][1], scorer_states[k], events))
    return scores, following


def _checked(chunk: npt.ArrayLike) -> Array:
    array = np.asarray(chunk)
    if array.dtype.kind != "f":
        raise TypeError(
            f"a chunk of {array.dtype}; floating-point samples of about -1 to 1 are needed (16-bit integers divided by "
            "32768)"
        )
    if array.ndim != 1:
        raise ValueError(f"a chunk of shape {array.shape}; mono samples are needed, (samples,)")
    check_samples(array, "a chunk")
    return array.astype(np.float32, copy=False)
