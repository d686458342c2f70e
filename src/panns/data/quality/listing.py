"""Check a clip list without reading any sound: labels, folds, sources and repeated lines."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from panns.data.clip_lists.folders import is_fold_name
from panns.data.clips.clip import Clip, ClipList
from panns.data.clips.naming import n_clips, some_of
from panns.data.quality.findings import Finding
from panns.errors import UnknownLabel
from panns.labels import LabelSet

# Unknown labels that get a finding of their own with a suggestion; more of them mean that the label set is another one.
_N_HINTS = 20
_COMMA = re.compile("[,;]")
_COMMA_WITHOUT_SPACE = re.compile(r"[,;][^\W\d]")
_NUMBER = re.compile(r"\d+(\.\d*)?")


def check_listing(clip_list: ClipList, labels: LabelSet | None, *, min_clips_per_class: int) -> Iterator[Finding]:
    """Check a clip list.

    Args:
        clip_list: The clips.
        labels: Known classes; None for all classes that the clips name.
        min_clips_per_class: Minimum number of clips of a class; smaller classes give a warning.
    """
    counts = Counter(label for clip in clip_list.clips for label in clip.labels)
    yield from _check_class_folders(clip_list.classes, counts)
    if labels is None:
        yield from _check_spellings(counts)
        yield from _find_joined_labels(counts)
    else:
        yield from _compare_with_label_set(clip_list.clips, labels)
    yield from _find_repeated(clip_list)
    yield from _find_unlabelled(clip_list.clips)
    for name, count in sorted(counts.items()):
        if count < min_clips_per_class:
            yield Finding(
                "few clips",
                (),
                f"{name} has {n_clips(count)}; add clips until it has at least {min_clips_per_class}",
            )
    yield from _check_fold_names(clip_list.clips)
    yield from _find_classes_in_one_fold(clip_list.clips)
    yield from _find_sources_in_folds(clip_list.clips)


def place_of(clip_list: ClipList, clip: Clip) -> tuple[str, float, float | None]:
    """File, onset and offset of a clip; equal for a.wav and ./a.wav."""
    return str(clip_list.file(clip)), clip.onset_s or 0.0, clip.offset_s


def _check_class_folders(names: Sequence[str], counts: Counter[str]) -> Iterator[Finding]:
    for name in names:
        if not counts[name]:
            yield Finding("empty class", (), f"the folder {name} is empty; add sounds, or remove it")
    folds = [name for name in names if is_fold_name(name)]
    # A single folder "train" beside other classes may hold sounds of trains.
    if len(folds) > 1 or (folds and len(folds) == len(names)):
        yield Finding(
            "class called a fold",
            (),
            f"{some_of(folds)} hold sounds directly, so their names are classes; if they are folds, put a folder for "
            "every class into each",
        )


def _check_spellings(counts: Counter[str]) -> Iterator[Finding]:
    """Find labels that differ only in upper and lower case, which label sets ignore."""
    of_key: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts):
        of_key[name.casefold()].append(name)
    for names in of_key.values():
        if len(names) > 1:
            given = " and ".join(f"{name} ({n_clips(counts[name])})" for name in names)
            yield Finding("labels alike", (), f"{given} differ only in upper and lower case; use one spelling")


def _find_joined_labels(counts: Counter[str]) -> Iterator[Finding]:
    """Find labels that look like several: "dog,rain", or "dog, rain" if dog is also a label."""
    joined = [
        name
        for name in sorted(counts)
        if _COMMA_WITHOUT_SPACE.search(name)
        or any(part.strip() in counts for part in _COMMA.split(name) if part != name)
    ]
    if joined:
        yield Finding(
            "labels joined",
            (),
            f"{some_of([repr(name) for name in joined])} count as one label each; to give several, separate them by | "
            "(dog|rain) in a column called labels",
        )


def _compare_with_label_set(clips: Sequence[Clip], labels: LabelSet) -> Iterator[Finding]:
    """Find labels that are not in the label set, and classes without a clip."""
    known: set[int] = set()
    unknown: dict[str, list[str]] = defaultdict(list)
    for clip in clips:
        for name in {*clip.labels, *(event.label for event in clip.events)}:
            label = labels.get(name)
            if label is None:
                unknown[name].append(clip.path)
            else:
                known.add(label.index)
    yield from _report_unknown(unknown, labels)
    absent = [label.en for label in labels if label.index not in known]
    if absent:
        yield Finding(
            "absent class",
            (),
            f"{len(absent)} of the {len(labels)} classes have no clips ({some_of(absent)}); add clips, or train "
            "without these classes",
        )


def _report_unknown(files_of: Mapping[str, Sequence[str]], labels: LabelSet) -> Iterator[Finding]:
    """One finding with a suggestion for each of the first unknown labels, and one for all others."""
    names = sorted(files_of)
    for name in names[:_N_HINTS]:
        files = tuple(files_of[name])
        try:
            labels.find(name)
        except UnknownLabel as exc:
            yield Finding("unknown label", files, f"{exc} ({n_clips(len(files))}: {some_of(files)})")
    if more := names[_N_HINTS:]:
        files = tuple(dict.fromkeys(path for name in more for path in files_of[name]))
        yield Finding(
            "unknown label",
            files,
            f"{len(more):,} more labels are not in {labels.name!r}: {some_of(more)} ({n_clips(len(files))}: "
            f"{some_of(files)})",
        )


def _find_repeated(clip_list: ClipList) -> Iterator[Finding]:
    """Find stretches of a file that the list repeats."""
    at_place: dict[tuple[str, float, float | None], list[Clip]] = defaultdict(list)
    for clip in clip_list.clips:
        at_place[place_of(clip_list, clip)].append(clip)
    for several in at_place.values():
        if len(several) == 1:
            continue
        paths = tuple(dict.fromkeys(clip.path for clip in several))
        file = paths[0] if len(paths) == 1 else f"one file under the names {' and '.join(paths)}"
        if len({frozenset(clip.labels) for clip in several}) > 1:
            given = " and ".join(sorted({", ".join(clip.labels) or "none" for clip in several}))
            yield Finding("labels differ", paths, f"{file} is listed with the labels {given}; list it once")
        else:
            yield Finding("listed twice", paths, f"{file} is listed {len(several)} times; list it once")


def _find_unlabelled(clips: Sequence[Clip]) -> Iterator[Finding]:
    files = tuple(clip.path for clip in clips if not clip.labels)
    if files:
        yield Finding(
            "no label",
            files,
            f"{n_clips(len(files))} without a label ({some_of(files)}); label those that contain one of the classes",
        )
    for clip in clips:
        unlisted = sorted({event.label for event in clip.events} - set(clip.labels))
        if unlisted:
            yield Finding(
                "event unlisted",
                (clip.path,),
                f"{clip.path} has events of {some_of(unlisted)}, but not these labels; add them to its labels",
            )


def _check_fold_names(clips: Sequence[Clip]) -> Iterator[Finding]:
    """Find folds that look like one: 1 and 1.0, or train and Train."""
    of_key: dict[float | str, list[str]] = defaultdict(list)
    for fold in sorted({clip.fold for clip in clips}):
        of_key[float(fold) if _NUMBER.fullmatch(fold) else fold.casefold()].append(fold)
    for folds in of_key.values():
        if len(folds) > 1:
            given = " and ".join(folds)
            yield Finding(
                "folds alike", (), f"the folds {given} count as {len(folds)} folds; if they are one, use one spelling"
            )


def _find_classes_in_one_fold(clips: Sequence[Clip]) -> Iterator[Finding]:
    folds_of: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        for label in clip.labels:
            folds_of[label].add(clip.fold)
    if len(set().union(*folds_of.values()) - {""}) < 2:
        return
    for label, (fold, *others) in sorted(folds_of.items()):
        if not others and fold:
            yield Finding(
                "class in one fold",
                (),
                f"{label} is only in fold {fold}, so it is trained or tested but never both; add clips in other folds",
            )


def _find_sources_in_folds(clips: Sequence[Clip]) -> Iterator[Finding]:
    of_source: dict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        if clip.source:
            of_source[clip.source].append(clip)
    for source, several in of_source.items():
        folds = sorted({clip.fold for clip in several} - {""})
        if len(folds) > 1:
            files = tuple(clip.path for clip in several)
            yield Finding(
                "source in two folds",
                files,
                f"the source {source} has clips in the folds {', '.join(folds)} ({some_of(files)}); put them into one "
                "fold, or training without one of these folds leaves out its clips in the others",
            )
