"""List the clips of ESC-10: 400 clips, 10 classes, 5 official folds.

python -m recipes.esc10.prepare [--data ../shared/data/esc10] [--out runs/esc10]

`--data` is a checkout of github.com/karolpiczak/ESC-10 (folders such as "001 - Dog bark"), or a folder with its 400
files in `audio/` and a `manifest.csv`. The first number of a file name is the fold, the second the ID of the recording
on Freesound.
"""

from __future__ import annotations

import os
from pathlib import Path

from panns.data.clip_lists import Clip
from recipes.common.prepare_command import GET_DATA_HINT, read_csv, run_prepare
from recipes.esc50.prepare import SAME_RECORDINGS

N_CLIPS = 400
# Folders of the first release, and the names of their classes in ESC-50.
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


def list_clips(data: Path, relative_to: Path) -> list[Clip]:
    """List the clips in a folder, in the order of their names."""
    if (data / "manifest.csv").is_file():
        labelled = [(data / row["path"], row["label"]) for row in read_csv(data / "manifest.csv")]
    else:
        labelled = [(path, name) for folder, name in CLASSES.items() for path in (data / folder).glob("*.ogg")]
    if len(labelled) != N_CLIPS:
        raise SystemExit(f"{data} holds {len(labelled)} clips of ESC-10; {N_CLIPS} are expected; {GET_DATA_HINT}")
    clips = []
    for path, label in sorted(labelled, key=lambda one: one[0].name):
        fold, freesound_id, _ = path.stem.split("-")
        source = SAME_RECORDINGS.get(freesound_id, freesound_id)
        clips.append(Clip(os.path.relpath(path, relative_to), (label,), fold=fold, source=source, licence="CC BY 3.0"))
    return clips


if __name__ == "__main__":
    run_prepare(__doc__, "esc10", list_clips)
