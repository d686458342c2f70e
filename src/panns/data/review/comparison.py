"""Compare annotation files of reviewers with the clips that were detected."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath, PureWindowsPath

from panns.audio.sound_files import SOUND_SUFFIXES
from panns.data.annotations import AnnotatedSound, Annotation
from panns.data.review.detected_clips import DetectedClip
from panns.data.review.verdicts import Verdict, parse_verdict

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
        unknown: Sounds that are neither clips nor recordings of them.
        unreviewed: Sounds that nobody has annotated.
    """

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    unchanged: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    added: list[tuple[str, Annotation]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unreviewed: list[str] = field(default_factory=list)


def compare_annotations(
    sounds: Sequence[AnnotatedSound], clips: Sequence[DetectedClip], known: Collection[str]
) -> Comparison:
    """Find the verdicts in annotations of clips, or of the recordings that the clips were cut from.

    Annotations of a clip are its classes. In a recording, an annotation belongs to the detected event that it overlaps
    by half or more, of its own class if there is one. Recordings that the files do not name were not reviewed.

    Args:
        sounds: Annotations of clips or recordings.
        clips: The detected clips.
        known: Names of all detected classes.
    """
    found = Comparison()
    by_clip = {_stem(clip.clip): clip for clip in clips}
    by_recording: dict[str, list[DetectedClip]] = {}
    for clip in clips:
        by_recording.setdefault(clip.recording, []).append(clip)
    names = _RecordingNames(by_recording)
    for sound in sounds:
        recording = names.find(sound.file)
        if not sound.is_reviewed:
            found.unreviewed.append(sound.file)
        elif (of_clip := by_clip.get(_stem(sound.file))) is not None:
            _compare_clip(of_clip, sound, known, found)
        elif recording is not None:
            _compare_recording(recording, by_recording[recording], sound.annotations, known, found)
        else:
            found.unknown.append(sound.file)
    return found


def _compare_clip(clip: DetectedClip, sound: AnnotatedSound, known: Collection[str], found: Comparison) -> None:
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
    recording: str,
    clips: Sequence[DetectedClip],
    annotations: Sequence[Annotation],
    known: Collection[str],
    found: Comparison,
) -> None:
    pairs = _pair(clips, annotations)
    for clip in clips:
        one = pairs.get(clip.clip)
        if one is None:
            found.removed.add(clip.clip)
        elif one.review:
            verdict = parse_verdict(one.review, one.label, known)
            if verdict is not None:
                found.verdicts[clip.clip] = verdict
        elif one.label == clip.label and _is_unmoved(one, clip):
            found.unchanged.add(clip.clip)
        else:
            found.verdicts[clip.clip] = Verdict((one.label,))
    used = {id(one) for one in pairs.values()}
    for one in annotations:
        verdict = Verdict((one.label,)) if not one.review else parse_verdict(one.review, one.label, known)
        if id(one) not in used and verdict is not None:
            found.added += [(recording, Annotation(label, one.onset_s, one.offset_s)) for label in verdict.labels]


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
