"""Write a miniature of AudioSet in its published layout, made from ESC-50 and small enough for two cores.

python -m recipes.audioset.miniature [--data ../shared/data/esc50] [--out runs/audioset-miniature/data]

Folds 1 to 4 become the training segments, without recordings of fold 5; fold 5 becomes the evaluation segments. A clip
has all AudioSet classes that ../shared/reference/esc50_to_audioset.json gives for its category, and an invented video
ID of 11 characters.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from panns.data.clip_lists import Clip
from panns.data.sampling.split import hold_out_fold
from panns.labels import audioset
from recipes.audioset.segments import Segment, write_segments
from recipes.common.paths import REFERENCE_DATA, ROOT, RUNS
from recipes.esc50.prepare import list_clips

EVAL_FOLD = "5"
CLIP_S = 5.0
# Names of the published lists, and of the folders of their sounds in the layout of Kong et al.
TRAIN, EVAL = "balanced_train_segments", "eval_segments"


def main() -> None:
    """Write both lists, and link or copy the sounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=REFERENCE_DATA / "esc50")
    parser.add_argument("--labels", type=Path, default=ROOT.parent / "shared/reference/esc50_to_audioset.json")
    parser.add_argument("--out", type=Path, default=RUNS / "audioset-miniature" / "data")
    arguments = parser.parse_args()
    mapping = json.loads(arguments.labels.read_text(encoding="utf-8"))["map"]
    clips = list_clips(arguments.data.absolute(), Path("/"))
    split = hold_out_fold(clips, EVAL_FOLD)
    for name, part in ((TRAIN, split.train), (EVAL, split.held_out)):
        write_part(arguments.out, name, [clips[int(i)] for i in part], mapping)
        print(f"{arguments.out / name}.csv: {len(part):,} segments")


def write_part(out: Path, name: str, clips: Sequence[Clip], mapping: Mapping[str, Sequence[str]]) -> None:
    """Write a list of segments, and a folder of their sounds, named `Y` and the video ID.

    Args:
        out: Output folder.
        name: Name of the list.
        clips: Clips of ESC-50, with paths relative to the root of the file system.
        mapping: AudioSet class names of every category.
    """
    folder = out / "audios" / name
    folder.mkdir(parents=True, exist_ok=True)
    (out / "metadata").mkdir(exist_ok=True)
    labels = audioset()
    segments = []
    for clip in clips:
        file = Path("/") / clip.path
        video = fake_video_id(file.stem)
        link_or_copy(file, folder / f"Y{video}{file.suffix}")
        mids = tuple(labels.find(class_name).id for class_name in mapping[clip.labels[0]])
        segments.append(Segment(video, 0.0, CLIP_S, mids))
    write_segments(out / "metadata" / f"{name}.csv", segments)


def fake_video_id(name: str) -> str:
    """Reproducible video ID of a name: 11 characters of those that YouTube uses."""
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest())[:11].decode()


def link_or_copy(file: Path, to: Path) -> None:
    """Link a file to another path, or copy it where the file system has no links."""
    to.unlink(missing_ok=True)
    try:
        to.symlink_to(os.path.relpath(file, to.parent.resolve()))
    except OSError:
        shutil.copyfile(file, to)


if __name__ == "__main__":
    main()
