"""Compare annotation files of reviewers with the clips that were detected."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath, PureWindowsPath

from panns.audio.sound_files import SOUND_SUFFIXES
from panns.data.annotations import AnnotatedSound, Annotation
from panns.data.review.detected_clips import DetectedClip
from panns.data.review.overlaps import LabelledStretches
from panns.data.review.verdicts import KnownClasses, Verdict, parse_verdict

# Two stretches are the same event if they overlap by at least this share of the time that both cover together.
_SAME_EVENT = 0.5
_UNMOVED_S = 0.002


@dataclass
class Comparison:
    """Verdicts on detected clips, from annotations.

    Attributes:
        verdicts: Verdicts by name of the clip.
        unchanged: Clips whose event is there as it was, without a mark.
        removed: Clips whose event is gone.
        added: Recordings and events that were not detected.
        events: Recordings and events of clips with a verdict, at the times that the reviewer gave them.
        annotated: Clips with a verdict whose classes are among `events`.
        unknown: Sounds that are neither clips nor recordings of them.
        unreviewed: Sounds that nobody has annotated.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    unchanged: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    added: list[tuple[str, Annotation]] = field(default_factory=list)
    events: list[tuple[str, Annotation]] = field(default_factory=list)
    annotated: set[str] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)
    unreviewed: list[str] = field(default_factory=list)


def compare_annotations(
    sounds: Sequence[AnnotatedSound], clips: Sequence[DetectedClip], known: KnownClasses
) -> Comparison:
    """Find the verdicts in annotations of clips, or of the recordings that the clips were cut from.

    Annotations of a clip are its classes. In a recording, an annotation belongs to the detected event that it overlaps
    by half or more, of its own class if there is one. A clip in which an annotation of its class lies is not removed,
    because a reviewer may have joined or cut events. Recordings that the files do not name were not reviewed.

    Args:
        sounds: Annotations of clips or recordings.
        clips: The detected clips.
        known: All detected classes.
    """
    found = Comparison()
    by_clip = {_stem(clip.clip): clip for clip in clips}
    by_recording: dict[str, list[DetectedClip]] = {}
    for clip in clips:
        by_recording.setdefault(clip.recording, []).append(clip)
    names = _RecordingNames(by_recording)
    for given in sounds:
        named = tuple(replace(one, label=known.name(one.label)) for one in given.annotations)
        sound = replace(given, annotations=named)
        recording = names.find(sound.file)
        if not sound.is_reviewed:
            found.unreviewed.append(sound.file)
        elif (of_clip := by_clip.get(_stem(sound.file))) is not None:
            _compare_clip(of_clip, sound, known, found)
        elif recording is not None:
            _compare_recording(recording, by_recording[recording], sound, known, found)
        else:
            found.unknown.append(sound.file)
    return found


def _compare_clip(clip: DetectedClip, sound: AnnotatedSound, known: KnownClasses, found: Comparison) -> None:
    annotations = sound.annotations
    marks = [verdict for one in annotations if (verdict := parse_verdict(one.review, clip.label, known)) is not None]
    if marks:
        found.verdicts[clip.clip] = Verdict(tuple(dict.fromkeys(label for mark in marks for label in mark.labels)))
    elif any(one.review for one in annotations):
        return  # unsure
    elif not annotations:
        found.removed.add(clip.clip)
    elif sound.is_marked or {one.label for one in annotations} == {clip.label}:
        found.unchanged.add(clip.clip)
    else:
        found.verdicts[clip.clip] = Verdict(tuple(dict.fromkeys(one.label for one in annotations)))


def _compare_recording(
    recording: str, clips: Sequence[DetectedClip], sound: AnnotatedSound, known: KnownClasses, found: Comparison
) -> None:
    annotations = sound.annotations
    pairs = _pair(clips, annotations)
    decided = [_decided(one, sound, known) for one in annotations]
    verdict_of = {id(one): verdict for one, verdict in zip(annotations, decided, strict=True)}
    sounding = LabelledStretches(
        ((one.onset_s, one.offset_s), label)
        for one, verdict in zip(annotations, decided, strict=True)
        for label in (verdict.labels if verdict is not None else ())
    )
    undecided = LabelledStretches(
        ((one.onset_s, one.offset_s), one.label)
        for one, verdict in zip(annotations, decided, strict=True)
        if verdict is None
    )
    heard: set[int] = set()  # annotations of clips with a verdict
    for clip in clips:
        one = pairs.get(clip.clip)
        # A long event was cut into several clips, and its annotation may end before the last of them.
        if one is None or min(one.offset_s, clip.offset_s) <= max(one.onset_s, clip.onset_s):
            _compare_unpaired(clip, sounding, undecided, found)
            continue
        verdict = verdict_of[id(one)]
        is_as_detected = sound.is_marked or (one.label == clip.label and _is_unmoved(one, clip))
        if not one.review and is_as_detected:
            found.unchanged.add(clip.clip)
        elif verdict is not None:
            found.verdicts[clip.clip] = verdict
            found.annotated.add(clip.clip)
            heard.add(id(one))
    used = {id(one) for one in pairs.values()}
    for one, verdict in zip(annotations, decided, strict=True):
        events = [
            (recording, Annotation(label, one.onset_s, one.offset_s)) for label in (verdict.labels if verdict else ())
        ]
        if id(one) in heard:
            found.events += events
        elif id(one) not in used:
            found.added += events


def _decided(one: Annotation, sound: AnnotatedSound, known: KnownClasses) -> Verdict | None:
    """Classes of an annotation by a person; None for what a program wrote, or a person is unsure about."""
    if one.review:
        return parse_verdict(one.review, one.label, known)
    return None if sound.is_marked else Verdict((one.label,))


def _compare_unpaired(
    clip: DetectedClip, sounding: LabelledStretches, undecided: LabelledStretches, found: Comparison
) -> None:
    """A clip whose event is not there: it was removed, or a reviewer joined it with others or cut it."""
    where = clip.onset_s, clip.offset_s
    parts_s = [part_s for part_s, label in sounding.parts_in(where) if label == clip.label]
    if parts_s and max(parts_s) >= _SAME_EVENT * (clip.offset_s - clip.onset_s):
        found.verdicts[clip.clip] = Verdict((clip.label,))
    elif not parts_s and clip.label not in undecided.labels_in(where):
        found.removed.add(clip.clip)
    # else the clip may hold a little of its class, which makes it an example neither of it nor against it


def _pair(clips: Sequence[DetectedClip], annotations: Sequence[Annotation]) -> dict[str, Annotation]:
    """The annotation of each clip: of its class first, then of any, those with the largest overlap first."""
    by_onset = sorted(clips, key=lambda clip: clip.event_onset_s)
    onsets = [clip.event_onset_s for clip in by_onset]

    def near(one: Annotation) -> Sequence[DetectedClip]:
        """Clips that may be of an event: together they cover at most its duration over the share, to either side."""
        longest_s = (one.offset_s - one.onset_s) / _SAME_EVENT
        first = bisect_left(onsets, one.offset_s - longest_s - _UNMOVED_S)
        return by_onset[first : bisect_left(onsets, one.offset_s)]

    candidates = sorted(
        (one.label != clip.label, -share, number, clip.clip)
        for number, one in enumerate(annotations)
        for clip in near(one)
        if (share := _overlap(clip, one)) >= _SAME_EVENT
    )
    pairs: dict[str, Annotation] = {}
    taken: dict[int, tuple[str, float]] = {}
    events = {clip.clip: (clip.label, clip.event_onset_s) for clip in clips}
    for _, _, number, name in candidates:
        # A long event was cut into several clips, which share its annotation.
        if name not in pairs and taken.setdefault(number, events[name]) == events[name]:
            pairs[name] = annotations[number]
    return pairs


def _overlap(clip: DetectedClip, one: Annotation) -> float:
    """Common time of an event and an annotation over the time of both."""
    common_s = min(clip.event_offset_s, one.offset_s) - max(clip.event_onset_s, one.onset_s)
    return common_s / (max(clip.event_offset_s, one.offset_s) - min(clip.event_onset_s, one.onset_s))


def _is_unmoved(one: Annotation, clip: DetectedClip) -> bool:
    moves_s = abs(one.onset_s - clip.event_onset_s), abs(one.offset_s - clip.event_offset_s)
    return max(moves_s) < _UNMOVED_S


class _RecordingNames:
    """Finds the recording that another program names: by path, name, name without suffix, or name and folder."""

    def __init__(self, recordings: Iterable[str]) -> None:
        ways: tuple[Callable[[str], object], ...] = (str, _name, _stem, _name_and_folder)
        self._named: list[tuple[Callable[[str], object], dict[object, list[str]]]] = [(way, {}) for way in ways]
        for recording in recordings:
            for way, named in self._named:
                named.setdefault(way(recording), []).append(recording)

    def find(self, file: str) -> str | None:
        """The recording; None if none or several have the name."""
        for way, named in self._named:
            found = named.get(way(file), ())
            if len(found) == 1:
                return found[0]
        return None


def _name_and_folder(file: str) -> tuple[str, ...]:
    return tuple(file.replace("\\", "/").split("/")[-2:])


def _name(file: str) -> str:
    return PureWindowsPath(file).name if "\\" in file else PurePath(file).name


def _stem(file: str) -> str:
    name = _name(file)
    suffix = PurePath(name).suffix  # names of clips have a point in their time
    return name[: -len(suffix)] if suffix.lower() in SOUND_SUFFIXES else name
