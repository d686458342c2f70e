"""A run folder refuses to resume another run."""

from __future__ import annotations

import errno
import re
import shutil
from dataclasses import replace

import pytest

from panns.data.clip_lists import Clip, read_clip_list, write_clip_list
from panns.errors import DataError, PannsError, SettingsError
from panns.training.engine.distributed import World
from panns.training.engine.state_file import STATE_FILE
from panns.training.run import train_model
from panns.training.run_folder import CLIPS_FILE, SETTINGS_FILE, check_folder, hold_folder
from panns.training.settings import read_settings
from tests.commands import needs_posix
from tests.sounds import noise, write_wav
from tests.training.conftest import SETTINGS


def test_other_clips_are_refused(settings_file, clip_list_file, tmp_path):
    listed = tmp_path / "clips.csv"
    clips = [
        replace(clip, path=str(clip_list_file.parent / clip.path)) for clip in read_clip_list(clip_list_file).clips
    ]
    write_clip_list(listed, clips)
    settings = read_settings(settings_file, (f"data.clips={listed}", "n_steps=2", "data.check=false"))
    train_model(settings, tmp_path / "out")
    renamed = [replace(clip, labels=tuple(label.replace("tone", "zone") for label in clip.labels)) for clip in clips]
    for changed, words in ((renamed, "labels"), (clips[:-2], "n_test was 12 and is 11"), (clips[::-1], "sha256")):
        write_clip_list(listed, changed)
        with pytest.raises(SettingsError, match=f"has changed since the run in .*: .*{words}"):
            train_model(settings, tmp_path / "out", is_resumed=True)
    write_clip_list(listed, clips)
    train_model(settings, tmp_path / "out", is_resumed=True)


def test_other_noise_is_refused(settings_file, tmp_path):
    (tmp_path / "noise").mkdir()
    for i in range(3):
        write_wav(tmp_path / "noise" / f"{i}.wav", noise(0.6, seed=i))
    listed = tmp_path / "noise.csv"
    write_clip_list(listed, [Clip(f"noise/{i}.wav") for i in range(3)])
    changes = (f"data.noise={listed}", "noise_share=1.0", "n_steps=2", "data.check=false")
    settings = read_settings(settings_file, changes)
    train_model(settings, tmp_path / "out")
    write_clip_list(listed, [Clip(f"noise/{i}.wav") for i in range(2)])
    with pytest.raises(SettingsError, match="n_noise was 3 and is 2"):
        train_model(settings, tmp_path / "out", is_resumed=True)


def test_a_file_in_place_of_a_folder_is_refused(settings_file, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="is a file"):
        check_folder(read_settings(settings_file), tmp_path / "file", is_resumed=False)


@pytest.fixture
def settings(settings_file):
    return read_settings(settings_file, ("n_steps=2", "data.check=false", "data.test_fold="))


def test_a_second_run_in_the_folder_is_refused(settings, tmp_path):
    """Both ran to their end, with files of each other."""
    with hold_folder(tmp_path, World()):
        with pytest.raises(SettingsError, match="another run trains in"):
            train_model(settings, tmp_path)
        with pytest.raises(SettingsError, match="another run trains in"), hold_folder(tmp_path, World()):
            pass
    with hold_folder(tmp_path, World()):
        pass


@needs_posix
def test_a_link_in_place_of_the_lock_is_refused(tmp_path):
    (tmp_path / "precious").write_text("content")
    (tmp_path / ".lock").symlink_to(tmp_path / "precious")
    with pytest.raises(PannsError, match=r"\.lock.*cannot be used"), hold_folder(tmp_path, World()):
        pass
    assert (tmp_path / "precious").read_text() == "content"


def test_files_that_a_killed_run_left_are_removed(tmp_path):
    left, other = tmp_path / f".state.{'a' * 12}.pt", tmp_path / f".mine.{'a' * 12}.pt"
    left.touch()
    other.touch()
    with hold_folder(tmp_path, World()):
        assert not left.exists()
        assert other.exists()


def test_a_full_disk_is_a_message(tmp_path):
    with (
        pytest.raises(PannsError, match=r"out.*: the disk is full; make room .* --resume"),
        hold_folder(tmp_path / "out", World()),
    ):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "out" / "state.pt"))


DAMAGES = [b"", b"{", b"[]", b"\xff\x00", b'{"a": 5}', b"[" * 100_000, None]


@pytest.mark.parametrize("content", DAMAGES)
@pytest.mark.parametrize("name", [SETTINGS_FILE, CLIPS_FILE, STATE_FILE])
def test_a_damaged_record_is_a_message(once_run, settings, tmp_path, name, content):
    """17 of 36 damages of a run folder were tracebacks."""
    out = shutil.copytree(once_run, tmp_path / "out")
    (out / name).unlink()
    if content is None:
        (out / name).mkdir()
    else:
        (out / name).write_bytes(content)
    with pytest.raises(PannsError, match=re.escape(name) + "|the run in .*out"):
        train_model(settings, out, is_resumed=True)


@pytest.fixture(scope="module")
def once_run(tmp_path_factory, clip_list_file, untrained_checkpoint):
    folder = tmp_path_factory.mktemp("once")
    (folder / "tiny.toml").write_text(SETTINGS.format(checkpoint=str(untrained_checkpoint), clips=str(clip_list_file)))
    settings = read_settings(folder / "tiny.toml", ("n_steps=2", "data.check=false", "data.test_fold="))
    train_model(settings, folder / "out")
    return folder / "out"


@pytest.mark.parametrize(("kept", "stays"), [("check.json", False), ("metrics.jsonl", True), ("sound/a/0.tar", True)])
def test_a_refused_run_leaves_nothing_but_decoded_clips(tmp_path, kept, stays):
    (tmp_path / "runs").mkdir()
    out = tmp_path / "runs" / "new" / "out"

    def refuse():
        with hold_folder(out, World()):
            (out / kept).parent.mkdir(parents=True, exist_ok=True)
            (out / kept).touch()
            raise DataError("bad clips")

    with pytest.raises(DataError, match="bad clips"):
        refuse()
    assert (out / kept).exists() == stays
    assert (tmp_path / "runs").is_dir()
    assert (tmp_path / "runs" / "new").exists() == stays


def test_a_refused_run_leaves_a_folder_of_the_user(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(DataError, match="bad clips"), hold_folder(tmp_path, World()):
        raise DataError("bad clips")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
