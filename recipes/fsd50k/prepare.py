"""List the clips of FSD50K: 51,197 clips of Freesound, 200 classes, official split.

python -m recipes.fsd50k.prepare --data FSD50K [--out runs/fsd50k]

`--data` holds the unpacked files of zenodo.org/records/4060432: `FSD50K.dev_audio`, `FSD50K.eval_audio`,
`FSD50K.ground_truth` and, for uploaders and licences, `FSD50K.metadata`. The folds are "train", "val" and "test".
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from panns.data.clip_lists import Clip
from panns.system.json_files import read_json_object
from recipes.common.prepare_command import GET_DATA_HINT, find_file, read_csv, run_prepare

# Each list, with the folder of its sounds and the details of its clips.
PARTS = {
    "dev": ("FSD50K.ground_truth/dev.csv", "FSD50K.dev_audio", "FSD50K.metadata/dev_clips_info_FSD50K.json"),
    "eval": ("FSD50K.ground_truth/eval.csv", "FSD50K.eval_audio", "FSD50K.metadata/eval_clips_info_FSD50K.json"),
}


def list_clips(data: Path, relative_to: Path) -> list[Clip]:
    """List the clips in a folder; clips of one uploader have one source, as in the official split."""
    return [clip for part in PARTS for clip in _clips_of(part, data, relative_to)]


def _clips_of(part: str, data: Path, relative_to: Path) -> list[Clip]:
    listing, folder, details_file = PARTS[part]
    rows = read_csv(find_file(data, (listing,), what="FSD50K"))
    details: dict[str, Any] = read_json_object(data / details_file) if (data / details_file).is_file() else {}
    clips = []
    for row in rows:
        name = row["fname"]
        path = data / folder / f"{name}.wav"
        if not path.is_file():
            raise SystemExit(f"{path} is missing, and {listing} lists it; {GET_DATA_HINT}")
        about = details.get(name, {})
        uploader = str(about.get("uploader", "")).strip()
        clips.append(
            Clip(
                os.path.relpath(path, relative_to),
                tuple(row["labels"].split(",")),
                fold=row.get("split") or "test",
                source=uploader or name,
                licence=str(about.get("license", "")),
                attribution=f"{uploader}, freesound.org/s/{name}" if uploader else "",
            )
        )
    return clips


if __name__ == "__main__":
    run_prepare(__doc__, "fsd50k", list_clips)
