"""From the verdicts of reviewers to a clip list: confirmed clips with their classes, rejected ones without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from panns.data.annotations import AnnotatedSound
from panns.data.clips.clip import Clip
from panns.data.review.clip_folder import read_records
from panns.data.review.clip_table import read_reviews
from panns.data.review.comparison import Comparison, compare_annotations
from panns.data.review.detected_clips import DetectedClip, label_in_names
from panns.data.review.overlaps import LabelledStretches, Stretch
from panns.data.review.verdicts import KnownClasses, Verdict, parse_verdict, sorted_verdicts
from panns.errors import DataError
from panns.system.files import is_file, relative_path

_NOTHING = LabelledStretches()


@dataclass(frozen=True)
class Review:
    """A reviewed folder of clips.

    Attributes:
        clips: The decided clips, for a list in a certain folder.
        n_confirmed: Clips whose detected class was right, by class.
        n_rejected: Clips whose detected class was wrong, by detected class.
        n_other: Clips in which a reviewer heard other classes, by those classes; missed events are among them.
        n_open: Clips that nobody has decided on.
        n_missing: Clips that are gone from the folder or from a table, and are not used.
        unknown: Sounds in annotation files that no clip was cut from.
        unreviewed: Sounds in annotation files that nobody has annotated.
        lost: Clips that cannot be used, because neither their file nor their recording is there.
        overlapping: Clips left out because they overlap a detection of a class of the list that nobody has decided on.
    """

    clips: tuple[Clip, ...]
    n_confirmed: Mapping[str, int]
    n_rejected: Mapping[str, int]
    n_other: Mapping[str, int]
    n_open: int
    n_missing: int
    unknown: tuple[str, ...]
    unreviewed: tuple[str, ...]
    lost: tuple[str, ...]
    overlapping: tuple[str, ...]


def review_clips(
    folder: Path,
    annotations: Sequence[AnnotatedSound],
    list_folder: Path,
    *,
    is_complete: bool = False,
    rejected_label: str = "",
) -> Review:
    """Collect the verdicts on the clips of a folder.

    Args:
        folder: A folder that `ClipFolder` wrote. Its clips may have been sorted into folders, and the column `review`
            of its table filled.
        annotations: Sounds annotated in other programs: clips, or the recordings.
        list_folder: Folder of the clip list, from which paths start.
        is_complete: True if the review is finished: a clip without a mark is right, and one that is gone is wrong. With
            annotations, only clips of the sounds that they name are right.
        rejected_label: Label of rejected clips, for a model with one class per clip; "" for none.

    Raises:
        DataError: The folder is not one of clips, nothing is decided, or two verdicts on a clip differ.
    """
    detected = {one.clip: one for one in read_records(folder)}
    known = KnownClasses({one.label: one.label_zh for one in detected.values()})
    reviews = read_reviews(folder)
    places, by_folder = sorted_verdicts(
        folder, detected, known, {label_in_names(one.label): one.label for one in detected.values()}
    )
    by_table = {
        name: verdict
        for name, text in reviews.items()
        if name in detected and (verdict := parse_verdict(text, detected[name].label, known)) is not None
    }
    compared = compare_annotations(annotations, list(detected.values()), known)
    verdicts = _merge(by_folder, by_table, compared.verdicts)
    gone = {name for name in detected if name not in places or name not in reviews} | compared.removed
    gone -= verdicts.keys()
    unsure = {name for name, text in reviews.items() if text and name not in verdicts}
    unmarked = detected.keys() - verdicts.keys() - gone - unsure
    if is_complete:
        verdicts |= dict.fromkeys(gone, Verdict(()))
        # A table does not name a recording whose events were all removed from it, so what it does not name stays open.
        right = unmarked & compared.unchanged if annotations else unmarked
        verdicts |= {name: Verdict((detected[name].label,)) for name in right}
    if not verdicts and not compared.added:
        raise DataError(
            f"nobody has decided on any of {len(detected)} clips in {folder}: sort them into the folders confirmed and "
            "rejected, or fill the column review; add --complete if what is left is right and what is gone is wrong"
        )
    a_clip_of = {one.recording: one for one in detected.values()}
    recordings = {recording: _find_recording(folder, one) for recording, one in a_clip_of.items()}
    review = _collect(
        detected,
        verdicts,
        compared,
        _Listing(places, recordings, list_folder),
        n_missing=0 if is_complete else len(gone),
        rejected_label=rejected_label,
    )
    if not review.clips:
        raise DataError(
            f"none of the decided clips in {folder} can be used: {len(review.lost)} have neither their file nor their "
            f"recording, and {len(review.overlapping)} lie beside a detection that nobody has decided on; put the "
            "recordings where they were, or decide on more clips"
        )
    return review


def _merge(*sources: Mapping[str, Verdict]) -> dict[str, Verdict]:
    merged: dict[str, Verdict] = {}
    for verdicts in sources:
        for name, verdict in verdicts.items():
            if set(merged.setdefault(name, verdict).labels) != set(verdict.labels):
                one, other = (" and ".join(found.labels) or "rejected" for found in (merged[name], verdict))
                raise DataError(f"{name} has two verdicts, {one} and {other}; correct the folder or the table")
    return merged


def _collect(
    detected: Mapping[str, DetectedClip],
    verdicts: Mapping[str, Verdict],
    compared: Comparison,
    listing: _Listing,
    *,
    n_missing: int,
    rejected_label: str,
) -> Review:
    """The decided clips, with the classes that are known to be in each, and what became of the others."""
    counts = _count(detected, verdicts, compared)
    sounding = _sounding(detected, verdicts, compared)
    undecided = _undecided(detected, verdicts, counts.confirmed.keys() | counts.other.keys())
    clips: list[Clip] = []
    lost, overlapping = [], []
    for name in sorted(verdicts):
        one, verdict = detected[name], verdicts[name]
        where = one.clip_onset_s, one.clip_offset_s
        beside = set(undecided.get(one.recording, _NOTHING).labels_in(where))
        if beside - {one.label, *verdict.labels}:
            overlapping.append(name)
            continue
        labels = _labels(where, verdict.labels, sounding.get(one.recording, _NOTHING))
        clip = listing.clip(name, one.recording, where, labels or ((rejected_label,) if rejected_label else ()))
        if clip is None:
            lost.append(name)
        else:
            clips.append(clip)
    for recording, event in compared.added:
        where = event.onset_s, event.offset_s
        clip = listing.stretch(recording, where, _labels(where, (event.label,), sounding[recording]))
        if clip is None:
            lost.append(f"{recording} at {event.onset_s:.2f} s")
        else:
            clips.append(clip)
    return Review(
        tuple(clips),
        counts.confirmed,
        counts.rejected,
        counts.other,
        n_open=len(detected) - len(verdicts) - n_missing,
        n_missing=n_missing,
        unknown=tuple(compared.unknown),
        unreviewed=tuple(compared.unreviewed),
        lost=tuple(lost),
        overlapping=tuple(overlapping),
    )


@dataclass(frozen=True)
class _Counts:
    """Numbers of clips by class, as in `Review`."""

    confirmed: Counter[str]
    rejected: Counter[str]
    other: Counter[str]


def _count(detected: Mapping[str, DetectedClip], verdicts: Mapping[str, Verdict], compared: Comparison) -> _Counts:
    counts = _Counts(Counter(), Counter(), Counter())
    for name, verdict in verdicts.items():
        label = detected[name].label
        (counts.confirmed if label in verdict.labels else counts.rejected)[label] += 1
        counts.other.update(found for found in verdict.labels if found != label)
    counts.other.update(event.label for _, event in compared.added)
    return counts


def _sounding(
    detected: Mapping[str, DetectedClip], verdicts: Mapping[str, Verdict], compared: Comparison
) -> dict[str, LabelledStretches]:
    """Where each class is decided to sound, by recording."""
    heard: dict[str, list[tuple[Stretch, str]]] = {}
    for name, verdict in verdicts.items():
        one = detected[name]
        if name not in compared.annotated:
            heard.setdefault(one.recording, []).extend(((one.onset_s, one.offset_s), found) for found in verdict.labels)
    for recording, event in (*compared.events, *compared.added):
        heard.setdefault(recording, []).append(((event.onset_s, event.offset_s), event.label))
    return {recording: LabelledStretches(stretches) for recording, stretches in heard.items()}


def _undecided(
    detected: Mapping[str, DetectedClip], verdicts: Mapping[str, Verdict], used: Collection[str]
) -> dict[str, LabelledStretches]:
    """Where a class of the list may sound, because nobody has decided on a detection of it, by recording."""
    open_ones: dict[str, list[tuple[Stretch, str]]] = {}
    for name, one in detected.items():
        if name not in verdicts and one.label in used:
            open_ones.setdefault(one.recording, []).append(((one.onset_s, one.offset_s), one.label))
    return {recording: LabelledStretches(stretches) for recording, stretches in open_ones.items()}


@dataclass(frozen=True)
class _Listing:
    """Clips of a list: a file of the folder of clips, or a stretch of its recording.

    Attributes:
        places: Files of clips, by name.
        recordings: Files of recordings, by the path that was given; None for those that are lost.
        list_folder: Folder of the list, from which paths start.
    """

    places: Mapping[str, Path]
    recordings: Mapping[str, Path | None]
    list_folder: Path

    def clip(self, name: str, recording: str, where: Stretch, labels: tuple[str, ...]) -> Clip | None:
        """A detected clip; None if neither its file nor its recording is there."""
        if name in self.places:
            return Clip(relative_path(self.places[name], self.list_folder), labels, source=recording.strip())
        return self.stretch(recording, where, labels)

    def stretch(self, recording: str, where: Stretch, labels: tuple[str, ...]) -> Clip | None:
        """A stretch of a recording; None if the recording is lost."""
        path = self.recordings[recording]
        if path is None:
            return None
        listed = relative_path(path, self.list_folder)
        return Clip(listed, labels, source=recording.strip(), onset_s=where[0], offset_s=where[1])


def _labels(where: Stretch, own: Sequence[str], sounding: LabelledStretches) -> tuple[str, ...]:
    """Classes in a stretch: its own, and those that are decided to be in it by other clips."""
    return tuple(dict.fromkeys([*own, *sounding.labels_in(where)]))


def _find_recording(folder: Path, clip: DetectedClip) -> Path | None:
    """The recording of a clip: where it lay as seen from the folder of clips, as it was given, or beside the folder."""
    name = clip.recording.replace("\\", "/").rpartition("/")[2]
    candidates = [Path(clip.recording), folder.resolve().parent / clip.recording, folder.resolve().parent / name]
    if clip.recording_path:
        candidates.insert(0, folder.resolve() / clip.recording_path)
    return next((path for path in candidates if is_file(path)), None)
