"""Small clip lists to pack, and shards as WebDataset reads them."""

from __future__ import annotations

import json
import re
import tarfile

from panns.data.clip_lists import Clip, ClipList, TimedLabel
from tests.sounds import noise, write_wav

RATE = 8_000

_LABELS = (("Dog",), ("Dog", "Rain"), (), ("雨",))


def make_clip_list(folder, n_clips=7, *, seconds=0.2):
    """Clips that all differ, in files that are as their names say; everything that a clip_list may say is said."""
    clips = []
    for i in range(n_clips):
        name = f"sound {i}.a{('.wav', '.flac')[i % 2]}"
        write_wav(folder / name, noise(seconds + i / 100, seed=i, sample_rate=RATE), RATE)
        events = (TimedLabel("Dog", 0.0, 0.1), TimedLabel("Rain", 0.05, 0.2)) if i == 1 else ()
        clips.append(Clip(name, _LABELS[i % 4], f"{i % 5}", f"s{i // 2}", None, None, events, "CC0", f"by {i}, 文"))
    return ClipList(folder, tuple(clips))


def grouped(path):
    """Samples of a shard as WebDataset groups them: adjacent members with one key, by suffix."""
    samples = []
    with tarfile.open(path) as tar:
        for member in tar:
            assert member.isfile()
            # The key is the part of the file name before its first dot.
            key, suffix = re.fullmatch(r"((?:.*/|)[^.]+)[.]([^/]*)", member.name).groups()
            if not samples or samples[-1]["__key__"] != key:
                samples.append({"__key__": key})
            assert suffix not in samples[-1]
            samples[-1][suffix] = tar.extractfile(member).read()
    for sample in samples:
        sample["json"] = json.loads(sample["json"])
    return samples
