"""Noise to learn with tells nothing of the clips that are tested."""

from __future__ import annotations

import numpy as np

from panns.data.clip_lists import Clip
from panns.data.clips.clip import ClipList
from panns.data.shards import ShardFolder, ShardSettings, write_shards
from panns.training.noise_recordings import noise_apart_from
from tests.sounds import noise, write_wav


def test_noise_tells_nothing_of_what_is_tested(tmp_path):
    clips = ClipList(tmp_path / "clips", [Clip("a.wav", source="1"), Clip("b.wav", source="2"), Clip("c.wav")])
    noises = ClipList(
        tmp_path / "noises",
        [
            Clip("street.wav"),  # no source is a source of its own
            Clip("of-1.wav", source="1"),
            Clip("of-2.wav", source="2"),
            Clip("../clips/c.wav", source="3"),
            Clip("c.wav", source="4"),
        ],
    )
    assert noise_apart_from(noises, clips, np.array([0, 2])).tolist() == [0, 2, 4]
    assert noise_apart_from(clips, clips, np.array([0, 2])).tolist() == [1]
    assert noise_apart_from(noises, clips, np.zeros(0, np.int64)).tolist() == [0, 1, 2, 3, 4]


def test_noise_in_shards_is_told_by_its_source(tmp_path):
    for name, level in (("a", 0.1), ("b", 0.2)):
        (tmp_path / name).mkdir()
        write_wav(tmp_path / name / "1.wav", level * noise(0.2))
        write_wav(tmp_path / name / "2.wav", level * noise(0.2, seed=1))
        listed = [Clip("1.wav", source=f"{name}1"), Clip("2.wav", source="same")]
        write_shards(ClipList(tmp_path / name, listed), tmp_path / f"shards-{name}", ShardSettings())
    clips, noises = (ShardFolder(tmp_path / f"shards-{name}") for name in "ab")
    assert noise_apart_from(noises, clips, np.array([0, 1])).tolist() == [0]  # of one name with a clip elsewhere
    assert noise_apart_from(clips, clips, np.array([1])).tolist() == [0]
