from __future__ import annotations

import os

import pytest

from panns.data.clip_lists import Clip, write_clip_list
from panns.data.shards import ShardAudio
from tests.commands import needs_posix, run_panns, succeed
from tests.data.shard_sets import RATE, make_clip_list
from tests.terminal import Terminal


@pytest.fixture
def listed(tmp_path):
    """A manifest of seven clips, in `clips.jsonl`."""
    clips = make_clip_list(tmp_path).clips
    write_clip_list(tmp_path / "clips.jsonl", clips)
    return clips


def shard(folder, *arguments):
    return run_panns("data", "shard", "clips.jsonl", "-o", "packed", *arguments, cwd=folder)


def test_the_result_is_printed(listed, tmp_path):
    result = shard(tmp_path, "--clips-per-shard", "3")
    size = sum(path.stat().st_size for path in (tmp_path / "packed").glob("*.tar"))
    assert succeed(result) == f"packed: 7 clips in 3 shards, {size / 1e6:.1f} MB, 0.00 h\n"
    assert result.stderr == ""
    assert tuple(ShardAudio(tmp_path / "packed", RATE).clips) == listed


@pytest.mark.parametrize(
    ("arguments", "suffix"),
    [
        ((), "wav"),
        (("--format", "flac"), "flac"),
        (("--rate", "16000"), "flac"),
        (("--format=wav", "--rate=16000"), "wav"),
    ],
)
@pytest.mark.usefixtures("listed")
def test_the_default_format_with_a_rate_is_flac(tmp_path, arguments, suffix):
    succeed(shard(tmp_path, *arguments))
    data = (tmp_path / "packed" / "shard-000000.tar").read_bytes()
    assert data.startswith(f"000000000.{suffix}\0".encode())
    audio = ShardAudio(tmp_path / "packed", 16_000)
    assert len(audio.waveform(0)) == 3_200


@pytest.mark.usefixtures("listed")
def test_a_repeated_command_continues(tmp_path):
    first = succeed(shard(tmp_path))
    (tmp_path / "packed" / "index.npz").unlink()
    assert succeed(shard(tmp_path)) == first


@pytest.mark.usefixtures("listed")
def test_a_bad_clip_is_an_error_unless_skipped(tmp_path):
    (tmp_path / "sound 1.a.flac").write_text("no sound")
    result = shard(tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("panns: sound 1.a.flac: is text, not audio")
    assert "; --skip-damaged skips" in result.stderr
    result = shard(tmp_path, "--skip-damaged")
    assert result.returncode == 0
    assert result.stdout.startswith("packed: 6 clips in 1 shards, ")
    assert result.stderr.startswith("panns: skipped 1 of 7 clips, which cannot be read: sound 1.a.flac; ")
    assert "is text, not audio" in (tmp_path / "packed" / "shard-000000.json").read_text()


def test_clips_cut_from_longer_files_are_reported(listed, tmp_path):
    write_clip_list(tmp_path / "clips.jsonl", [*listed, Clip("sound 0.a.wav", onset_s=0.1)])
    result = shard(tmp_path)
    succeed(result)
    assert result.stderr == "panns: clips cut out of longer files, as mono FLAC: 1\n"


def test_a_folder_of_class_folders_is_packed(listed, tmp_path):
    for i, name in enumerate(("dog", "rain")):
        (tmp_path / "sets" / name).mkdir(parents=True)
        (tmp_path / listed[i].path).rename(tmp_path / "sets" / name / listed[i].path)
    succeed(run_panns("data", "shard", tmp_path / "sets", "-o", tmp_path / "packed"))
    assert [clip.labels for clip in ShardAudio(tmp_path / "packed", RATE).clips] == [("dog",), ("rain",)]


@pytest.mark.parametrize(
    ("arguments", "words", "status"),
    [
        (("--format", "keep", "--rate", "16000"), "needs coding 'flac' or 'wav'", 2),
        (("--format", "mp3"), "'mp3' is not one of 'keep', 'flac', 'wav'", 2),
        (("--rate", "0"), "sample_rate=0", 2),
        (("--rate", "7"), "sample_rate=7", 2),
        (("--clips-per-shard", "0"), "clips_per_shard=0", 2),
        (
            ("-o", "clips.jsonl"),
            "panns: clips.jsonl cannot be written (File exists); make room or use another folder",
            1,
        ),
        (("-o", "other"), "shard-000000.tar", 1),
    ],
)
@pytest.mark.usefixtures("listed")
def test_refused_options(tmp_path, arguments, words, status):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "shard-000000.tar").write_bytes(b"foreign")
    result = shard(tmp_path, *arguments)
    assert (result.returncode, result.stdout) == (status, "")
    assert words in " ".join(result.stderr.replace("│", "").split())
    assert (tmp_path / "other" / "shard-000000.tar").read_bytes() == b"foreign"


def test_a_missing_clip_list(tmp_path):
    result = shard(tmp_path)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "panns: clips.jsonl: no such file or folder; check the path\n"


SLOW = """
import sys, time
from panns.cli import main
from panns.data.shards import writer

pack = writer.pack
writer.pack = lambda *arguments: time.sleep(0.4) or pack(*arguments)
sys.argv = ["panns", "data", "shard", *sys.argv[1:]]
main.main()
"""


@needs_posix
@pytest.mark.usefixtures("listed")
def test_progress_is_shown_on_a_terminal(tmp_path):
    arguments = (tmp_path / "clips.jsonl", "-o", tmp_path / "packed", "--clips-per-shard", "1")
    terminal = Terminal("-c", SLOW, *map(os.fspath, arguments))
    assert b"7 clips in 7 shards" in terminal.wait()
    assert b"/7" in terminal.shown
    assert b"clips" in terminal.shown
    assert terminal.lines == []
