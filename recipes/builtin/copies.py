"""Find clips of the validation and test parts that sound like a training clip, and list them in `copies.json`.

    python -m recipes.builtin.copies [--data ../shared]

`panns data check` compares the sound of all clips. A data set may publish one recording under several names, at another
rate or in pieces, which its list does not say.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from panns.data.clip_lists import Clip, ClipList
from panns.data.quality import check_clips
from recipes.builtin.clips import (
    COPIES_FILE,
    TEST,
    TRAIN,
    VALIDATION,
    training_clips,
    validation_candidates,
    world_clips,
)
from recipes.builtin.esc50 import HELD_OUT_FOLD, read_manifest_rows
from recipes.common.paths import ROOT

MAPPING = Path("reference") / "esc50_to_audioset.json"


def main() -> None:
    """Compare all clips and write the list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    arguments = parser.parse_args()
    copies = find_copies(arguments.data)
    COPIES_FILE.write_text(json.dumps(copies, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{len(copies)} clips outside the training part sound like one inside; they are in {COPIES_FILE}")


def find_copies(data: Path) -> dict[str, str]:
    """Training clip of the same sound, by the path of a validation or test clip."""
    folder, mapping = data / "data", data / MAPPING
    test = [clip for clip in world_clips(folder) if clip.fold == TEST]
    for dataset in ("esc50", "esc10"):
        rows = [row for row in read_manifest_rows(folder / dataset) if row["fold"] == HELD_OUT_FOLD]
        test += [Clip(f"{dataset}/{row['path']}", source=row["source_id"]) for row in rows]
    rows = read_manifest_rows(folder / "urbansound8k_subset")
    test += [Clip(f"urbansound8k_subset/{row['path']}", source=row["source_id"]) for row in rows]
    parts = {TRAIN: training_clips(folder, mapping), VALIDATION: validation_candidates(folder, mapping), TEST: test}
    # Without sources, because clips of one source are not compared.
    clips = {clip.path: replace(clip, fold=part, source="") for part, some in parts.items() for clip in some}
    listing = ClipList(folder, tuple(clips.values()))
    copies: dict[str, str] = {}
    for finding in check_clips(listing).findings:
        if finding.kind == "copy in two folds":
            trained = [path for path in finding.files if clips[path].fold == TRAIN]
            copies |= {path: trained[0] for path in finding.files if trained and clips[path].fold != TRAIN}
    return copies


if __name__ == "__main__":
    main()
