"""A run folder refuses to resume another run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from panns.data.clip_lists import Clip, read_clip_list, write_clip_list
from panns.errors import SettingsError
from panns.training.run import train_model
from panns.training.run_folder import check_folder
from panns.training.settings import read_settings
from tests.sounds import noise, write_wav


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
