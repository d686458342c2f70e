"""Asking a model about sounds with timed events, side by side, each failure named, and measuring what it heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Protocol, TypeAlias

import numpy as np

from panns.errors import DataError, PannsError
from panns.evaluation.categories import Categories, LabelledClip
from panns.evaluation.clip_scores import Failure
from panns.evaluation.clips import check_thresholds
from panns.evaluation.detection import DetectionEvaluation, ScoredFrames, measure_detection
from panns.events import EventConfig
from panns.labels import LabelSet
from panns.metrics import ClipEvents
from panns.results import Array
from panns.system.defaults import DEFAULT_THRESHOLD
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress

Pick: TypeAlias = Callable[[Array], Array]
Hear: TypeAlias = Callable[[int, Pick], ScoredFrames]


class TimedEvent(Protocol):
    """What is heard in a stretch of a sound."""

    @property
    def label(self) -> str:
        """Its name."""
        ...

    @property
    def onset_s(self) -> float:
        """From when on."""
        ...

    @property
    def offset_s(self) -> float:
        """To when."""
        ...


class TimedClip(LabelledClip, Protocol):
    """A sound of which is known when something is heard in it; its labels are those of its events."""

    @property
    def events(self) -> Sequence[TimedEvent]:
        """Of every class."""
        ...


def evaluate_detection(
    hear: Hear,
    clips: Sequence[TimedClip],
    labels: LabelSet,
    *,
    thresholds: float | Sequence[float] = DEFAULT_THRESHOLD,
    mapping: Mapping[str, Sequence[str]] | None = None,
    config: EventConfig | None = None,
    n_threads: int = 1,
    allows_failures: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> DetectionEvaluation:
    """Ask a model about sounds and measure the events that it finds, of the classes that occur in them.

    Only the scores of these classes are kept of a sound.

    Args:
        hear: Takes the number of a sound, and what is to be called with the probabilities `(frames, classes)` of every
            stretch of it to get those that are wanted; returns these of the whole sound. Called from several threads.
        clips: The sounds.
        labels: The model's classes.
        thresholds: From which probability a class sounds: one for all, or one for each of `labels`, or of the mapping.
        mapping: For events whose labels are not the model's classes, the classes that mean each; in a frame, the score
            of a label is the highest of its classes.
        config: What makes an event; None for the usual.
        n_threads: How many sounds are heard at once.
        allows_failures: Whether sounds that cannot be measured are left out and reported.
        on_progress: Called after every sound with how many are done and how many there are.

    Raises:
        UnknownLabel: An event has a label that is not among those measured, or the mapping names an unknown class.
        DataError: There is no event; or a sound is over before one of its events, and that is not allowed.
        PannsError: A sound cannot be read, and that is not allowed; or none can.
    """
    categories = Categories(labels) if mapping is None else Categories.mapped(mapping, labels)
    measured = np.flatnonzero(categories.targets(clips).any(axis=0))
    if not len(measured):
        raise DataError(f"none of {len(clips)} sounds has an event; nothing can be measured without")
    limits = check_thresholds(thresholds, len(categories.labels))[measured]
    place_of = {int(index): place for place, index in enumerate(measured)}

    def pick(probs: Array) -> Array:
        return categories.scores(probs)[:, measured]

    def answer(i: int) -> tuple[ClipEvents, ScoredFrames] | Failure:
        events = [
            (place_of[categories.labels.find(one.label).index], one.onset_s, one.offset_s) for one in clips[i].events
        ]
        try:
            heard = hear(i, pick)
            if not len(heard.probs):
                raise DataError(f"{clips[i].path} is too short for a single score frame; leave it out")
            _check_inside(clips[i].path, events, heard.duration_s)
        except PannsError as error:
            if not allows_failures:
                raise
            return Failure(clips[i].path, str(error))
        return events, heard

    answers: list[tuple[ClipEvents, ScoredFrames]] = []
    failures: list[Failure] = []
    with closing(ordered_map(answer, range(len(clips)), n_threads=n_threads, n_ahead=2 * n_threads)) as results:
        for n_done, one in enumerate(results, start=1):
            if isinstance(one, Failure):
                failures.append(one)
            else:
                answers.append(one)
            on_progress(Progress(n_done, len(clips), "clips", "asking the model"))
    if not answers:
        raise DataError(f"none of {len(clips)} sounds can be measured; the first: {failures[0].reason}")
    return measure_detection(
        [events for events, _ in answers],
        [heard for _, heard in answers],
        [categories.labels[int(index)] for index in measured],
        limits,
        config=config,
        failures=tuple(failures),
    )


def _check_inside(path: str, events: ClipEvents, duration_s: float) -> None:
    late = next((event for event in events if event[1] >= duration_s), None)
    if late is not None:
        raise DataError(
            f"{path}: an event begins at {late[1]:g} s, and the sound lasts {duration_s:g} s; correct the table, or "
            "give the whole sound"
        )
