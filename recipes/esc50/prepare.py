"""List the clips of ESC-50: 2,000 clips, 50 classes, 5 official folds.

python -m recipes.esc50.prepare [--data ../shared/data/esc50] [--out runs/esc50]

`--data` is a checkout of github.com/karolpiczak/ESC-50 (`audio/` and `meta/esc50.csv`), or a folder with its files in
`audio/` and a `manifest.csv`.
"""

from __future__ import annotations

import os
from pathlib import Path

from panns.data.clip_lists import Clip
from recipes.common.prepare_command import find_file, read_csv, run_prepare

# Recordings with two Freesound IDs, found by `panns data check`; the first four pairs lie in two folds.
SAME_RECORDINGS = {
    "198841": "14262",  # 4-198841-A-37 and 1-14262-A-37
    "256452": "110011",  # 5-256452-A-5 and 2-110011-A-5
    "151085": "151080",  # 5-151085-A-20 and 3-151080-A-20
    "217186": "144083",  # 5-217186-A-16 and 4-144083-B-16
    "24524": "23222",
    "68734": "68670",
    "197408": "140199",
    "134915": "133889",
    "30322": "28314",
    "177083": "177082",
    "212059": "212054",
}


def list_clips(data: Path, relative_to: Path) -> list[Clip]:
    """List the clips in a folder; clips of one recording have one source."""
    listing = find_file(data, ("meta/esc50.csv", "manifest.csv"), what="ESC-50")
    is_official = listing.parent != data
    clips = []
    for row in read_csv(listing):
        path = data / "audio" / row["filename"] if is_official else data / row["path"]
        source = row["src_file" if is_official else "source_id"]
        label = row["category" if is_official else "label"]
        clips.append(
            Clip(
                os.path.relpath(path, relative_to),
                (label,),
                fold=row["fold"],
                source=SAME_RECORDINGS.get(source, source),
            )
        )
    return clips


if __name__ == "__main__":
    run_prepare(__doc__, "esc50", list_clips)
