"""A sound that is heard as it comes: score frames and events, and a state to go on from.

Whole files are detected in by the same steps (`tasks/detection.py`), so both give the same events.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from panns.audio.limits import MAX_PEAK
from panns.audio.polyphase import PolyphaseResampler
from panns.events import EventConfig, EventState, EventTracker, FoundEvent
from panns.labels import LabelSet
from panns.results import Array, Event, StreamScores
from panns.runtime.hearing import Frames, Hearing, HearingConfig, HearingState, hearing_of, joined
from panns.runtime.model import Model
from panns.tasks.stream_state import StreamState
from panns.tasks.thresholds import Threshold, thresholds_of


class Listener:
    """A model and all settings of streams that it hears; holds no state, so any number of streams share it.

    Args:
        model: The model.
        sample_rate: Of what comes in.
        threshold: From which probability a class sounds, or for which rate of false alarms; None for the model's own.
        config: What makes an event; None for the model's own.
        hearing: How a model without a state hears.

    Attributes:
        sample_rate: Of what comes in.
        latency_s: How much later than it began a frame is given out, at most, apart from the time of computing.
    """

    def __init__(
        self,
        model: Model,
        sample_rate: int,
        *,
        threshold: Threshold | None = None,
        config: EventConfig | None = None,
        hearing: HearingConfig | None = None,
    ) -> None:
        self._labels: LabelSet = model.manifest.labels
        self._hearing: Hearing = hearing_of(model, hearing)
        self._resampler = PolyphaseResampler(sample_rate, model.manifest.sample_rate)
        self.tracker = EventTracker(
            thresholds_of(model.manifest, threshold),
            self._hearing.hop_s,
            config or model.manifest.events or EventConfig(),
        )
        self.sample_rate = sample_rate
        self.latency_s = self._resampler.latency_s + self._hearing.latency_s

    def initial_state(self) -> StreamState:
        """Before the first sample."""
        return StreamState(self._resampler.initial_state(), self._hearing.initial_state(), self.tracker.initial_state())

    def check(self, state: StreamState) -> None:
        """Refuse a state of another model, rate or filter.

        Raises:
            ValueError: Its parts are of other sizes.
        """
        own = self.initial_state()
        sizes = [
            (len(one.resampler.tail), len(one.hearing.network), len(one.events.is_on), one.events.recent.shape[1])
            for one in (state, own)
        ]
        if sizes[0] != sizes[1]:
            raise ValueError(
                f"the state is of a stream of another model or sample rate than {self.sample_rate} Hz "
                f"(sizes {sizes[0]}, here {sizes[1]}); give the model and the sample_rate that it was made with"
            )

    def step(
        self, chunks: Sequence[Array], states: Sequence[StreamState]
    ) -> tuple[list[StreamScores], list[StreamState]]:
        """Hear what comes next in some streams, together.

        Args:
            chunks: `(samples,)` each, at `sample_rate`, of any lengths.
            states: Of the same streams.
        """
        resampled = [self._resampler.push(chunk, state.resampler) for chunk, state in zip(chunks, states, strict=True)]
        frames, hearings = self._hearing.step(
            [samples for samples, _ in resampled], [state.hearing for state in states]
        )
        scores, following = [], []
        for k, state in enumerate(states):
            found, events = self.tracker.push(state.events, *frames[k])
            following.append(StreamState(resampled[k][1], hearings[k], events))
            scores.append(self._scores(frames[k], found, self._ongoing(hearings[k], events)))
        return scores, following

    def finish(self, state: StreamState) -> StreamScores:
        """What is left when the sound has ended."""
        rest = self._resampler.finish(state.resampler)
        (frames,), (hearing,) = self._hearing.step([rest], [state.hearing])
        found, events = self.tracker.push(state.events, *frames)
        last = self._hearing.finish(hearing)
        more, events = self.tracker.push(events, *last)
        found += more + self.tracker.finish(events, state.resampler.n_in / self.sample_rate)
        return self._scores(joined([frames, last], len(self._labels)), found, [])

    def _ongoing(self, hearing: HearingState, events: EventState) -> list[FoundEvent]:
        n_filtered = hearing.n_frames - (len(events.recent) - events.n_filtered)  # the median waits for some
        return self.tracker.ongoing(events, n_filtered * self._hearing.hop_s)

    def _scores(self, frames: Frames, found: Sequence[FoundEvent], ongoing: Sequence[FoundEvent]) -> StreamScores:
        events, going_on = (
            tuple(Event.of(self._labels[one.class_index], one.onset_s, one.offset_s, one.score) for one in some)
            for some in (found, ongoing)
        )
        return StreamScores(frames.probs, frames.onsets_s, events, going_on)


class Stream:
    """One stream of sound; made by `Recognizer.stream`.

    Attributes:
        state: Where it stands: a value to be kept, saved and gone on from, by this recognizer or another one of the
            same model.
    """

    def __init__(self, listener: Listener, state: StreamState | None = None) -> None:
        self.listener = listener
        if state is not None:
            listener.check(state)
        self.state = state or listener.initial_state()
        self._is_finished = False

    @property
    def sample_rate(self) -> int:
        """Of what is pushed, in Hz."""
        return self.listener.sample_rate

    @property
    def latency_s(self) -> float:
        """How much later than it began a frame is given out, at most, apart from the time of computing."""
        return self.listener.latency_s

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
        return self.listener.finish(self.state)

    def _check_open(self) -> None:
        if self._is_finished:
            raise ValueError("the stream was finished; begin another one with recognizer.stream()")


def push_all(streams: Sequence[Stream], chunks: Sequence[npt.ArrayLike]) -> list[StreamScores]:
    """Hear what comes next in many streams of one recognizer together, which takes less time than one by one.

    Args:
        streams: They must have been made with the same settings.
        chunks: `(samples,)` for each of them, of any lengths.

    Raises:
        ValueError: As of `Stream.push`, or streams that do not go together.
        TypeError: Not floating-point numbers.
    """
    if len(streams) != len(chunks):
        raise ValueError(f"{len(chunks)} chunks for {len(streams)} streams; give one for each")
    if not streams:
        return []
    listener = streams[0].listener
    if any(stream.listener is not listener for stream in streams):
        raise ValueError("the streams differ in recognizer or settings; push those together that have the same")
    checked = [_checked(chunk) for chunk in chunks]
    for stream in streams:
        stream._check_open()
    scores, states = listener.step(checked, [stream.state for stream in streams])
    for stream, state in zip(streams, states, strict=True):
        stream.state = state
    return scores


def _checked(chunk: npt.ArrayLike) -> Array:
    array = np.asarray(chunk)
    if array.dtype.kind != "f":
        raise TypeError(
            f"a chunk of {array.dtype}; floating-point samples of about -1 to 1 are needed (16-bit integers divided by "
            "32768)"
        )
    if array.ndim != 1:
        raise ValueError(f"a chunk of shape {array.shape}; mono samples are needed, (samples,)")
    # NaN is neither below nor above, so it is refused here too.
    if array.size and not max(array.max(), -array.min()) <= MAX_PEAK:
        raise ValueError(
            f"a chunk holds NaN, infinity or values beyond {MAX_PEAK:.0e}; sound is finite and within about -1 to 1"
        )
    return array.astype(np.float32, copy=False)
