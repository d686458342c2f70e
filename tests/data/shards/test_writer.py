from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from panns.audio import open_sound
from panns.data.clip_lists import Clip, ClipList
from panns.data.shards import ShardAudio, ShardSettings, packing, write_shards, writer
from panns.data.shards.index import INDEX_FILE
from panns.data.shards.record import ShardRecord
from panns.errors import AudioDecodeError, DataError
from tests.commands import own_environment
from tests.data.shard_sets import RATE, grouped, make_manifest
from tests.sounds import noise, write_wav

KEEP = ShardSettings(clips_per_shard=3)
WAV = ShardSettings("wav", RATE, clips_per_shard=3)


@pytest.fixture
def manifest(tmp_path):
    (tmp_path / "sounds").mkdir()
    return make_manifest(tmp_path / "sounds")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "shards"


def contents(folder):
    """Bytes of every file, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != ".lock"}


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("shard-*.tar")}


def test_shards_are_in_the_layout_of_webdataset(manifest, folder):
    written = write_shards(manifest, folder, KEEP)
    paths = sorted(folder.glob("shard-*.tar"))
    assert [path.name for path in paths] == ["shard-000000.tar", "shard-000001.tar", "shard-000002.tar"]
    samples = [sample for path in paths for sample in grouped(path)]
    assert [sample["__key__"] for sample in samples] == [f"{i:09d}" for i in range(7)]
    for i, (sample, clip) in enumerate(zip(samples, manifest.clips, strict=True)):
        suffix = ("wav", "flac")[i % 2]
        assert sample.keys() == {"__key__", suffix, "json"}
        assert sample[suffix] == manifest.file(clip).read_bytes()
        assert (sample["json"]["path"], sample["json"]["labels"]) == (clip.path, list(clip.labels))
    assert (written.n_clips, written.n_shards, written.n_cut, written.skipped) == (7, 3, 0, ())
    assert written.n_bytes == sum(path.stat().st_size for path in paths)
    assert written.duration_s == pytest.approx(7 * 0.2 + 0.21)


def test_bytes_depend_neither_on_time_nor_on_threads_nor_on_the_place(manifest, folder, tmp_path):
    write_shards(manifest, folder, WAV, n_threads=1)
    write_shards(manifest, tmp_path / "again", WAV, n_threads=4)
    assert contents(folder) == contents(tmp_path / "again")


def test_what_is_finished_is_kept(manifest, folder):
    first = write_shards(manifest, folder, WAV)
    before = times(folder)
    assert write_shards(manifest, folder, WAV) == first
    assert times(folder) == before


def test_what_is_missing_or_damaged_is_made_again(manifest, folder):
    first = write_shards(manifest, folder, WAV)
    whole = contents(folder)
    before = times(folder)
    (folder / "shard-000000.tar").unlink()
    (folder / "shard-000001.tar").write_bytes(whole["shard-000001.tar"][:-1])
    (folder / INDEX_FILE).unlink()
    assert write_shards(manifest, folder, WAV) == first
    assert contents(folder) == whole
    assert times(folder)["shard-000002.tar"] == before["shard-000002.tar"]


def test_an_interrupt_keeps_what_is_finished_and_leaves_no_halves(manifest, folder, tmp_path, monkeypatch):
    write_shards(manifest, tmp_path / "unbroken", WAV)
    pack = writer.pack

    def interrupted(file, clip, settings, stretches):
        if clip is manifest.clips[4]:
            raise KeyboardInterrupt
        return pack(file, clip, settings, stretches)

    monkeypatch.setattr(writer, "pack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_shards(manifest, folder, WAV, n_threads=1)
    assert {path.name for path in folder.iterdir()} == {".lock", "shard-000000.tar", "shard-000000.json"}
    with pytest.raises(DataError, match="its writing did not come to its end"):
        ShardAudio(folder, RATE)
    monkeypatch.setattr(writer, "pack", pack)
    before = times(folder)
    write_shards(manifest, folder, WAV)
    assert times(folder)["shard-000000.tar"] == before["shard-000000.tar"]
    assert contents(folder) == contents(tmp_path / "unbroken")


KILLED = """
import sys, time
from pathlib import Path
from panns.data.shards import writer
from panns.data.clip_lists import read_clip_list
from panns.data.shards import ShardSettings

pack = writer.pack
def slow(file, clip, *others):
    if clip.path.startswith("sound 4"):
        print("now", flush=True)
        time.sleep(60)
    return pack(file, clip, *others)
writer.pack = slow
writer.write_shards(
    read_clip_list(Path(sys.argv[1])), Path(sys.argv[2]), ShardSettings("wav", 8_000, clips_per_shard=3), n_threads=1
)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_process_that_was_killed_leaves_nothing_that_a_repetition_does_not_mend(manifest, folder, tmp_path):
    from panns.data.clip_lists import write_clip_list

    write_clip_list(manifest.root / "clips.jsonl", manifest.clips)
    write_shards(manifest, tmp_path / "unbroken", WAV)
    command = [sys.executable, "-c", KILLED, manifest.root / "clips.jsonl", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=own_environment()) as child:
        assert child.stdout.readline() == b"now\n"
        child.kill()
        assert child.wait(timeout=30) == -signal.SIGKILL
    names = {path.name for path in folder.iterdir()}
    assert {"shard-000000.tar", "shard-000000.json"} < names
    assert "shard-000001.tar" not in names
    assert [name for name in names if name.startswith(".shard-000001.")]  # the half shard, under another name
    write_shards(manifest, folder, WAV)
    assert contents(folder) == contents(tmp_path / "unbroken")


def test_a_damaged_shard_is_not_taken_for_the_one_that_was_about_to_replace_it(manifest, folder, monkeypatch):
    """It has the size of the new one, and the program ends when the new record is there and the new shard is not."""
    write_shards(manifest, folder, WAV)
    whole = contents(folder)
    record = json.loads(whole["shard-000001.json"])
    (folder / "shard-000001.json").write_text(json.dumps(record | {"n_bytes": record["n_bytes"] + 512}))
    (folder / "shard-000001.tar").write_bytes(bytes(record["n_bytes"]))
    write = ShardRecord.write

    def write_and_end(record, shard):
        write(record, shard)
        raise KeyboardInterrupt

    monkeypatch.setattr(ShardRecord, "write", write_and_end)
    with pytest.raises(KeyboardInterrupt):
        write_shards(manifest, folder, WAV)
    monkeypatch.setattr(ShardRecord, "write", write)
    write_shards(manifest, folder, WAV)
    assert contents(folder) == whole


def test_two_writers_do_not_write_twice(manifest, folder, monkeypatch):
    packed = []
    pack = writer.pack
    monkeypatch.setattr(writer, "pack", lambda file, *others: packed.append(file) or pack(file, *others))
    threads = [threading.Thread(target=write_shards, args=(manifest, folder, WAV)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(packed) == 7
    assert len(ShardAudio(folder, RATE)) == 7


@pytest.mark.parametrize(("settings", "words"), [(KEEP, "is text"), (WAV, "is text")])
def test_the_first_bad_clip_ends_the_writing(manifest, folder, settings, words):
    (manifest.root / "sound 5.a.flac").write_text("no sound")
    with pytest.raises(AudioDecodeError, match=rf"sound 5\.a\.flac: {words}"):
        write_shards(manifest, folder, settings, n_threads=1)
    assert not (folder / INDEX_FILE).exists()
    assert not [path for path in folder.iterdir() if path.name.startswith(".shard")]


def test_bad_clips_are_skipped_where_that_is_asked(manifest, folder):
    (manifest.root / "sound 1.a.flac").write_text("no sound")
    (manifest.root / "sound 6.a.wav").unlink()
    written = write_shards(manifest, folder, replace(WAV, skip_bad=True))
    assert written.n_clips == 5
    assert [path for path, _ in written.skipped] == ["sound 1.a.flac", "sound 6.a.wav"]
    assert "there is no such file" in written.skipped[1][1]
    audio = ShardAudio(folder, RATE)
    kept = [clip for i, clip in enumerate(manifest.clips) if i not in (1, 6)]
    assert list(audio.clips) == kept
    assert [len(audio.waveform(i)) for i in range(5)] == [1_600, 1_760, 1_840, 1_920, 2_000]
    # The shard with the bad clip is finished: asked again, the same are missing, and said to be.
    assert write_shards(manifest, folder, replace(WAV, skip_bad=True)) == written
    with pytest.raises(AudioDecodeError, match=r"sound 1\.a\.flac: is text"):
        write_shards(manifest, folder, WAV)


def test_to_skip_what_is_bad_kept_files_are_decoded_once(manifest, folder, monkeypatch):
    samples = noise(1, sample_rate=RATE)
    samples[RATE // 2] = np.nan
    write_wav(manifest.root / "sound 4.a.wav", samples, RATE)
    # Those that were copied without a look into them are looked into when that is asked for.
    assert write_shards(manifest, folder, KEEP).n_clips == 7
    opened = []
    monkeypatch.setattr(packing, "open_sound", lambda file, **rate: opened.append(file) or open_sound(file, **rate))
    written = write_shards(manifest, folder, replace(KEEP, skip_bad=True))
    assert sorted(opened) == [manifest.file(clip) for clip in manifest.clips]
    assert [path for path, _ in written.skipped] == ["sound 4.a.wav"]
    assert "not finite (nan) at 0.500 s" in written.skipped[0][1]
    assert len(ShardAudio(folder, RATE)) == 6
    assert write_shards(manifest, folder, replace(KEEP, skip_bad=True)) == written
    assert len(opened) == 7


def test_a_set_of_which_nothing_can_be_read(manifest, folder):
    for clip in manifest.clips:
        manifest.file(clip).unlink()
    written = write_shards(manifest, folder, replace(WAV, skip_bad=True))
    assert (written.n_clips, len(written.skipped)) == (0, 7)
    assert len(ShardAudio(folder, RATE)) == 0


def test_what_is_cut_out_of_kept_files_is_counted(tmp_path, folder):
    write_wav(tmp_path / "a.wav", noise(1, sample_rate=RATE), RATE)
    manifest = ClipList(tmp_path, (Clip("a.wav"), Clip("a.wav", onset_s=0.5)))
    assert write_shards(manifest, folder).n_cut == 1
    assert write_shards(manifest, tmp_path / "flac", ShardSettings("flac")).n_cut == 0


def test_progress_counts_what_is_kept_too(manifest, folder):
    told = []
    write_shards(manifest, folder, WAV, on_progress=lambda *numbers: told.append(numbers))
    assert told[-1] == (7, 7)
    (folder / "shard-000002.tar").unlink()
    told.clear()
    write_shards(manifest, folder, WAV, on_progress=lambda *numbers: told.append(numbers))
    assert told[-1] == (7, 7)
    assert min(told)[0] >= 6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": replace(WAV, sample_rate=16_000)}, "packed with sample_rate=8000, and 16000 is asked for"),
        ({"settings": replace(WAV, clips_per_shard=4)}, "packed with clips_per_shard=3, and 4 is asked for"),
        ({"settings": KEEP}, "packed with coding='wav', and 'keep' is asked for"),
        ({"n_clips": 6}, "shard-000002.tar is none of the 2 shards that these clips make"),
        ({"n_clips": 5}, "shard-000001.tar was packed from other clips"),
    ],
)
def test_shards_of_something_else_are_not_mixed_in(manifest, folder, change, words):
    write_shards(manifest, folder, WAV)
    before = contents(folder)
    clips = manifest.clips[: change.get("n_clips", 7)]
    with pytest.raises(DataError, match=words):
        write_shards(ClipList(manifest.root, clips), folder, change.get("settings", WAV))
    assert contents(folder) == before


def test_a_file_that_has_changed_is_noticed_and_its_shard_alone_made_anew_once_removed(manifest, folder):
    write_shards(manifest, folder, WAV)
    write_wav(manifest.root / "sound 4.a.wav", noise(0.5, sample_rate=RATE), RATE)
    with pytest.raises(DataError, match=r"shard-000001.tar was packed from other clips, or their files have changed"):
        write_shards(manifest, folder, WAV)
    before = times(folder)
    (folder / "shard-000001.tar").unlink()
    write_shards(manifest, folder, WAV)
    assert {name for name, time in times(folder).items() if before[name] == time} == {
        "shard-000000.tar",
        "shard-000002.tar",
    }
    assert len(ShardAudio(folder, RATE).waveform(4)) == RATE // 2


def test_no_clips_are_a_sentence(tmp_path):
    with pytest.raises(DataError, match="there are no clips to pack"):
        write_shards(ClipList(tmp_path, ()), tmp_path / "shards")
