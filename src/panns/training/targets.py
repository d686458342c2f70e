"""Classes and targets of the clips of a run."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from panns.data.clips.clip import Clip
from panns.errors import DataError, UnknownLabel
from panns.evaluation import Task
from panns.labels import LabelSet, audioset
from panns.training.engine.clip_batches import ClipTargets
from panns.training.settings import DataSettings


def choose_labels(clips: Sequence[Clip], settings: DataSettings, name: str) -> LabelSet:
    """The classes of a run: AudioSet's, or every label of the clips in alphabetical order.

    Args:
        clips: All clips.
        settings: Settings that say which.
        name: Name of a new label set.

    Raises:
        DataError: The clips have no labels.
    """
    if settings.labels == "audioset":
        return audioset()
    names = sorted({label for clip in clips for label in clip.labels})
    if not names:
        raise DataError("no clip has a label; add a column labels, or put the clips into one folder per class")
    return LabelSet.from_names(name, names)


def check_labels(
    labels: LabelSet, train: Sequence[Clip], clips: Sequence[Clip], *, task: Task, settings: DataSettings
) -> None:
    """Refuse classes that no model can learn from the training clips.

    Args:
        labels: The classes.
        train: The training clips.
        clips: All clips.
        task: "single-label" needs two classes.
        settings: Classes taken from the clips must each have a training clip; AudioSet's need not.

    Raises:
        DataError: A class has no training clip, or a single-label task has one class.
    """
    if task == "single-label" and len(labels) < 2:
        raise DataError(f"{labels[0].en!r} is the only class; add clips of another one, such as 'other'")
    if settings.labels != "clips":
        return
    trained = {label for clip in train for label in clip.labels}
    for label in labels:
        if label.en not in trained:
            path = next(clip.path for clip in clips if label.en in clip.labels)
            near = difflib.get_close_matches(label.en, sorted(trained), n=1)
            hint = f"is {near[0]!r} meant? Else " if near else ""
            raise DataError(f"no training clip has the label {label.en!r} of {path}; {hint}add some, or leave it out")


def make_targets(clips: Sequence[Clip], labels: LabelSet, task: Task, *, has_frames: bool) -> ClipTargets:
    """Make the targets of clips from their labels and events.

    Args:
        clips: The clips.
        labels: The classes.
        task: "single-label" demands exactly one label per clip.
        has_frames: True for a loss that compares frame scores with the times of events.

    Raises:
        DataError: A label is not among the classes, a clip of a single-label task has none or several, or frame
            targets are wanted and no clip has events.
    """
    indices: dict[str, int] = {}

    def find(label: str, path: str) -> int:
        if label not in indices:
            try:
                indices[label] = labels.find(label).index
            except UnknownLabel as exc:
                raise DataError(f"{path}: {exc}") from exc
        return indices[label]

    classes = [tuple(find(label, clip.path) for label in clip.labels) for clip in clips]
    if task == "single-label":
        for clip, own in zip(clips, classes, strict=True):
            if len(own) != 1:
                raise DataError(
                    f"{clip.path} has {len(own)} labels, and loss.task='single-label' needs exactly one; "
                    "use 'multi-label', or give the clip one label"
                )
    events = [
        tuple((find(event.label, clip.path), event.onset_s, event.offset_s) for event in clip.events) for clip in clips
    ]
    if has_frames and not any(events):
        raise DataError("loss.frames needs clips with events; add a column events, or set loss.frames=0")
    return ClipTargets(classes, len(labels), events if any(events) else None, has_frames=has_frames)
