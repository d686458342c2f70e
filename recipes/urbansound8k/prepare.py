"""List the clips of UrbanSound8K: 8,732 clips, 10 classes, 10 official folds; the reference subset has 1, 2 and 10.

python -m recipes.urbansound8k.prepare [--data ../shared/data/urbansound8k_subset] [--out runs/urbansound8k]

`--data` is the unpacked data set of urbansounddataset.weebly.com (`audio/fold1`, ..., `metadata/UrbanSound8K.csv`), or
a folder with some of its files and a `manifest.csv`.
"""

from __future__ import annotations

import os
from pathlib import Path

from panns.data.clip_lists import Clip
from recipes.common.prepare_command import find_file, read_csv, run_prepare

# Recordings with two Freesound IDs, found by `panns data check` in the folds 1, 2 and 10; the first pair lies in two
# folds.
SAME_RECORDINGS = {
    "197320": "197318",  # fold2/197320-6-2-0 and fold1/197318-6-2-0
    "189985": "189982",  # both in fold 10
}


def list_clips(data: Path, relative_to: Path) -> list[Clip]:
    """List the clips in a folder; clips of one recording have one source."""
    listing = find_file(data, ("metadata/UrbanSound8K.csv", "manifest.csv"), what="UrbanSound8K")
    is_official = listing.parent != data
    clips = []
    for row in read_csv(listing):
        name = f"audio/fold{row['fold']}/{row['slice_file_name']}" if is_official else row["path"]
        label, source = (row["class"], row["fsID"]) if is_official else (row["label"], row["source_id"])
        source = SAME_RECORDINGS.get(source, source)
        clips.append(Clip(os.path.relpath(data / name, relative_to), (label,), fold=row["fold"], source=source))
    return clips


if __name__ == "__main__":
    run_prepare(__doc__, "urbansound8k", list_clips, reference="urbansound8k_subset")
