"""Timed events of sounds, from an event table or a file of an annotation program, as the truth of an evaluation."""

from __future__ import annotations

import os
from pathlib import Path

from panns.data.annotations.annotation import AnnotatedSound, Annotation
from panns.data.annotations.annotation_file import is_annotation_table, read_annotations, split_header
from panns.data.annotations.sound_finder import SoundFinder
from panns.data.clip_lists.event_table import COLUMNS, read_event_table
from panns.data.clip_lists.text_file import open_text
from panns.data.clips.clip import Clip, ClipList, TimedLabel
from panns.data.review.verdicts import KnownClasses, parse_verdict
from panns.errors import DataError


def read_event_clips(path: str | os.PathLike[str]) -> ClipList:
    """Read timed events as clips, each a whole sound with its events: an event table, or an annotation program's file.

    Raises:
        DataError: The file is damaged, a sound is not found, or nobody has annotated it.
    """
    path = Path(path)
    if path.is_dir() or not path.exists() or _is_event_table(path):
        return read_event_table(path)
    finder = SoundFinder(path.parent)
    clips = []
    for sound in read_annotations(path):
        if not sound.is_reviewed:
            raise DataError(f"{path}: {sound.file} has no annotation yet; annotate it, or remove its task")
        events = tuple(
            sorted(
                (
                    TimedLabel(label.strip(), one.onset_s, one.offset_s)
                    for one in sound.annotations
                    for label in _labels(one, sound, path)
                ),
                key=lambda event: (event.onset_s, event.offset_s, event.label),
            )
        )
        labels = tuple(dict.fromkeys(event.label for event in events))
        clips.append(Clip(os.path.relpath(finder.find(sound.file), path.parent), labels, events=events))
    if not clips:
        raise DataError(f"{path} lists no sounds; give it a row for each event")
    return ClipList(path.parent, tuple(clips))


def _labels(event: Annotation, sound: AnnotatedSound, path: Path) -> tuple[str, ...]:
    """Classes of an event, as far as a person has decided on it."""
    if not event.review and not sound.is_marked:
        return (event.label,)
    verdict = parse_verdict(event.review, event.label, KnownClasses({event.label}))
    if verdict is None:
        raise DataError(
            f"{path}: nobody has decided on {event.label!r} at {event.onset_s:g} s of {sound.file} yet; review it, or "
            "remove its row"
        )
    return verdict.labels


def _is_event_table(path: Path) -> bool:
    """True for a table in the DCASE form, or one that fits no other form."""
    if path.suffix.lower() not in {".csv", ".tsv"}:
        return False
    with open_text(path) as file:
        header, _ = split_header(file.readline())
    return not is_annotation_table(header) or set(COLUMNS) <= {name.strip().lower() for name in header}
