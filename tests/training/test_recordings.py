"""Recordings that share nothing with held-out clips."""

from __future__ import annotations

import numpy as np

from panns.data.clip_lists import Clip, ClipList
from panns.data.shards import ShardFolder, ShardSettings, write_shards
from panns.training.recordings import find_unrelated
from tests.sounds import noise, write_wav


def test_related_recordings_share_a_source_or_a_file(tmp_path):
    clips = ClipList(tmp_path / "clips", [Clip("a.wav", source="1"), Clip("b.wav", source="2"), Clip("c.wav")])
    recordings = ClipList(
        tmp_path / "noise",
        [
            Clip("street.wav"),  # an unknown source is a source of its own
            Clip("of-1.wav", source="1"),
            Clip("of-2.wav", source="2"),
            Clip("../clips/c.wav", source="3"),
            Clip("c.wav", source="4"),
        ],
    )
    assert find_unrelated(recordings, clips, np.array([0, 2])).tolist() == [0, 2, 4]
    assert find_unrelated(clips, clips, np.array([0, 2])).tolist() == [1]
    assert find_unrelated(recordings, clips, np.zeros(0, np.int64)).tolist() == [0, 1, 2, 3, 4]


def test_recordings_in_shards_are_compared_by_source(tmp_path):
    for name, level in (("a", 0.1), ("b", 0.2)):
        (tmp_path / name).mkdir()
        write_wav(tmp_path / name / "1.wav", level * noise(0.2))
        write_wav(tmp_path / name / "2.wav", level * noise(0.2, seed=1))
        clips = [Clip("1.wav", source=f"{name}1"), Clip("2.wav", source="same")]
        write_shards(ClipList(tmp_path / name, clips), tmp_path / f"shards-{name}", ShardSettings())
    clips, recordings = (ShardFolder(tmp_path / f"shards-{name}") for name in "ab")
    assert find_unrelated(recordings, clips, np.array([0, 1])).tolist() == [0]  # 1.wav is another file in each
    assert find_unrelated(clips, clips, np.array([1])).tolist() == [0]
