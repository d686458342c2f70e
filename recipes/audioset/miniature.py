"""A miniature of AudioSet in its published layout, made of ESC-50: what `prepare` reads, small enough for two cores.

python -m recipes.audioset.miniature [--data ../shared/data/esc50] [--out runs/audioset-miniature/data]

The folds 1 to 4 become the segments to learn from, without what shares a recording with fold 5; fold 5 becomes the
evaluation segments. A clip has all classes of AudioSet that ../shared/reference/esc50_to_audioset.json gives its
category, and a made-up video of 11 characters.
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
# The names of the published lists, and where the sounds of each lie in the layout of Kong et al.
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
    """One list, and its sounds in a folder of its name, each called by its video with a Y before it.

    Args:
        out: Folder of the layout.
        name: Of the list.
        clips: ESC-50's, with paths relative to the root of the file system.
        mapping: Names of AudioSet's classes for every category.
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
    """11 characters of those that YouTube uses, the same ones for the same name each time."""
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest())[:11].decode()


def link_or_copy(file: Path, to: Path) -> None:
    """Put a file somewhere else too, without using its room again where the file system allows that."""
    to.unlink(missing_ok=True)
    try:
        to.symlink_to(os.path.relpath(file, to.parent.resolve()))
    except OSError:
        shutil.copyfile(file, to)


if __name__ == "__main__":
    main()
