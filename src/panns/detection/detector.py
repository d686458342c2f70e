"""A model with all settings of detection, and one step of any number of streams."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from panns.audio.limits import check_samples
from panns.audio.resampling.polyphase import PolyphaseResampler, PolyphaseState
from panns.detection.frames import Frames, ScorerState, concatenate_frames
from panns.detection.scorer import FrameScorer
from panns.detection.state import StreamState
from panns.detection.stream_settings import StreamSettings, describe_events, digest_thresholds
from panns.events import EventConfig, EventState, EventTracker, FoundEvent
from panns.results import Event, StreamScores
from panns.runtime.model import Model
from panns.system.arrays import Array


class Detector:
    """A model with all settings of detection; made by `Recognizer.detector`.

    It holds no state, so any number of streams share one. States are values: `step` never changes the state it is
    given, so you can keep an old state and continue from it again.

    Args:
        model: The model.
        fingerprint: Name and digest of the model (`model_fingerprint`).
        scorer: The scorer of the model.
        sample_rate: Rate of the input, in Hz.
        thresholds: Detection threshold of each class, `(classes,)`.
        config: Settings of events.

    Attributes:
        model: The model.
        scorer: The scorer of the model.
        sample_rate: Rate of the input, in Hz.
        config: Settings of events.
        hop_s: Time from one score frame to the next, in seconds.
        latency_s: Longest delay from the start of a frame until its score, in seconds, without computing time.
        settings: All settings; a state fits only a detector with equal settings.
    """

    def __init__(
        self,
        model: Model,
        fingerprint: str,
        scorer: FrameScorer,
        sample_rate: int,
        *,
        thresholds: Array,
        config: EventConfig,
    ) -> None:
        rate = model.manifest.sample_rate
        self._labels = model.manifest.labels
        self._resampler = PolyphaseResampler(sample_rate, rate)
        self._tracker = EventTracker(thresholds, scorer.hop_s, config)
        self.model, self.scorer, self.config, self.sample_rate = model, scorer, config, sample_rate
        self.hop_s = scorer.hop_s
        self.latency_s = self._resampler.latency_s + scorer.latency_s
        self.settings = StreamSettings(
            model=fingerprint,
            rates=f"{sample_rate} Hz to {rate} Hz",
            windows=scorer.settings,
            events=describe_events(config),
            thresholds=digest_thresholds(thresholds),
        )

    def initial_state(self) -> StreamState:
        """State before the first sample."""
        return StreamState(
            self.settings,
            self._resampler.initial_state(),
            self.scorer.initial_state(),
            self._tracker.initial_state(),
        )

    def check(self, state: StreamState) -> None:
        """Refuse a state that does not fit this detector.

        Raises:
            ValueError: The state has other settings, or is damaged.
        """
        if state.settings is self.settings:
            return
        self.settings.check(state.settings)
        try:
            self._resampler.check(state.resampler)
            self.scorer.check(state.scorer)
            self._tracker.check(state.events)
            n_resampled = self._resampler.n_out(state.resampler.n_in)
            if state.scorer.n_in != n_resampled:
                raise ValueError(f"{state.scorer.n_in} samples scored of {n_resampled}")
        except ValueError as exc:
            raise ValueError(f"the state is damaged ({exc}); pass the bytes returned by `state.to_bytes()`") from exc

    def step(self, chunk: npt.ArrayLike, state: StreamState) -> tuple[StreamScores, StreamState]:
        """Process the next chunk of one stream.

        Args:
            chunk: `(samples,)`, any number of floats from -1 to 1 at `sample_rate`.
            state: State of the stream: `initial_state()`, or the state returned for the chunk before.

        Returns:
            The new frames and events, and the next state.

        Raises:
            ValueError: A wrong shape, NaN or infinity; or a state with other settings.
            TypeError: Samples of another type than floating point.
        """
        (scores,), (following,) = self.step_batch([chunk], [state])
        return scores, following

    def step_batch(
        self, chunks: Sequence[npt.ArrayLike], states: Sequence[StreamState]
    ) -> tuple[list[StreamScores], list[StreamState]]:
        """Process the next chunks of several streams at once, which is faster than one by one; see `step`."""
        if len(chunks) != len(states):
            raise ValueError(f"{len(chunks)} chunks for {len(states)} states; give one chunk for each state")
        return step_streams([self] * len(states), chunks, states)

    def finish(self, state: StreamState) -> StreamScores:
        """The remaining frames and events at the end of a stream.

        Raises:
            ValueError: A state with other settings.
        """
        self.check(state)
        rest = self._resampler.finish(state.resampler)
        (frames,), (scorer,) = self.scorer.step([rest], [state.scorer])
        found, events = self._tracker.push(state.events, *frames)
        last = self.scorer.finish(scorer)
        more, events = self._tracker.push(events, *last)
        found += more + self._tracker.finish(events, state.resampler.n_in / self.sample_rate)
        frames = concatenate_frames([frames, last], len(self._labels))
        return StreamScores(frames.probs, frames.onsets_s, self._events(found), ongoing=())

    def resample(self, chunk: npt.ArrayLike, state: StreamState) -> tuple[Array, PolyphaseState]:
        """First part of a step: check a chunk and its state, and convert the chunk to the model's rate."""
        samples = _to_samples(chunk)
        self.check(state)
        return self._resampler.push(samples, state.resampler)

    def track(
        self, frames: Frames, state: StreamState, *, resampler: PolyphaseState, scorer: ScorerState
    ) -> tuple[StreamScores, StreamState]:
        """Last part of a step: turn new frames into events.

        Args:
            frames: The new frames.
            state: State of the stream before the step.
            resampler: State of the resampler after it.
            scorer: State of the scorer after it.
        """
        found, events = self._tracker.push(state.events, *frames)
        scores = StreamScores(*frames, self._events(found), self._ongoing(scorer.n_frames, events))
        return scores, StreamState(self.settings, resampler, scorer, events)

    def _ongoing(self, n_frames: int, events: EventState) -> tuple[Event, ...]:
        n_filtered = n_frames - (len(events.recent) - events.n_filtered)  # the median filter lags behind
        return self._events(self._tracker.ongoing(events, n_filtered * self.hop_s))

    def _events(self, found: Sequence[FoundEvent]) -> tuple[Event, ...]:
        return tuple(Event.of(self._labels[one.class_index], one.onset_s, one.offset_s, one.score) for one in found)


def step_streams(
    detectors: Sequence[Detector], chunks: Sequence[npt.ArrayLike], states: Sequence[StreamState]
) -> tuple[list[StreamScores], list[StreamState]]:
    """Process the next chunks of several streams, each with its own detector, in few calls of one model.

    Raises:
        ValueError: The detectors have different models or scorers; or see `Detector.step`.
        TypeError: Samples of another type than floating point.
    """
    if not detectors:
        return [], []
    model, scorer = detectors[0].model, detectors[0].scorer
    if any(one.model is not model or one.scorer.settings != scorer.settings for one in detectors):
        raise ValueError("the streams differ in recognizer or windows; push only streams together that share both")
    resampled = [
        detector.resample(chunk, state) for detector, chunk, state in zip(detectors, chunks, states, strict=True)
    ]
    frames, scorer_states = scorer.step([samples for samples, _ in resampled], [state.scorer for state in states])
    stepped = [
        detector.track(frames[k], states[k], resampler=resampled[k][1], scorer=scorer_states[k])
        for k, detector in enumerate(detectors)
    ]
    return [scores for scores, _ in stepped], [state for _, state in stepped]


def _to_samples(chunk: npt.ArrayLike) -> Array:
    array = np.asarray(chunk)
    if array.dtype.kind != "f":
        raise TypeError(
            f"a chunk of {array.dtype}; use floating-point samples from -1 to 1 (16-bit integers divided by 32768)"
        )
    if array.ndim != 1:
        raise ValueError(f"a chunk of shape {array.shape}; use mono samples, (samples,)")
    check_samples(array, "a chunk")
    return array.astype(np.float32, copy=False)
