"""Frame scores of many sounds with timed events: scoring in parallel, every unreadable sound named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from panns.errors import DataError, PannsError
from panns.evaluation.categories import Categories, LabelledClip
from panns.evaluation.clip_scoring import Failure
from panns.evaluation.detection_measures import FrameProbs
from panns.metrics import ClipEvents
from panns.system.arrays import Array
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress

SelectClasses: TypeAlias = Callable[[Array], Array]
"""From probabilities `(frames, classes)` of the model to those of the evaluated classes."""
ScoreSound: TypeAlias = Callable[[int, SelectClasses], FrameProbs]


class TimedEvent(Protocol):
    """A labelled event of a sound."""

    @property
    def label(self) -> str:
        """Name of the class."""
        ...

    @property
    def onset_s(self) -> float:
        """Start time in seconds."""
        ...

    @property
    def offset_s(self) -> float:
        """End time in seconds."""
        ...


class TimedClip(LabelledClip, Protocol):
    """A sound with timed events, whose labels are those of its events."""

    @property
    def events(self) -> Sequence[TimedEvent]:
        """Events of all classes."""
        ...


@dataclass(frozen=True)
class DetectionScores:
    """Frame probabilities of the sounds that could be read, beside their events.

    Attributes:
        classes: `(evaluated,)`, indices of the categories that occur in the sounds.
        truth: `(class, onset_s, offset_s)` of every event of every sound; `class` is a place in `classes`.
        frames: Frame probabilities of every sound, for `classes` only.
        failures: The sounds that could not be measured.
    """

    classes: npt.NDArray[np.intp]
    truth: list[ClipEvents]
    frames: list[FrameProbs]
    failures: tuple[Failure, ...]


def score_detection(
    score_sound: ScoreSound,
    clips: Sequence[TimedClip],
    categories: Categories,
    *,
    n_threads: int = 1,
    allows_failures: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> DetectionScores:
    """Score sounds frame by frame. Memory holds the scores of the classes that occur in the sounds.

    Args:
        score_sound: Function from the index of a sound and a function `select` to the sound's frame probabilities. It
            passes the model's probabilities `(frames, classes)` of every stretch of the sound through `select`, which
            keeps the evaluated classes. Called from several threads.
        clips: The sounds.
        categories: The classes to evaluate.
        n_threads: Number of sounds that are scored at the same time.
        allows_failures: True to leave out and report sounds that cannot be measured.
        on_progress: Called after every sound.

    Raises:
        UnknownLabel: An event has a label outside the categories.
        DataError: There are no events, or a sound ends before one of its events and `allows_failures` is False.
        PannsError: A sound cannot be read and `allows_failures` is False, or no sound can be read.
    """
    classes = np.flatnonzero(categories.targets(clips).any(axis=0))
    if not len(classes):
        raise DataError(f"none of {len(clips)} sounds has an event; at least one event is needed")
    place_of_class = {int(index): place for place, index in enumerate(classes)}

    def select(probs: Array) -> Array:
        return categories.scores(probs)[:, classes]

    def score(i: int) -> tuple[ClipEvents, FrameProbs] | Failure:
        events = [
            (place_of_class[categories.labels.find(event.label).index], event.onset_s, event.offset_s)
            for event in clips[i].events
        ]
        try:
            frames = score_sound(i, select)
            if not len(frames.probs):
                raise DataError(f"{clips[i].path} is too short for a single frame; leave it out")
            _check_inside(clips[i].path, events, frames.duration_s)
        except PannsError as error:
            if not allows_failures:
                raise
            return Failure(clips[i].path, str(error))
        return events, frames

    truth: list[ClipEvents] = []
    all_frames: list[FrameProbs] = []
    failures: list[Failure] = []
    with closing(ordered_map(score, range(len(clips)), n_threads=n_threads, n_ahead=2 * n_threads)) as results:
        for n_done, result in enumerate(results, start=1):
            if isinstance(result, Failure):
                failures.append(result)
            else:
                truth.append(result[0])
                all_frames.append(result[1])
            on_progress(Progress(n_done, len(clips), "clips", "scoring"))
    if not truth:
        raise DataError(f"none of {len(clips)} sounds can be measured; the first: {failures[0].reason}")
    return DetectionScores(classes, truth, all_frames, tuple(failures))


def _check_inside(path: str, events: ClipEvents, duration_s: float) -> None:
    late = next((event for event in events if event[1] >= duration_s), None)
    if late is not None:
        raise DataError(
            f"{path}: an event begins at {late[1]:g} s, but the sound lasts only {duration_s:g} s; correct the table, "
            "or give the whole sound"
        )
