"""Training, validation and test clips: split by recording, with every language and kind of sound in every part."""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from panns.data.clip_lists import Clip
from recipes.builtin.esc50 import (
    FREE_LICENCES,
    audioset_names,
    held_out_sources,
    read_credits,
    read_manifest_rows,
)
from recipes.builtin.esc50 import training_clips as builtin_training_clips
from recipes.builtin.labels import add_parents, label_to_classes

TRAIN, VALIDATION, TEST = "train", "validation", "test"
# The recordings of a kind take these parts in turn; a kind with one recording is trained on.
_PARTS = (TRAIN, TRAIN, TEST, TRAIN, TRAIN, VALIDATION, TRAIN, TRAIN, TRAIN, TEST, TRAIN, TRAIN, TRAIN, TRAIN)
# Names whose parents in AudioSet belong to another meaning of the word than ESC-50's category.
_OTHER_MEANINGS = frozenset({"Honk", "Mouse"})
_FREESOUND_NUMBER = re.compile(r"\d{5,7}")
COPIES_FILE = Path(__file__).with_name("copies.json")  # written by `recipes.builtin.copies`
_LANGUAGES = {
    "english": "en", "us": "en", "new": "en", "jarvis": "en", "dutch": "nl", "mandarin": "zh", "german": "de",
    "sample-ja": "ja", "": "other", "sample1": "other", "sample2": "other",
}  # fmt: skip


def world_clips(data: Path) -> list[Clip]:
    """Clips of the data set `world`, each with its part as the fold.

    Args:
        data: Folder of the data sets.
    """
    rows = read_manifest_rows(data / "world")
    part_of = assign_parts({row["source_id"]: kind_of(row["label"], row["set"]) for row in rows})
    return [
        Clip(
            path=f"world/{row['path']}",
            labels=add_parents(label_to_classes(row["label"], row["set"])),
            fold=part_of[row["source_id"]],
            source=row["source_id"],
            licence=row["licence"],
            attribution=row["credit"],
        )
        for row in rows
    ]


def select_test_rows(data: Path) -> list[dict[str, str]]:
    """Manifest rows of the test part of `world`, without recordings that were trained on under another name."""
    kept = {clip.path for clip in _unheard(world_clips(data), data) if clip.fold == TEST}
    return [row for row in read_manifest_rows(data / "world") if f"world/{row['path']}" in kept]


def _unheard(clips: Sequence[Clip], data: Path) -> list[Clip]:
    """Clips whose recording no training clip of `world` has, by its Freesound number or its sound (`copies.json`).

    Several games cut effects from one Freesound recording, and the column `source_id` does not say so.
    """
    copies = json.loads(COPIES_FILE.read_text(encoding="utf-8"))
    trained = {number for clip in world_clips(data) if clip.fold == TRAIN for number in _freesound_numbers(clip)}
    return [clip for clip in clips if clip.path not in copies and trained.isdisjoint(_freesound_numbers(clip))]


def assign_parts(kinds: dict[str, str]) -> dict[str, str]:
    """Part of every recording, from its kind: the recordings of a kind take turns, in the order of their digests."""
    sources_of_kind = defaultdict(list)
    for source, kind in kinds.items():
        sources_of_kind[kind].append(source)
    parts = {}
    for sources in sources_of_kind.values():
        for i, source in enumerate(sorted(sources, key=_digest)):
            parts[source] = _PARTS[i % len(_PARTS)]
    return parts


def kind_of(label: str, subset: str) -> str:
    """Kind of a recording: the language of speech, the class of a labelled sound, or else its subset.

    Examples:
        >>> kind_of("speech zh-CN", "speech_recorded"), kind_of("thunder", "ambience_apps")
        ('speech zh', 'Thunder')
    """
    if subset == "speech_recorded":
        return f"speech {language_of(label)}"
    names = label_to_classes(label, subset)
    return names[-1] if names and not subset.startswith("music") and subset != "speech_picovoice" else subset


def language_of(label: str) -> str:
    """Language in a label of recorded speech, as two letters; "other" if the label names none.

    Examples:
        >>> language_of("speech English female"), language_of("speech ja-JP"), language_of("speech")
        ('en', 'ja', 'other')
    """
    words = label.lower().removeprefix("speech").split()
    first = re.sub(r"\d+$", "", words[0]) if words else ""
    return _LANGUAGES.get(first, first[:2] or "other")


def training_clips(data: Path, mapping: Path) -> list[Clip]:
    """Recorded training clips: `world`, the free clips of ESC-50 without fold 5, and meetings.

    Args:
        data: Folder of the data sets.
        mapping: `esc50_to_audioset.json`.
    """
    others = [
        replace(clip, labels=tuple(dict.fromkeys((*clip.labels, *add_parents(_unambiguous(clip.labels))))))
        for clip in builtin_training_clips(data, mapping)
    ]
    return [*others, *(clip for clip in world_clips(data) if clip.fold == TRAIN)]


def validation_clips(data: Path, mapping: Path) -> list[Clip]:
    """Validation clips, without recordings that were trained on under another name."""
    return _unheard(validation_candidates(data, mapping), data)


def validation_candidates(data: Path, mapping: Path) -> list[Clip]:
    """Clips of the validation part of `world`, and of ESC-50's folds 1 to 4 those whose licence rules out training."""
    names, credit = audioset_names(mapping), read_credits(data / "esc50" / "LICENSE")
    excluded = held_out_sources(data) | {clip.source for clip in builtin_training_clips(data, mapping)}
    not_free = [
        Clip(f"esc50/{row['path']}", tuple(names[row["label"]]), f"esc50 {row['label']}", row["source_id"])
        for row in read_manifest_rows(data / "esc50")
        if row["source_id"] not in excluded
        and credit[row["original_filename"].rsplit("-", 1)[0]][0] not in FREE_LICENCES
    ]
    return [*not_free, *(clip for clip in world_clips(data) if clip.fold == VALIDATION)]


def esc50_categories(clips: Sequence[Clip], mapping: Path) -> list[str]:
    """ESC-50 category of every clip; "" for clips of other data sets."""
    by_names = {tuple(names): category for category, names in audioset_names(mapping).items()}
    categories = []
    for clip in clips:
        matches = [names for names in by_names if clip.labels[: len(names)] == names]
        is_esc50 = clip.path.startswith("esc")
        categories.append(by_names[max(matches, key=len)] if is_esc50 and matches else "")
    return categories


def _unambiguous(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in _OTHER_MEANINGS)


def _freesound_numbers(clip: Clip) -> list[str]:
    return _FREESOUND_NUMBER.findall(clip.attribution)


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()
