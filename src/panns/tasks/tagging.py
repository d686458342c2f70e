"""What is in a sound: its classes and their probabilities."""

from __future__ import annotations

import numpy as np

from panns.audio import Sound
from panns.labels import LabelSet
from panns.results import Array, Tag, Tagging, TagWindow
from panns.runtime.model import Model
from panns.runtime.pooling import WindowPool
from panns.system.progress import OnProgress, Progress, ignore_progress


def tag(
    model: Model,
    stream: Sound,
    *,
    top: int | None = 5,
    threshold: float | None = None,
    timeline: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> Tagging:
    """The tags of a sound of any length, in memory that does not grow with it.

    Args:
        model: The model.
        stream: The sound, at the model's rate.
        top: At most so many tags; None for all classes.
        threshold: Leave out what is less probable than this.
        timeline: Whether to give the tags of every window too; they do grow with the sound.
        on_progress: Called after every window with the seconds heard and those declared by the source, if it says so.
    """
    manifest = model.manifest
    pool = WindowPool(manifest, keeps_frames=False)
    windows = []
    for window, scores in model.score_windows(model.windows(stream)):
        pool.add(window, scores)
        on_progress(Progress(stream.duration_s, stream.declared_duration_s, "seconds of sound"))
        if timeline:
            tags = tags_from_probs(scores.clip_probs[0], manifest.labels, top=top, threshold=threshold)
            onset_s = window.onset_sample / manifest.sample_rate
            windows.append(TagWindow(onset_s, onset_s + len(window.waveform) / manifest.sample_rate, tags))
    clip_probs = pool.result().clip_probs[0]
    return Tagging(
        file=stream.name,
        duration_s=stream.duration_s,
        model=manifest.architecture,
        tags=tags_from_probs(clip_probs, manifest.labels, top=top, threshold=threshold),
        windows=tuple(windows),
        warnings=stream.warnings,
    )


def tags_from_probs(
    probs: Array, labels: LabelSet, *, top: int | None = 5, threshold: float | None = None
) -> tuple[Tag, ...]:
    """The most probable classes, best first; of equals the first in the label set.

    Args:
        probs: `(classes,)`.
        labels: Their names.
        top: At most so many; None for all.
        threshold: Leave out what is less probable than this.

    Example:
        >>> pets = LabelSet.from_names("pets", ["cat", "dog", "fish"])
        >>> [tag.label for tag in tags_from_probs(np.array([0.2, 0.9, 0.1], dtype=np.float32), pets, top=2)]
        ['dog', 'cat']
    """
    order = np.argsort(-probs, kind="stable")[:top]
    return tuple(
        Tag.of(labels[int(index)], float(probs[index]))
        for index in order
        if threshold is None or probs[index] >= threshold
    )


def check_selection(top: int | None, threshold: float | None) -> None:
    """Refuse a selection of tags that makes no sense.

    Raises:
        ValueError: `top` is below 1, or `threshold` is no probability.
    """
    if top is not None and (not isinstance(top, int) or isinstance(top, bool) or top < 1):
        raise ValueError(f"top={top!r} must be a whole number of at least 1, or None for all classes")
    if threshold is not None and not (isinstance(threshold, int | float) and 0 <= threshold <= 1):
        raise ValueError(f"threshold={threshold!r} must be a probability, 0 to 1")
