"""What every `prepare` does: find a data set, list its clips, write the manifest."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterable
from pathlib import Path

from panns.data.clip_lists import Clip, write_clip_list
from recipes.common.paths import REFERENCE_DATA, RUNS

CLIPS_FILE = "clips.csv"
HOW_TO_GET_IT = "get the data as the README.md of the recipe says, and name its folder by --data"

ListClips = Callable[[Path, Path], list[Clip]]
"""From the folder of a data set, and the folder that paths are to be relative to, to its clips."""


def prepare(description: str | None, name: str, list_clips: ListClips, *, reference: str | None = None) -> None:
    """Write the manifest of a data set; the command of its recipe.

    Args:
        description: For `--help`.
        name: Of the recipe, and of the folder of its runs.
        list_clips: Knows the data set.
        reference: Folder of the reference copy, if that is called otherwise.
    """
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=REFERENCE_DATA / (reference or name))
    parser.add_argument("--out", type=Path, default=RUNS / name)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    clips = list_clips(arguments.data, arguments.out)
    write_clip_list(arguments.out / CLIPS_FILE, clips)
    print(f"{len(clips)} clips are listed in {arguments.out / CLIPS_FILE}")


def rows_of(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def first_file(data: Path, names: Iterable[str], *, what: str) -> Path:
    """The first of some files that is there; a folder without any of them is not the data set."""
    names = tuple(names)
    for name in names:
        if (data / name).is_file():
            return data / name
    raise SystemExit(f"{data} is not {what}: it holds none of {', '.join(names)}; {HOW_TO_GET_IT}")
