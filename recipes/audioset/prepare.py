"""List the clips of AudioSet: the available ones of 2,084,320 segments of 10 s, 527 classes, official split.

python -m recipes.audioset.prepare --data FOLDER [--out runs/audioset]

`--data` holds the published lists `balanced_train_segments.csv`, `unbalanced_train_segments.csv` (at least one of the
two) and `eval_segments.csv`, directly or in `metadata/`. Anywhere below it are the sound files, already cut to their
segments and named by video ID and, optionally, times:

YTID.wav   YYTID.wav   YTID_30.000.flac   YTID_30000.flac   YTID_30.000_40.000.ogg   YTID_30_40.mp3

clips.csv     the available segments, in the folds "train" and "test" (the evaluation segments)
missing.txt   the missing segments: list, video ID and start
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from panns.audio.sound_files import find_sound_files
from panns.data.clip_lists import Clip, write_clip_list
from recipes.audioset.segments import LISTS, Segment, read_segments
from recipes.common.paths import RUNS
from recipes.common.prepare_command import CLIPS_FILE

MISSING_FILE = "missing.txt"


@dataclass(frozen=True)
class Found:
    """Contents of a folder of AudioSet.

    Attributes:
        clips: Available segments.
        missing: Missing segments, each with the name of its list.
        n_listed: Number of segments of each list.
    """

    clips: list[Clip]
    missing: list[tuple[str, Segment]]
    n_listed: dict[str, int]


def main() -> None:
    """Write the manifest and the list of missing files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=RUNS / "audioset")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    found = find_clips(arguments.data, relative_to=arguments.out)
    write_clip_list(arguments.out / CLIPS_FILE, found.clips)
    missing = arguments.out / MISSING_FILE
    missing.write_text(
        "".join(f"{name}\t{one.video}\t{one.start_s:.3f}\n" for name, one in found.missing), encoding="utf-8"
    )
    for name, n in found.n_listed.items():
        n_missing = sum(its_list == name for its_list, _ in found.missing)
        print(f"{name}: {n - n_missing:,} of {n:,} segments are available")
    print(f"{len(found.clips):,} clips in {arguments.out / CLIPS_FILE}, missing segments in {missing}")


def find_clips(data: Path, *, relative_to: Path) -> Found:
    """Find the sound files of the segments in the published lists."""
    lists = published_lists(data)
    files = sounds_by_stem(data)
    clips, missing, n_listed = [], [], {}
    for path in lists:
        n_listed[path.name] = 0
        for segment in read_segments(path):
            n_listed[path.name] += 1
            file = next((files[stem] for stem in segment.stems if stem in files), None)
            if file is None:
                missing.append((path.name, segment))
                continue
            clips.append(
                Clip(os.path.relpath(file, relative_to), segment.mids, fold=LISTS[path.name], source=segment.video)
            )
    for fold in ("train", "test"):
        if not any(clip.fold == fold for clip in clips):
            raise SystemExit(
                f"{data} holds 0 sound files of {fold} segments; add files such as --4gqARaEJE.wav or "
                "Y--4gqARaEJE.wav, see `--help`"
            )
    return Found(clips, missing, n_listed)


def published_lists(data: Path) -> list[Path]:
    """Find the published lists in a folder, for training and test."""
    paths = [folder / name for name in LISTS for folder in (data, data / "metadata") if (folder / name).is_file()]
    if {LISTS[path.name] for path in paths} != {"train", "test"}:
        raise SystemExit(
            f"{data} holds {', '.join(path.name for path in paths) or 'none'} of {', '.join(LISTS)}; the last and one "
            "of the others are needed, directly or in metadata/; get them from research.google.com/audioset"
        )
    return paths


def sounds_by_stem(data: Path) -> dict[str, Path]:
    """Sound files below a folder, by name without suffix."""

    def refuse(error: OSError) -> None:
        raise SystemExit(f"{error.filename} cannot be read ({error.strerror}); check its permissions") from error

    paths = (Path(name) for name in find_sound_files(str(data), on_error=refuse))
    return {path.stem: path for path in paths}


if __name__ == "__main__":
    main()
