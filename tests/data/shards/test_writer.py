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
from panns.system.progress import Progress
from tests.commands import needs_posix, own_environment
from tests.data.shard_sets import RATE, grouped, make_clip_list
from tests.sounds import noise, write_wav

KEEP = ShardSettings(clips_per_shard=3)
WAV = ShardSettings("wav", RATE, clips_per_shard=3)


@pytest.fixture
def clip_list(tmp_path):
    (tmp_path / "sounds").mkdir()
    return make_clip_list(tmp_path / "sounds")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "shards"


def contents(folder):
    """Bytes of every file, by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != ".lock"}


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("shard-*.tar")}


def test_shards_have_the_layout_of_webdataset(clip_list, folder):
    written = write_shards(clip_list, folder, KEEP)
    paths = sorted(folder.glob("shard-*.tar"))
    assert [path.name for path in paths] == ["shard-000000.tar", "shard-000001.tar", "shard-000002.tar"]
    samples = [sample for path in paths for sample in grouped(path)]
    assert [sample["__key__"] for sample in samples] == [f"{i:09d}" for i in range(7)]
    for i, (sample, clip) in enumerate(zip(samples, clip_list.clips, strict=True)):
        suffix = ("wav", "flac")[i % 2]
        assert sample.keys() == {"__key__", suffix, "json"}
        assert sample[suffix] == clip_list.file(clip).read_bytes()
        assert (sample["json"]["path"], sample["json"]["labels"]) == (clip.path, list(clip.labels))
    assert (written.n_clips, written.n_shards, written.n_cut, written.skipped) == (7, 3, 0, ())
    assert written.n_bytes == sum(path.stat().st_size for path in paths)
    assert written.duration_s == pytest.approx(7 * 0.2 + 0.21)


def test_shards_are_reproducible(clip_list, folder, tmp_path):
    write_shards(clip_list, folder, WAV, n_threads=1)
    write_shards(clip_list, tmp_path / "again", WAV, n_threads=4)
    assert contents(folder) == contents(tmp_path / "again")


def test_complete_shards_are_kept(clip_list, folder):
    first = write_shards(clip_list, folder, WAV)
    before = times(folder)
    assert write_shards(clip_list, folder, WAV) == first
    assert times(folder) == before


def test_missing_and_damaged_shards_are_rebuilt(clip_list, folder):
    first = write_shards(clip_list, folder, WAV)
    whole = contents(folder)
    before = times(folder)
    (folder / "shard-000000.tar").unlink()
    (folder / "shard-000001.tar").write_bytes(whole["shard-000001.tar"][:-1])
    (folder / INDEX_FILE).unlink()
    assert write_shards(clip_list, folder, WAV) == first
    assert contents(folder) == whole
    assert times(folder)["shard-000002.tar"] == before["shard-000002.tar"]


def test_interrupt_keeps_complete_shards_only(clip_list, folder, tmp_path, monkeypatch):
    write_shards(clip_list, tmp_path / "unbroken", WAV)
    pack = packing.pack

    def interrupted(file, clip, settings, stretches):
        if clip is clip_list.clips[4]:
            raise KeyboardInterrupt
        return pack(file, clip, settings, stretches)

    monkeypatch.setattr(writer, "pack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_shards(clip_list, folder, WAV, n_threads=1)
    assert {path.name for path in folder.iterdir()} == {".lock", "shard-000000.tar", "shard-000000.json"}
    with pytest.raises(DataError, match="its writing was interrupted"):
        ShardAudio(folder, RATE)
    monkeypatch.setattr(writer, "pack", pack)
    before = times(folder)
    write_shards(clip_list, folder, WAV)
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
        time.sleep(600)
    return pack(file, clip, *others)
writer.pack = slow
writer.write_shards(
    read_clip_list(Path(sys.argv[1])), Path(sys.argv[2]), ShardSettings("wav", 8_000, clips_per_shard=3), n_threads=1
)
"""


@needs_posix
def test_repetition_repairs_after_a_killed_process(clip_list, folder, tmp_path):
    from panns.data.clip_lists import write_clip_list

    write_clip_list(clip_list.root / "clips.jsonl", clip_list.clips)
    write_shards(clip_list, tmp_path / "unbroken", WAV)
    command = [sys.executable, "-c", KILLED, clip_list.root / "clips.jsonl", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=own_environment()) as child:
        assert child.stdout.readline() == b"now\n"
        child.kill()
        assert child.wait(timeout=600) == -signal.SIGKILL
    names = {path.name for path in folder.iterdir()}
    assert {"shard-000000.tar", "shard-000000.json"} < names
    assert "shard-000001.tar" not in names
    assert [name for name in names if name.startswith(".shard-000001.")]  # the partial shard
    write_shards(clip_list, folder, WAV)
    assert contents(folder) == contents(tmp_path / "unbroken")


def test_damaged_shard_never_passes_for_its_replacement(clip_list, folder, monkeypatch):
    """The damaged shard has the size in the new record, and the program ends between record and shard."""
    write_shards(clip_list, folder, WAV)
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
        write_shards(clip_list, folder, WAV)
    monkeypatch.setattr(ShardRecord, "write", write)
    write_shards(clip_list, folder, WAV)
    assert contents(folder) == whole


def test_two_writers_do_not_write_twice(clip_list, folder, monkeypatch):
    packed = []
    pack = packing.pack
    monkeypatch.setattr(writer, "pack", lambda file, *others: packed.append(file) or pack(file, *others))
    threads = [threading.Thread(target=write_shards, args=(clip_list, folder, WAV)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    assert len(packed) == 7
    assert len(ShardAudio(folder, RATE)) == 7


@pytest.mark.parametrize("settings", [KEEP, WAV])
def test_first_unreadable_clip_stops_writing(clip_list, folder, settings):
    (clip_list.root / "sound 5.a.flac").write_text("no sound")
    with pytest.raises(AudioDecodeError, match=r"sound 5\.a\.flac: is text"):
        write_shards(clip_list, folder, settings, n_threads=1)
    assert not (folder / INDEX_FILE).exists()
    assert not [path for path in folder.iterdir() if path.name.startswith(".shard")]


def test_skip_damaged_leaves_out_unreadable_clips(clip_list, folder):
    (clip_list.root / "sound 1.a.flac").write_text("no sound")
    (clip_list.root / "sound 6.a.wav").unlink()
    written = write_shards(clip_list, folder, replace(WAV, skip_damaged=True))
    assert written.n_clips == 5
    assert [(one.index, one.path) for one in written.skipped] == [(1, "sound 1.a.flac"), (6, "sound 6.a.wav")]
    assert "no such file" in written.skipped[1].reason
    audio = ShardAudio(folder, RATE)
    kept = [clip for i, clip in enumerate(clip_list.clips) if i not in (1, 6)]
    assert list(audio.clips) == kept
    assert [len(audio.waveform(i)) for i in range(5)] == [1_600, 1_760, 1_840, 1_920, 2_000]
    # The shard counts as complete; a repeated call reports the same clips.
    assert write_shards(clip_list, folder, replace(WAV, skip_damaged=True)) == written
    with pytest.raises(AudioDecodeError, match=r"sound 1\.a\.flac: is text"):
        write_shards(clip_list, folder, WAV)


def test_skip_damaged_decodes_copied_files_once(clip_list, folder, monkeypatch):
    samples = noise(1, sample_rate=RATE)
    samples[RATE // 2] = np.nan
    write_wav(clip_list.root / "sound 4.a.wav", samples, RATE)
    # Copied files are decoded only if skip_damaged asks for it.
    assert write_shards(clip_list, folder, KEEP).n_clips == 7
    opened = []
    monkeypatch.setattr(packing, "open_clip_file", lambda file, **rate: opened.append(file) or open_sound(file, **rate))
    written = write_shards(clip_list, folder, replace(KEEP, skip_damaged=True))
    assert sorted(opened) == [clip_list.file(clip) for clip in clip_list.clips]
    assert [one.path for one in written.skipped] == ["sound 4.a.wav"]
    assert "0.500 s" in written.skipped[0].reason
    assert len(ShardAudio(folder, RATE)) == 6
    assert write_shards(clip_list, folder, replace(KEEP, skip_damaged=True)) == written
    assert len(opened) == 7


def test_all_clips_unreadable(clip_list, folder):
    for clip in clip_list.clips:
        clip_list.file(clip).unlink()
    with pytest.raises(DataError, match="none of 7 clips can be read"):
        write_shards(clip_list, folder, replace(WAV, skip_damaged=True))
    assert not (folder / INDEX_FILE).exists()


def test_stretches_of_kept_files_are_counted(tmp_path, folder):
    write_wav(tmp_path / "a.wav", noise(1, sample_rate=RATE), RATE)
    clip_list = ClipList(tmp_path, (Clip("a.wav"), Clip("a.wav", onset_s=0.5)))
    assert write_shards(clip_list, folder).n_cut == 1
    assert write_shards(clip_list, tmp_path / "flac", ShardSettings("flac")).n_cut == 0


def test_progress_counts_kept_shards(clip_list, folder):
    seen = []
    write_shards(clip_list, folder, WAV, on_progress=seen.append)
    assert seen[-1] == Progress(7, 7, "clips", "packing")
    (folder / "shard-000002.tar").unlink()
    seen.clear()
    write_shards(clip_list, folder, WAV, on_progress=seen.append)
    assert seen[-1] == Progress(7, 7, "clips", "packing")
    assert min(one.done for one in seen) >= 6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"settings": replace(WAV, sample_rate=16_000)}, "packed with sample_rate=8000, not 16000"),
        ({"settings": replace(WAV, clips_per_shard=4)}, "packed with clips_per_shard=3, not 4"),
        ({"settings": KEEP}, "packed with coding='wav', not 'keep'"),
        ({"n_clips": 6}, "shard-000002.tar is not one of the 2 shards"),
        ({"n_clips": 5}, "shard-000001.tar was packed from other clips"),
    ],
)
def test_shards_of_other_clips_or_settings_are_refused(clip_list, folder, change, words):
    write_shards(clip_list, folder, WAV)
    before = contents(folder)
    clips = clip_list.clips[: change.get("n_clips", 7)]
    with pytest.raises(DataError, match=words):
        write_shards(ClipList(clip_list.root, clips), folder, change.get("settings", WAV))
    assert contents(folder) == before


def test_changed_file_needs_its_shard_removed(clip_list, folder):
    write_shards(clip_list, folder, WAV)
    write_wav(clip_list.root / "sound 4.a.wav", noise(0.5, sample_rate=RATE), RATE)
    with pytest.raises(DataError, match=r"shard-000001.tar was packed from other clips"):
        write_shards(clip_list, folder, WAV)
    before = times(folder)
    (folder / "shard-000001.tar").unlink()
    write_shards(clip_list, folder, WAV)
    assert {name for name, time in times(folder).items() if before[name] == time} == {
        "shard-000000.tar",
        "shard-000002.tar",
    }
    assert len(ShardAudio(folder, RATE).waveform(4)) == RATE // 2


def test_empty_list_is_refused(tmp_path):
    with pytest.raises(DataError, match="clip list is empty"):
        write_shards(ClipList(tmp_path, ()), tmp_path / "shards")
