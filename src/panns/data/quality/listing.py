"""What is wrong with a list of clips that can be seen without hearing them: labels, folds, sources, lines."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from panns.data.clip_lists.clip_list import ClipList
from panns.data.clip_lists.folders import is_fold_name
from panns.data.clips.clip import Clip
from panns.data.quality.findings import Finding, n_clips, some_of
from panns.errors import UnknownLabel
from panns.labels import LabelSet

# Of so many unknown labels the nearest known ones are told; of more it is another list of labels that is meant.
_N_HINTS = 20
_COMMA = re.compile("[,;]")
_COMMA_WITHOUT_SPACE = re.compile(r"[,;][^\W\d]")
_NUMBER = re.compile(r"\d+(\.\d*)?")


def check_listing(manifest: ClipList, labels: LabelSet | None, *, min_clips_per_class: int) -> Iterator[Finding]:
    """What is wrong, without hearing anything.

    Args:
        manifest: The clips.
        labels: The classes that there are; None for those that the clips name.
        min_clips_per_class: With fewer, a class is warned of.
    """
    counts = Counter(label for clip in manifest.clips for label in clip.labels)
    yield from _classes(manifest.classes, counts)
    if labels is None:
        yield from _spellings(counts)
        yield from _joined(counts)
    else:
        yield from _unknown_and_absent(manifest.clips, labels)
    yield from _repeated(manifest)
    yield from _without_label(manifest.clips)
    for name, count in sorted(counts.items()):
        if count < min_clips_per_class:
            yield Finding(
                "few clips",
                (),
                f"{name} has {n_clips(count)}; {min_clips_per_class} are the least to learn a class from",
            )
    yield from _folds_alike(manifest.clips)
    yield from _in_one_fold(manifest.clips)
    yield from _sources_in_folds(manifest.clips)


def place_of(manifest: ClipList, clip: Clip) -> tuple[str, float, float | None]:
    """Where a clip lies, the same for a.wav and ./a.wav: its file, where it begins, and where it ends."""
    return str(manifest.file(clip)), clip.onset_s or 0.0, clip.offset_s


def _classes(names: Sequence[str], counts: Counter[str]) -> Iterator[Finding]:
    """What is wrong with class folders."""
    for name in names:
        if not counts[name]:
            yield Finding("empty class", (), f"the folder {name} holds no sound; add some, or remove it")
    folds = [name for name in names if is_fold_name(name)]
    # A train is also something to be heard, beside other classes.
    if len(folds) > 1 or (folds and len(folds) == len(names)):
        yield Finding(
            "class called a fold",
            (),
            f"{some_of(folds)} hold sounds themselves, so their names are classes; if they are folds, put into each a "
            "folder for every class",
        )


def _spellings(counts: Counter[str]) -> Iterator[Finding]:
    """Labels that no label set can tell apart."""
    of_key: dict[str, list[str]] = defaultdict(list)
    for name in sorted(counts):
        of_key[name.casefold()].append(name)
    for names in of_key.values():
        if len(names) > 1:
            given = " and ".join(f"{name} ({n_clips(counts[name])})" for name in names)
            yield Finding("labels alike", (), f"{given} differ in upper and lower case alone; write them alike")


def _joined(counts: Counter[str]) -> Iterator[Finding]:
    """Labels that look like several: dog,rain; or dog, rain, where dog is a label too."""
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
            f"{some_of([repr(name) for name in joined])}: each is one label; if several are meant, put | between "
            "them (dog|rain), in a column called labels",
        )


def _unknown_and_absent(clips: Sequence[Clip], labels: LabelSet) -> Iterator[Finding]:
    known: set[int] = set()
    unknown: dict[str, list[str]] = defaultdict(list)
    for clip in clips:
        for name in {*clip.labels, *(event.label for event in clip.events)}:
            label = labels.get(name)
            if label is None:
                unknown[name].append(clip.path)
            else:
                known.add(label.index)
    yield from _unknown(unknown, labels)
    absent = [label.en for label in labels if label.index not in known]
    if absent:
        yield Finding("absent class", (), f"no clip has {some_of(absent)} ({len(absent)} of the {len(labels)} classes)")


def _unknown(files_of: Mapping[str, Sequence[str]], labels: LabelSet) -> Iterator[Finding]:
    """Labels that are in no label set, by name; the first of them with what may be meant."""
    names = sorted(files_of)
    for name in names[:_N_HINTS]:
        files = tuple(files_of[name])
        try:
            labels.find(name)
        except UnknownLabel as problem:
            yield Finding("unknown label", files, f"{problem} ({n_clips(len(files))}: {some_of(files)})")
    if more := names[_N_HINTS:]:
        files = tuple(dict.fromkeys(path for name in more for path in files_of[name]))
        yield Finding(
            "unknown label",
            files,
            f"{len(more):,} more labels are not in {labels.name!r}: {some_of(more)} ({n_clips(len(files))}: "
            f"{some_of(files)})",
        )


def _repeated(manifest: ClipList) -> Iterator[Finding]:
    """Stretches of a file that are listed more than once."""
    at_place: dict[tuple[str, float, float | None], list[Clip]] = defaultdict(list)
    for clip in manifest.clips:
        at_place[place_of(manifest, clip)].append(clip)
    for several in at_place.values():
        if len(several) == 1:
            continue
        paths = tuple(dict.fromkeys(clip.path for clip in several))
        file = paths[0] if len(paths) == 1 else f"one file, called {' and '.join(paths)},"
        if len({frozenset(clip.labels) for clip in several}) > 1:
            given = " and ".join(sorted({", ".join(clip.labels) or "none" for clip in several}))
            yield Finding("labels differ", paths, f"{file} is listed with the labels {given}; list it once")
        else:
            yield Finding("listed twice", paths, f"{file} is listed {len(several)} times; list it once")


def _without_label(clips: Sequence[Clip]) -> Iterator[Finding]:
    files = tuple(clip.path for clip in clips if not clip.labels)
    if files:
        yield Finding(
            "no label",
            files,
            f"{n_clips(len(files))} without a label ({some_of(files)}); right only if none of the classes is heard",
        )
    for clip in clips:
        unlisted = sorted({event.label for event in clip.events} - set(clip.labels))
        if unlisted:
            yield Finding(
                "event unlisted",
                (clip.path,),
                f"{clip.path} has events of {some_of(unlisted)}, which its labels do not name; add them to the labels",
            )


def _folds_alike(clips: Sequence[Clip]) -> Iterator[Finding]:
    """Folds that a person would take for one: 1 and 1.0, or train and Train."""
    of_key: dict[float | str, list[str]] = defaultdict(list)
    for fold in sorted({clip.fold for clip in clips}):
        of_key[float(fold) if _NUMBER.fullmatch(fold) else fold.casefold()].append(fold)
    for folds in of_key.values():
        if len(folds) > 1:
            given = " and ".join(folds)
            yield Finding(
                "folds alike", (), f"the folds {given} count as {len(folds)}; if they are one, write it alike"
            )


def _in_one_fold(clips: Sequence[Clip]) -> Iterator[Finding]:
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
                f"{label} is in fold {fold} alone, so it is either not learned or not tested; give it clips in others",
            )


def _sources_in_folds(clips: Sequence[Clip]) -> Iterator[Finding]:
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
                f"the source {source} is in the folds {', '.join(folds)} ({some_of(files)}); training without one of "
                "them leaves out its clips in the others",
            )
