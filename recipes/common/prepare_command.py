"""Shared code of the `prepare` commands: find a data set and write its clip list."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterable
from pathlib import Path

from panns.data.clip_lists import Clip, write_clip_list
from recipes.common.paths import REFERENCE_DATA, RUNS

CLIPS_FILE = "clips.csv"
GET_DATA_HINT = "get the data as described in the README.md of the recipe, and give its folder with --data"

ListClips = Callable[[Path, Path], list[Clip]]
"""Function from the folder of a data set, and the folder to which paths are relative, to the clips."""


def run_prepare(description: str | None, name: str, list_clips: ListClips, *, reference: str | None = None) -> None:
    """Run the `prepare` command of a recipe: write the clip list of its data set.

    Args:
        description: Text of `--help`.
        name: Name of the recipe and of its folder in runs/.
        list_clips: Function that lists the clips of the data set.
        reference: Folder of the reference copy, if it differs from `name`.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=REFERENCE_DATA / (reference or name), help="the data set")
    parser.add_argument("--out", type=Path, default=RUNS / name, help="output folder")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    clips = list_clips(arguments.data, arguments.out)
    write_clip_list(arguments.out / CLIPS_FILE, clips)
    print(f"{len(clips)} clips in {arguments.out / CLIPS_FILE}")


def read_csv(path: Path) -> list[dict[str, str]]:
    """Read a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def find_file(data: Path, names: Iterable[str], *, what: str) -> Path:
    """Find the first existing file; exit if the folder has none of them and so is not the data set."""
    names = tuple(names)
    for name in names:
        if (data / name).is_file():
            return data / name
    raise SystemExit(f"{data} is not {what}; expected one of {', '.join(names)}; {GET_DATA_HINT}")
