from __future__ import annotations

import pytest

from panns.data.shards import ShardFolder, ShardSettings, holds_shards, write_shards
from panns.data.shards.index import INDEX_FILE
from panns.errors import DataError
from tests.data.shard_sets import make_clip_list


def test_packed_files_equal_the_originals(tmp_path):
    clip_list = make_clip_list(tmp_path)
    write_shards(clip_list, tmp_path / "shards", ShardSettings(clips_per_shard=4))
    shards = ShardFolder(tmp_path / "shards")
    assert len(shards) == 7
    for i, clip in enumerate(clip_list.clips):
        data, gain = shards.sound(i)
        assert (bytes(data), gain) == (clip_list.file(clip).read_bytes(), 1.0)
    assert shards.name(5) == f"sound 5.a.flac in {tmp_path / 'shards' / 'shard-000001.tar'}"


def test_incomplete_folder_holds_shards(tmp_path):
    assert not holds_shards(tmp_path / "shards")
    write_shards(make_clip_list(tmp_path), tmp_path / "shards")
    assert holds_shards(tmp_path / "shards")
    assert not holds_shards(tmp_path)
    (tmp_path / "shards" / INDEX_FILE).unlink()
    assert holds_shards(tmp_path / "shards")
    with pytest.raises(DataError, match="its writing was interrupted"):
        ShardFolder(tmp_path / "shards")
