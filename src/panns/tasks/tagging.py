"""Tagging: the most probable classes of a sound."""

from __future__ import annotations

import numpy as np

from panns.audio import Sound
from panns.labels import LabelSet
from panns.results import Tag, Tagging, TagWindow
from panns.runtime.model import Model
from panns.runtime.pooling import WindowPool
from panns.system.arrays import Array
from panns.system.progress import OnProgress, Progress, ignore_progress


def tag(
    model: Model,
    sound: Sound,
    *,
    top: int | None = 5,
    threshold: float | None = None,
    timeline: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> Tagging:
    """Tag a sound of any length; memory does not grow with its length.

    Args:
        model: The model.
        sound: The sound, at the model's rate.
        top: Maximum number of tags; None for all classes.
        threshold: Minimum probability of a tag.
        timeline: Add the tags of every window; these grow with the sound.
        on_progress: Called after every window.
    """
    manifest = model.manifest
    pool = WindowPool(manifest, keeps_frames=False)
    windows = []
    for window, scores in model.score_windows(model.windows(sound)):
        pool.add(window, scores)
        on_progress(Progress(sound.duration_s, sound.declared_duration_s, "seconds of sound"))
        if timeline:
            tags = tags_from_probs(scores.clip_probs[0], manifest.labels, top=top, threshold=threshold)
            onset_s = window.onset_sample / manifest.sample_rate
            windows.append(TagWindow(onset_s, onset_s + len(window.waveform) / manifest.sample_rate, tags))
    clip_probs = pool.result().clip_probs[0]
    return Tagging(
        file=sound.name,
        duration_s=sound.duration_s,
        model=manifest.architecture,
        tags=tags_from_probs(clip_probs, manifest.labels, top=top, threshold=threshold),
        windows=tuple(windows),
        warnings=sound.warnings,
        stated_times=sound.stated_times,
    )


def tags_from_probs(
    probs: Array, labels: LabelSet, *, top: int | None = 5, threshold: float | None = None
) -> tuple[Tag, ...]:
    """Select the most probable classes, best first; equal scores keep the order of the label set.

    Args:
        probs: `(classes,)`.
        labels: Their names.
        top: Maximum number of tags; None for all.
        threshold: Minimum probability of a tag.

    Examples:
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
    """Refuse an invalid selection of tags.

    Raises:
        ValueError: `top` is below 1, or `threshold` is out of range.
    """
    if top is not None and (not isinstance(top, int) or isinstance(top, bool) or top < 1):
        raise ValueError(f"top={top!r} must be a whole number of at least 1, or None for all classes")
    if threshold is not None and not (isinstance(threshold, int | float) and 0 <= threshold <= 1):
        raise ValueError(f"threshold={threshold!r} must be a probability, 0 to 1")
