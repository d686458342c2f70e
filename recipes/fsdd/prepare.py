"""Write two clip lists of the Free Spoken Digit Dataset: 10 digits, 6 speakers.

python -m recipes.fsdd.prepare [--data ../shared/data/fsdd] [--out runs/fsdd]

`clips.csv` has the official test set, takes 0 to 4 of every digit and speaker, as the fold "test"; `speakers.csv` has
one fold for each speaker, to test on unseen speakers. `--data` is a checkout of
github.com/Jakobovski/free-spoken-digit-dataset (`recordings/`), or a folder with its files in `audio/`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from panns.data.clip_lists import Clip, write_clip_list
from recipes.common.prepare_command import GET_DATA_HINT, run_prepare

SPEAKERS_FILE = "speakers.csv"
N_TEST_TAKES = 5


def list_clips(data: Path, relative_to: Path) -> list[Clip]:
    """List the clips in a folder with the official test fold, and write the clip list by speaker."""
    files = sorted(path for folder in ("recordings", "audio") for path in (data / folder).glob("*_*_*.*"))
    if not files:
        raise SystemExit(f"{data} holds 0 recordings such as recordings/7_jackson_32.wav; {GET_DATA_HINT}")
    clips, by_speaker = [], []
    for path in files:
        digit, speaker, take = path.stem.split("_")
        fold = "test" if int(take) < N_TEST_TAKES else "train"
        clip = Clip(os.path.relpath(path, relative_to), (digit,), fold=fold, source=path.stem, licence="CC BY-SA 4.0")
        clips.append(clip)
        by_speaker.append(replace(clip, fold=speaker, source=speaker))
    write_clip_list(relative_to / SPEAKERS_FILE, by_speaker)
    return clips


if __name__ == "__main__":
    run_prepare(__doc__, "fsdd", list_clips)
