"""Detection in a whole sound: its events, or its frame scores.

A file goes through a stream in chunks, so its frames and events equal those of the same sound in a live stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import numpy as np

from panns.audio import Sound
from panns.detection.detector import Detector
from panns.detection.exact_calls import MAX_CALL_S
from panns.detection.stream import Stream
from panns.results import Detection, Event, SoundFrames, StreamScores
from panns.system.arrays import Array
from panns.system.progress import OnProgress, Progress, ignore_progress

Keep: TypeAlias = Callable[[Array], Array]
"""Selects from the probabilities `(frames, classes)` of a chunk; returns one row per frame."""


def keep_all(probs: Array) -> Array:
    """Keep all classes."""
    return probs


def detect(detector: Detector, sound: Sound, *, on_progress: OnProgress = ignore_progress) -> Detection:
    """Detect the events in a sound of any length; memory does not grow with its length.

    Args:
        detector: Model and settings, for the rate of the sound.
        sound: The sound, at its own rate.
        on_progress: Called after every chunk.
    """
    events: list[Event] = []
    for scores in _push_chunks(detector, sound, on_progress):
        events += scores.events
    events.sort(key=lambda event: (event.onset_s, event.index))
    return Detection(
        file=sound.name,
        duration_s=sound.duration_s,
        model=detector.model.manifest.architecture,
        events=tuple(events),
        warnings=sound.warnings,
        stated_times=sound.stated_times,
    )


def score_frames(
    detector: Detector, sound: Sound, *, keep: Keep = keep_all, on_progress: OnProgress = ignore_progress
) -> SoundFrames:
    """Score the frames of a sound of any length.

    Args:
        detector: Model and settings, for the rate of the sound.
        sound: The sound, at its own rate.
        keep: Selects what stays in memory of every chunk.
        on_progress: Called after every chunk.
    """
    probs, onsets_s = [], []
    for scores in _push_chunks(detector, sound, on_progress):
        probs.append(keep(scores.frame_probs))
        onsets_s.append(scores.frame_onsets_s)
    return SoundFrames(
        file=sound.name,
        duration_s=sound.duration_s,
        model=detector.model.manifest.architecture,
        frame_probs=np.concatenate(probs),
        frame_onsets_s=np.concatenate(onsets_s),
        warnings=sound.warnings,
        stated_times=sound.stated_times,
    )


def _push_chunks(detector: Detector, sound: Sound, on_progress: OnProgress) -> Iterator[StreamScores]:
    stream = Stream(detector)
    # A model with a state is fastest if a chunk fills its longest call.
    for chunk in rechunk(sound, round(MAX_CALL_S * sound.sample_rate)):
        yield stream.push(chunk)
        on_progress(Progress(sound.duration_s, sound.declared_duration_s, "seconds of sound"))
    yield stream.finish()


def rechunk(blocks: Iterable[Array], n_samples: int) -> Iterator[Array]:
    """Cut the samples of blocks into chunks of `n_samples`; the last chunk may be shorter.

    Examples:
        >>> [len(chunk) for chunk in rechunk([np.zeros(3, np.float32)] * 5, 7)]
        [7, 7, 1]
    """
    pending: list[Array] = []
    n_pending = 0
    for block in blocks:
        pending.append(block)
        n_pending += len(block)
        if n_pending >= n_samples:
            samples = np.concatenate(pending)
            n_whole = n_pending - n_pending % n_samples
            yield from np.split(samples[:n_whole], n_whole // n_samples)
            pending, n_pending = [samples[n_whole:]], n_pending - n_whole
    if n_pending:
        yield np.concatenate(pending)
