from __future__ import annotations

import os
from dataclasses import replace

import pytest

from panns.data.clip_lists import Clip
from panns.data.shards import ShardSettings
from panns.data.shards.index import Sample
from panns.data.shards.record import ShardRecord, digest_clips, read_record, size_and_time
from panns.errors import DataError

SETTINGS = ShardSettings("wav", 16_000)
RECORD = ShardRecord(SETTINGS, "abc", 7, (Sample(3, "wav", 512, 4, 1.5, 1.0, 9),), ((4, "b.wav: is text"),))


@pytest.fixture
def shard(tmp_path):
    (tmp_path / "shard-000000.tar").write_bytes(b"1234567")
    RECORD.write(tmp_path / "shard-000000.tar")
    return tmp_path / "shard-000000.tar"


def test_complete_shard_has_its_record(shard):
    assert read_record(shard, settings=SETTINGS, inputs="abc") == RECORD
    assert read_record(shard, settings=replace(SETTINGS, skip_damaged=True), inputs="abc") == RECORD


def test_missing_or_damaged_shard_must_be_written(shard):
    shard.write_bytes(b"12345678")
    assert read_record(shard, settings=SETTINGS, inputs="abc") is None
    shard.unlink()
    assert read_record(shard, settings=SETTINGS, inputs="abc") is None


@pytest.mark.parametrize("text", [None, "", "{}", "[1]", '{"format": 2, "settings": {"speed": 2}}'])
def test_shard_of_another_program_is_refused(shard, text):
    record = shard.with_suffix(".json")
    record.unlink() if text is None else record.write_text(text)
    with pytest.raises(DataError, match=r"shard-000000.tar exists and was not written by panns"):
        read_record(shard, settings=SETTINGS, inputs="abc")


def test_other_settings_are_refused(shard):
    with pytest.raises(DataError, match=r"was packed with sample_rate=16000, not 8000"):
        read_record(shard, settings=ShardSettings("wav", 8_000), inputs="abc")


def test_other_inputs_are_refused(shard):
    with pytest.raises(DataError, match=r"was packed from other clips"):
        read_record(shard, settings=SETTINGS, inputs="def")


def test_digest_changes_with_clips_and_files(tmp_path):
    file = tmp_path / "a.wav"
    file.write_bytes(b"12")
    os.utime(file, ns=(10, 10))
    clip = Clip("a.wav", ("Dog",))
    first = digest_clips([clip], [file])
    digests = {first, digest_clips([replace(clip, labels=("Cat",))], [file]), digest_clips([clip, clip], [file, file])}
    os.utime(file, ns=(10, 11))
    digests.add(digest_clips([clip], [file]))
    file.write_bytes(b"123")
    os.utime(file, ns=(10, 10))
    digests.add(digest_clips([clip], [file]))
    file.unlink()
    digests.add(digest_clips([clip], [file]))
    assert len(digests) == 6
    assert size_and_time(file) == size_and_time(tmp_path / "a\0.wav") == (-1, -1)


def test_the_earlier_name_of_a_setting_is_read(shard):
    file = shard.with_suffix(".json")
    file.write_text(file.read_text().replace("skip_damaged", "skip_bad"))
    assert read_record(shard, settings=SETTINGS, inputs="abc") == RECORD
