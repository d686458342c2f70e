"""ESC-10 to a manifest: 400 clips, 10 classes, 5 official folds.

python -m recipes.esc10.prepare [--data ../shared/data/esc10] [--out runs/esc10]

`--data` is a checkout of github.com/karolpiczak/ESC-10 (folders such as "001 - Dog bark"), or a folder with its 400
files in `audio/` and a `manifest.csv`. The first number of a file's name is its fold, the second the recording on
Freesound that it was cut from.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from panns.data.manifest import Clip, read_manifest, write_manifest
from recipes.paths import REFERENCE_DATA, RUNS

CLIPS_FILE = "clips.csv"
# Folders of the first release, and what ESC-50 calls the same classes.
CLASSES = {
    "001 - Dog bark": "dog",
    "002 - Rain": "rain",
    "003 - Sea waves": "sea_waves",
    "004 - Baby cry": "crying_baby",
    "005 - Clock tick": "clock_tick",
    "006 - Person sneeze": "sneezing",
    "007 - Helicopter": "helicopter",
    "008 - Chainsaw": "chainsaw",
    "009 - Rooster": "rooster",
    "010 - Fire crackling": "crackling_fire",
}


def main() -> None:
    """Write the manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=REFERENCE_DATA / "esc10")
    parser.add_argument("--out", type=Path, default=RUNS / "esc10")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    clips = clips_of(arguments.data, relative_to=arguments.out)
    write_manifest(arguments.out / CLIPS_FILE, clips)
    print(f"{len(clips)} clips are listed in {arguments.out / CLIPS_FILE}")


def clips_of(data: Path, *, relative_to: Path) -> list[Clip]:
    """The clips in a folder, in the order of their names."""
    if (data / "manifest.csv").is_file():
        manifest = read_manifest(data / "manifest.csv")
        labelled = [(manifest.file(clip), *clip.labels) for clip in manifest.clips]
    else:
        labelled = [(path, name) for folder, name in CLASSES.items() for path in (data / folder).glob("*.ogg")]
    if len(labelled) != 400:
        raise SystemExit(
            f"{data} holds {len(labelled)} clips of ESC-10 and not 400; see `--help` for what it should be"
        )
    clips = []
    for path, label in sorted(labelled):
        fold, source, _ = path.stem.split("-")
        clips.append(Clip(os.path.relpath(path, relative_to), (label,), fold=fold, source=source, licence="CC BY 3.0"))
    return clips


if __name__ == "__main__":
    main()
