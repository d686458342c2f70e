from __future__ import annotations

import pytest

from panns.data.shards import ShardFolder, ShardSettings, holds_shards, write_shards
from panns.data.shards.index import INDEX_FILE
from panns.errors import DataError
from tests.data.shard_sets import make_manifest


def test_the_files_of_clips_are_those_that_were_packed(tmp_path):
    manifest = make_manifest(tmp_path)
    write_shards(manifest, tmp_path / "shards", ShardSettings(clips_per_shard=4))
    shards = ShardFolder(tmp_path / "shards")
    assert len(shards) == 7
    for i, clip in enumerate(manifest.clips):
        data, gain = shards.sound(i)
        assert (bytes(data), gain) == (manifest.file(clip).read_bytes(), 1.0)
    assert shards.name(5) == f"sound 5.a.flac in {tmp_path / 'shards' / 'shard-000001.tar'}"


def test_a_folder_whose_writing_did_not_end_holds_shards_too(tmp_path):
    assert not holds_shards(tmp_path / "shards")
    write_shards(make_manifest(tmp_path), tmp_path / "shards")
    assert holds_shards(tmp_path / "shards")
    assert not holds_shards(tmp_path)
    (tmp_path / "shards" / INDEX_FILE).unlink()
    assert holds_shards(tmp_path / "shards")
    with pytest.raises(DataError, match="its writing did not come to its end"):
        ShardFolder(tmp_path / "shards")
