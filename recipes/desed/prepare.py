"""List the clips of DESED: sounds of homes with 10 classes of events, as in task 4 of the DCASE challenges.

python -m recipes.desed.prepare --data FOLDER [--out runs/desed]

`--data` holds `audio/` and `metadata/`, as the package `desed` and the baselines of DCASE 2019 to 2023 write them;
synthetic soundscapes may be in `dcase_synth/` in the folder. Sounds may be in folders such as `weak_16k`.

clips.jsonl    clips with the times of their events: folds "train" (synthetic soundscapes, and recordings of
               audioset_strong.tsv), "validation" (synthetic ones for validation), and "test" (the recorded validation
               set, which the challenges report on)
weak.csv       recorded clips with labels alone, as the fold "train", and the fold "test" of above
test.tsv       events of the fold "test", for `panns evaluate --task detect`
public.tsv     the same for the public evaluation set, if it is there
missing.txt    files that the tables list and the folder lacks; some recordings are no longer published
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from panns.data.clip_lists import Clip, write_clip_list
from panns.data.clip_lists.event_table import read_event_table, write_event_table
from recipes.common.paths import RUNS
from recipes.common.prepare_command import GET_DATA_HINT

# Tables of events below metadata/, the folders of their sounds below audio/, and the fold. A star is a year.
STRONG = (
    ("train/synthetic*/soundscapes.tsv", ("train/synthetic*/soundscapes",), "train"),
    ("train/audioset_strong.tsv", ("train/strong_label_real",), "train"),
    ("validation/synthetic*/soundscapes.tsv", ("validation/synthetic*/soundscapes",), "validation"),
    ("validation/validation.tsv", ("validation/validation", "validation"), "test"),
)
PUBLIC = ("eval/public.tsv", ("eval/public",), "public")
WEAK, WEAK_FOLDERS = "train/weak.tsv", ("train/weak",)
PARTS = ("", "dcase_synth")  # below the folder
CLIPS_FILE, WEAK_FILE, MISSING_FILE = "clips.jsonl", "weak.csv", "missing.txt"
TEST_FILE, PUBLIC_FILE = "test.tsv", "public.tsv"


@dataclass
class Found:
    """Clips of a folder of DESED, and files that its tables list and it lacks."""

    clips: list[Clip] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def main() -> None:
    """Write the clip lists, the event tables and the list of missing files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=RUNS / "desed")
    arguments = parser.parse_args()
    data, out = arguments.data, arguments.out
    out.mkdir(parents=True, exist_ok=True)
    strong, public, weak = Found(), Found(), Found()
    for pattern, folders, fold in STRONG:
        for table, sounds in _tables(data, pattern, folders):
            _add_strong(strong, table, sounds, fold, out)
    for table, sounds in _tables(data, PUBLIC[0], PUBLIC[1]):
        _add_strong(public, table, sounds, PUBLIC[2], out)
    for table, sounds in _tables(data, WEAK, WEAK_FOLDERS):
        _add_weak(weak, table, sounds, out)
    test = [clip for clip in strong.clips if clip.fold == "test"]
    if not test or len(test) == len(strong.clips):
        raise SystemExit(
            f"{data} holds {len(test)} clips of metadata/validation/validation.tsv and {len(strong.clips) - len(test)} "
            f"of metadata/train; both are needed; {GET_DATA_HINT}"
        )
    write_clip_list(out / CLIPS_FILE, strong.clips)
    write_event_table(out / TEST_FILE, test)
    if weak.clips:
        write_clip_list(out / WEAK_FILE, [*weak.clips, *(replace(clip, events=()) for clip in test)])
    if public.clips:
        write_event_table(out / PUBLIC_FILE, public.clips)
    missing = [*strong.missing, *weak.missing, *public.missing]
    (out / MISSING_FILE).write_text("".join(f"{name}\n" for name in missing), encoding="utf-8")
    print(
        f"{len(strong.clips):,} clips with events, {len(weak.clips):,} with labels alone and {len(public.clips):,} of "
        f"the public evaluation set in {out}; {len(missing):,} files are missing"
    )


def _tables(data: Path, pattern: str, folders: tuple[str, ...]) -> Iterator[tuple[Path, Path]]:
    """Tables of a pattern, each with the folder of its sounds."""
    for part in PARTS:
        for table in sorted((data / part / "metadata").glob(pattern)):
            year = table.parent.name  # such as synthetic21_train
            names = [folder.replace("synthetic*", year) for folder in folders]
            places = [
                data / root / "audio" / f"{name}{rate}" for name in names for rate in ("", "_16k") for root in PARTS
            ]
            sounds = next((place for place in places if any(place.glob("*.wav"))), None)
            if sounds is None:
                raise SystemExit(f"{table} has no sounds in {places[0]}; {GET_DATA_HINT}")
            yield table, sounds


def _add_strong(found: Found, table: Path, sounds: Path, fold: str, relative_to: Path) -> None:
    for listed in read_event_table(table).clips:
        path = sounds / listed.path
        if path.is_file():
            place = os.path.relpath(path, relative_to)
            found.clips.append(replace(listed, path=place, fold=fold, source=_source(path)))
        else:
            found.missing.append(f"{table.name}\t{listed.path}")


def _add_weak(found: Found, table: Path, sounds: Path, relative_to: Path) -> None:
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            path = sounds / row["filename"]
            if path.is_file():
                labels = tuple(dict.fromkeys(label.strip() for label in row["event_labels"].split(",")))
                place = os.path.relpath(path, relative_to)
                found.clips.append(Clip(place, labels, fold="train", source=_source(path)))
            else:
                found.missing.append(f"{table.name}\t{row['filename']}")


def _source(path: Path) -> str:
    """Video of a recording named `YTID_30.000_40.000.wav`; a synthetic soundscape is its own source."""
    is_recorded = "synthetic" not in path.parent.parent.name
    return path.stem.rsplit("_", 2)[0] if is_recorded else f"{path.parent.parent.name}/{path.stem}"


if __name__ == "__main__":
    main()
