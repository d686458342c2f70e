"""Training clips of the built-in model, selected by licence and without the test recordings."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

from panns.data.clip_lists import Clip
from recipes.esc50.prepare import SAME_RECORDINGS

HELD_OUT_FOLD = "5"
FREE_LICENCES = {"CC0": "CC0 1.0", "CC-BY": "CC BY 3.0"}
_CREDIT = re.compile(
    r"^- \[(?P<clip>.*?)\.ogg\]:\s*clip derived from (?P<title>.*?)\s*\((?P<url>http\S+)\) "
    r"by (?P<author>.*) \[(?P<licence>.*?)\]\s*$",
    re.MULTILINE,
)
# A misspelt clip name in the licence file.
_MISSPELT = {"5-141683-Ad": "5-141683-A"}


def training_clips(data: Path, mapping: Path) -> list[Clip]:
    """List the training clips.

    Args:
        data: Folder of the data sets, to which paths of clips are relative.
        mapping: `esc50_to_audioset.json`.
    """
    return [*_environmental_sounds(data, mapping), *_meeting_speech(data)]


def held_out_sources(data: Path) -> set[str]:
    """Recordings of the held-out fold, under all their numbers, which no training clip may come from."""
    held_out = {row["source_id"] for row in read_manifest_rows(data / "esc50") if row["fold"] == HELD_OUT_FOLD}
    pairs = [{one, other} for one, other in SAME_RECORDINGS.items()]
    return held_out.union(*(pair for pair in pairs if not pair.isdisjoint(held_out)))


def read_manifest_rows(dataset: Path) -> list[dict[str, str]]:
    """Read the `manifest.csv` of a data set."""
    with (dataset / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def audioset_names(mapping: Path) -> dict[str, list[str]]:
    """Read the AudioSet class names of every ESC-50 category."""
    names: dict[str, list[str]] = json.loads(mapping.read_text(encoding="utf-8"))["map"]
    return names


def read_credits(licence_file: Path) -> dict[str, tuple[str, str]]:
    """Read licence and attribution of every ESC-50 clip, by its name without class and suffix."""
    found = {}
    for match in _CREDIT.finditer(licence_file.read_text(encoding="utf-8")):
        name = _MISSPELT.get(match["clip"], match["clip"])
        found[name] = (match["licence"], f"{match['title']} by {match['author']}, {match['url']}")
    return found


def _environmental_sounds(data: Path, mapping: Path) -> Iterator[Clip]:
    names = audioset_names(mapping)
    credit = read_credits(data / "esc50" / "LICENSE")
    held_out = held_out_sources(data)
    # Use the copy with the widest bandwidth: 44.1 kHz originals, then 32 kHz, then the 16 kHz copy.
    originals = {row["esc50_filename"]: f"esc10/{row['path']}" for row in read_manifest_rows(data / "esc10")}
    fullband = {
        row["original_filename"]: f"esc50_fullband/{row['path']}" for row in read_manifest_rows(data / "esc50_fullband")
    }
    for row in read_manifest_rows(data / "esc50"):
        file = row["original_filename"]
        licence, attribution = credit[file.rsplit("-", 1)[0]]
        if row["source_id"] in held_out or licence not in FREE_LICENCES:
            continue
        yield Clip(
            path=originals.get(file) or fullband.get(file) or f"esc50/{row['path']}",
            labels=tuple(names[row["label"]]),
            fold="train",
            source=row["source_id"],
            licence=FREE_LICENCES[licence],
            attribution=attribution,
        )


def _meeting_speech(data: Path) -> Iterator[Clip]:
    for row in read_manifest_rows(data / "speech_turns"):
        yield Clip(
            path=f"speech_turns/{row['path']}",
            labels=("Speech",),
            fold="train",
            source=row["source_id"],
            licence="MIT",
            attribution="pyannote.audio's test data (https://github.com/pyannote/pyannote-audio), Copyright CNRS",
        )
