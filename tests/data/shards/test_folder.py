from __future__ import annotations

import re

import numpy as np
import pytest

from panns.data.shards import ShardFolder, ShardSettings, holds_shards, write_shards
from panns.data.shards.index import INDEX_FILE
from panns.errors import DataError
from tests.data.shard_sets import RATE, make_clip_list


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


@pytest.mark.parametrize("n_changes", [60, pytest.param(2000, marks=pytest.mark.slow)])
def test_changed_bits_of_packed_sounds_are_refused(tmp_path, n_changes):
    """Sounds in damaged shards changed without a word."""
    write_shards(make_clip_list(tmp_path), tmp_path / "shards", ShardSettings("wav", RATE))
    (shard,) = (tmp_path / "shards").glob("*.tar")
    content = shard.read_bytes()
    whole = [bytes(ShardFolder(tmp_path / "shards").sound(i).data) for i in range(7)]
    problems = []
    for place in np.random.default_rng(0).integers(0, len(content), n_changes):
        shard.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        folder = ShardFolder(tmp_path / "shards")
        for i in range(7):
            try:
                assert folder.sound(i).data == whole[i]  # the flip hit another clip, or a part without meaning
            except DataError as exc:
                problems.append(str(exc))
    assert len(problems) > 20
    assert all(re.search(r"shard-000000\.tar.*(checksum|does not hold)", problem) for problem in problems)


def test_shards_of_an_earlier_version_are_packed_again(tmp_path):
    clip_list = make_clip_list(tmp_path)
    write_shards(clip_list, tmp_path / "shards")
    (record,) = (tmp_path / "shards").glob("shard-*.json")
    record.write_text(record.read_text().replace('"format":2', '"format":1'))
    write_shards(clip_list, tmp_path / "shards")
    assert '"format":2' in record.read_text()
