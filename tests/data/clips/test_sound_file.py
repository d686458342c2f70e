"""Pipes and devices in place of files: a reader would wait without end, or read without end."""

import os
import re

import pytest

from panns.batch.inputs import expand_paths
from panns.data.clip_lists import Clip, ClipList, read_clip_list
from panns.data.clip_lists.event_table import read_event_table
from panns.data.clips.audio import FileAudio
from panns.data.quality import check_clips
from panns.data.shards import write_shards
from panns.errors import AudioDecodeError, DataError
from tests.commands import needs_posix
from tests.sounds import noise, write_wav
from tests.test_layers import PACKAGE

pytestmark = needs_posix


@pytest.fixture
def pipe(tmp_path):
    (tmp_path / "dog").mkdir()
    os.mkfifo(tmp_path / "dog" / "pipe.wav")
    return tmp_path / "dog" / "pipe.wav"


@pytest.mark.parametrize("stretch", [{}, {"onset_s": 0.5}])
@pytest.mark.usefixtures("pipe")
def test_a_clip_in_a_pipe_is_refused(tmp_path, stretch):
    clips = ClipList(tmp_path, (Clip("dog/pipe.wav", ("dog",), **stretch),))
    with pytest.raises(AudioDecodeError, match=r"pipe\.wav is a pipe or a device"):
        FileAudio(clips, 8_000).waveform(0)
    with pytest.raises(AudioDecodeError, match="pipe or a device"):
        write_shards(clips, tmp_path / "shards")
    report = check_clips(clips, sample_rate=8_000)
    assert any("pipe or a device" in finding.message for finding in report.errors)


def test_a_pipe_among_class_folders_is_refused(pipe, tmp_path):
    write_wav(pipe.with_name("a.wav"), noise(0.1))
    with pytest.raises(DataError, match=r"pipe\.wav is a pipe or a device"):
        read_clip_list(tmp_path)


def test_a_pipe_in_a_folder_is_named_and_the_rest_is_read(pipe):
    write_wav(pipe.with_name("a.wav"), noise(0.1))
    whole, other = expand_paths([str(pipe.parent)])
    assert whole.problem is None
    assert re.search(r"pipe\.wav: not read \(a pipe or a device, not a file\)", other.problem)
    assert [one.problem for one in expand_paths([str(pipe)])] == [None]  # given by itself it is meant


@pytest.mark.parametrize("target", ["/dev/zero", "/dev/null", None])
@pytest.mark.parametrize(
    ("read", "suffix"), [(read_clip_list, ".csv"), (read_clip_list, ".jsonl"), (read_event_table, ".tsv")]
)
def test_a_manifest_must_be_a_file(tmp_path, target, read, suffix):
    path = tmp_path / f"clips{suffix}"
    path.symlink_to(target) if target else os.mkfifo(path)
    with pytest.raises(DataError, match=r"clips\..* cannot be read \(a pipe, a device or a folder"):
        read(path)


def test_the_data_part_opens_sounds_in_one_place():
    openers = [
        path.name
        for path in PACKAGE.glob("data/**/*.py")
        if re.search(r"\b(open_sound|load_sound)\(", path.read_text(encoding="utf-8"))
    ]
    assert openers == ["sound_file.py"]
