"""What sounds when: the events in a sound, from the frame scores of a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from panns.audio import AudioStream
from panns.defaults import DEFAULT_THRESHOLD
from panns.events import EventConfig, EventTracker
from panns.models.checkpoint import Manifest
from panns.results import Array, Detection, Event, Scores
from panns.runtime.model import Model
from panns.runtime.windows import Window
from panns.tasks.progress import OnProgress, ignore_progress


def detect(
    model: Model,
    stream: AudioStream,
    *,
    threshold: float | None = None,
    config: EventConfig | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Detection:
    """The events in a sound of any length, which is heard window by window; only they are kept of it.

    Args:
        model: The model.
        stream: The sound, at the model's rate.
        threshold: From which probability a class sounds, for all classes; None for the model's own thresholds.
        config: What makes an event.
        on_progress: Called after every window with the seconds heard and those declared by the source, if it says so.

    Raises:
        ValueError: The model has no frame scores, or the threshold is no probability.
    """
    manifest = model.manifest
    hop_s = manifest.config.frame_hop_s
    if hop_s is None:
        raise ValueError(
            f"{manifest.architecture} scores whole clips and does not say when; use a model with frame scores "
            "(`panns models list`), such as builtin"
        )
    tracker = EventTracker(thresholds_of(manifest, threshold), hop_s, config or EventConfig())
    state, found = tracker.initial_state(), []
    for window in model.windows(stream):
        probs, onsets_s = frames_of(window, model.score(window.waveform[None]), manifest)
        ended, state = tracker.push(state, probs, onsets_s)
        found += ended
        on_progress(stream.duration_s, stream.declared_duration_s)
    found += tracker.finish(state, stream.duration_s)
    found.sort(key=lambda event: (event.onset_s, event.class_index))
    return Detection(
        file=stream.name,
        duration_s=stream.duration_s,
        model=manifest.architecture,
        events=tuple(
            Event.of(manifest.labels[event.class_index], event.onset_s, event.offset_s, event.score) for event in found
        ),
        warnings=stream.warnings,
    )


def thresholds_of(manifest: Manifest, threshold: float | None) -> Array:
    """From which probability each class sounds, `(classes,)`: one for all if given, else the model's own, else 0.5."""
    if threshold is None and manifest.thresholds is not None:
        return np.asarray(manifest.thresholds, np.float32)
    return np.full(len(manifest.labels), DEFAULT_THRESHOLD if threshold is None else threshold, np.float32)


def frames_of(window: Window, scores: Scores, manifest: Manifest) -> tuple[Array, npt.NDArray[np.float64]]:
    """The frames that begin within a window, `(frames, classes)`, and when they do in the sound.

    The last one of a network's map may begin where the next window does; what was padded is no sound either.
    """
    hop_s = manifest.config.frame_hop_s
    assert hop_s is not None
    assert scores.frame_probs is not None
    probs = scores.frame_probs[0]
    onsets_s = np.arange(len(probs), dtype=np.float64) * hop_s
    n_within = int(np.searchsorted(onsets_s, len(window.waveform) / manifest.sample_rate - 1e-9))
    onsets_s += window.onset_sample / manifest.sample_rate
    return probs[:n_within], onsets_s[:n_within]
