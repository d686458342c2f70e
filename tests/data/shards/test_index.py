from __future__ import annotations

import numpy as np
import pytest

from panns.data.clip_lists import Clip
from panns.data.shards.index import INDEX_FILE, Sample, ShardIndex, write_index
from panns.errors import DataError

CLIPS = [Clip(f"{i}.wav", ("Dog",) if i else ()) for i in range(4)]
SHARDS = [
    (5_000, [Sample(0, "wav", 512, 100, 1.5, 1.0, 11), Sample(1, "flac", 2_048, 7, 2.5, 2.0, 2**32 - 1)]),
    (3_000, []),  # all of its clips were unreadable
    (6_000_000_000, [Sample(5, "wav", 512, 100, 3.5, 1.0, 0), Sample(6, "wav", 5_999_999_000, 100, 4.5, 0.25, 5)]),
]


@pytest.fixture
def folder(tmp_path):
    write_index(tmp_path, SHARDS, CLIPS)
    return tmp_path


def test_every_clip_is_found(folder):
    index = ShardIndex.read(folder)
    assert [index.find(i) for i in range(4)] == [
        (number, sample) for number, (_, samples) in enumerate(SHARDS) for sample in samples
    ]
    assert list(index.clips) == CLIPS
    assert index.shard_n_bytes.tolist() == [5_000, 3_000, 6_000_000_000]
    assert index.duration_s.tolist() == [1.5, 2.5, 3.5, 4.5]


@pytest.mark.parametrize("i", [-1, 4])
def test_index_out_of_range(folder, i):
    with pytest.raises(IndexError, match=f"clip {i} is out of range"):
        ShardIndex.read(folder).find(i)


def test_index_is_reproducible(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    write_index(other, SHARDS, CLIPS)
    assert (folder / INDEX_FILE).read_bytes() == (other / INDEX_FILE).read_bytes()


def test_index_without_clips(tmp_path):
    write_index(tmp_path, [(10_240, [])], [])
    assert len(ShardIndex.read(tmp_path).clips) == 0


def test_folder_without_index_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"has no index\.npz"):
        ShardIndex.read(tmp_path)


@pytest.mark.parametrize("keep", [0, 100, -100])
def test_truncated_index_is_refused(folder, keep):
    data = (folder / INDEX_FILE).read_bytes()
    (folder / INDEX_FILE).write_bytes(data[:keep])
    with pytest.raises(DataError, match=r"index\.npz is damaged"):
        ShardIndex.read(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": np.array(99)}, "format 99"),
        ({"shard_starts": np.array([0, 2, 2, 3])}, "differ in number"),
        ({"shard_n_bytes": np.array([5_000, 3_000, 600])}, "beyond the end of their shard"),
        ({"shard_starts": np.array([0, 4, 2, 4])}, "differ in number"),
        ({"n_clips": np.array(2**62)}, "keys of shape"),
        ({"n_clips": np.array(2.5)}, "keys of shape"),
        ({"key": np.array([0.5] * 4)}, "key of type float64"),
        ({"key": np.array(["a"] * 4)}, "key of type"),
        ({"offset": np.array([-5, 0, 0, 0])}, "offset holds a negative number"),
        ({"gain": np.array([np.nan], np.float32)}, "gain holds a negative number or NaN"),
        ({"gain": np.array([1])}, "gain of type int64"),
        ({"suffix": np.array([7])}, "unknown suffixes"),
        ({"label_codes": np.array([0.0])}, "label_codes refers to other texts"),
        ({"label_codes": np.array([9, 9, 9])}, "label_codes refers to other texts"),
        ({"path_code": np.array([0, 1, 2, 99])}, "path_code refers to other texts"),
        ({"label_starts": np.array([0, 9, 3, 3, 3])}, "label_starts does not divide"),
        ({"path_text_starts": np.array([0, 2**40])}, "path_(code|text_starts)"),
        ({"path_texts": np.array([0.5])}, "path_texts of type"),
        ({"onset_s": np.array([1])}, "onset_s of type int64"),
        ({"crc32": np.array([True] * 4)}, "crc32 of type bool"),
        ({"format": np.array(1)}, "format 1"),
        ({"format": np.array(["1"])}, "format"),
    ],
)
def test_inconsistent_index_is_refused(folder, change, words):
    with np.load(folder / INDEX_FILE) as file:
        columns = dict(file) | change
    np.savez(folder / INDEX_FILE, **columns)
    with pytest.raises(DataError, match=words):
        ShardIndex.read(folder)
