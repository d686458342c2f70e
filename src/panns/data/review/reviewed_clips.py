"""From the verdicts of reviewers to a clip list: confirmed clips with their classes, rejected ones without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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
    review = _collect(
        detected,
        places,
        {name: _find_recording(folder, one) for name, one in {one.recording: one for one in detected.values()}.items()},
        verdicts,
        compared,
        list_folder,
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
    places: Mapping[str, Path],
    recordings: Mapping[str, Path | None],
    verdicts: Mapping[str, Verdict],
    compared: Comparison,
    list_folder: Path,
    *,
    n_missing: int,
    rejected_label: str,
) -> Review:
    confirmed, rejected, other = Counter[str](), Counter[str](), Counter[str]()
    for name, verdict in verdicts.items():
        label = detected[name].label
        (confirmed if label in verdict.labels else rejected)[label] += 1
        other.update(found for found in verdict.labels if found != label)
    other.update(event.label for _, event in compared.added)
    used = confirmed.keys() | other.keys()
    heard: dict[str, list[tuple[Stretch, str]]] = {}
    for name, verdict in verdicts.items():
        one = detected[name]
        if name not in compared.annotated:
            heard.setdefault(one.recording, []).extend(((one.onset_s, one.offset_s), found) for found in verdict.labels)
    for recording, event in (*compared.events, *compared.added):
        heard.setdefault(recording, []).append(((event.onset_s, event.offset_s), event.label))
    undecided: dict[str, list[tuple[Stretch, str]]] = {}
    for name, one in detected.items():
        if name not in verdicts and one.label in used:
            undecided.setdefault(one.recording, []).append(((one.onset_s, one.offset_s), one.label))
    sounding = {recording: LabelledStretches(stretches) for recording, stretches in heard.items()}
    open_ones = {recording: LabelledStretches(stretches) for recording, stretches in undecided.items()}
    nothing = LabelledStretches()
    clips, lost, overlapping = [], [], []
    for name in sorted(verdicts):
        one = detected[name]
        where = one.clip_onset_s, one.clip_offset_s
        beside = set(open_ones.get(one.recording, nothing).labels_in(where))
        if beside - {one.label, *verdicts[name].labels}:
            overlapping.append(name)
            continue
        labels = _labels(where, verdicts[name].labels, sounding.get(one.recording, nothing))
        labels = labels or ((rejected_label,) if rejected_label else ())
        path = recordings[one.recording]
        if name in places:
            clips.append(Clip(relative_path(places[name], list_folder), labels, source=one.recording.strip()))
        elif path is not None:
            listed = relative_path(path, list_folder)
            clips.append(Clip(listed, labels, source=one.recording.strip(), onset_s=where[0], offset_s=where[1]))
        else:
            lost.append(name)
    for recording, event in compared.added:
        where = event.onset_s, event.offset_s
        path = recordings[recording]
        if path is None:
            lost.append(f"{recording} at {event.onset_s:.2f} s")
            continue
        labels = _labels(where, (event.label,), sounding[recording])
        listed = relative_path(path, list_folder)
        clips.append(Clip(listed, labels, source=recording.strip(), onset_s=where[0], offset_s=where[1]))
    return Review(
        tuple(clips),
        confirmed,
        rejected,
        other,
        n_open=len(detected) - len(verdicts) - n_missing,
        n_missing=n_missing,
        unknown=tuple(compared.unknown),
        unreviewed=tuple(compared.unreviewed),
        lost=tuple(lost),
        overlapping=tuple(overlapping),
    )


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
