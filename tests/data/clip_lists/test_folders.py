from __future__ import annotations

import os
import sys

import pytest

from panns.data.clip_lists import Clip, read_clip_list
from panns.errors import DataError


def put(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_every_folder_is_a_class(tmp_path):
    manifest = read_clip_list(put(tmp_path, "dog/b.wav", "dog/a.FLAC", "cat meow/x.ogg", "README.md", "dog/notes.txt"))
    assert manifest.root == tmp_path
    assert manifest.classes == ("cat meow", "dog")
    assert manifest.clips == (
        Clip("cat meow/x.ogg", ("cat meow",)),
        Clip("dog/a.FLAC", ("dog",)),
        Clip("dog/b.wav", ("dog",)),
    )
    assert all(manifest.file(clip).exists() for clip in manifest.clips)


def test_what_is_hidden_is_passed_over(tmp_path):
    manifest = read_clip_list(put(tmp_path, "dog/a.wav", "dog/._a.wav", ".git/x/a.wav", ".DS_Store", "dog/.x/b.wav"))
    assert [clip.path for clip in manifest.clips] == ["dog/a.wav"]


def test_a_class_without_sounds_is_a_class(tmp_path):
    put(tmp_path, "dog/a.wav", "cat/notes.txt")
    assert read_clip_list(tmp_path).classes == ("cat", "dog")


@pytest.mark.parametrize(
    "folds", [("train", "test"), ("Train", "val", "test"), ("fold1", "fold 2", "fold_10"), ("train",)]
)
def test_folders_of_class_folders_are_folds(tmp_path, folds):
    manifest = read_clip_list(
        put(tmp_path, *(f"{fold}/dog/{i}.wav" for i, fold in enumerate(folds)), f"{folds[0]}/cat/x.wav")
    )
    assert manifest.classes == ("cat", "dog")
    assert {clip.fold for clip in manifest.clips} == set(folds)
    assert Clip(f"{folds[0]}/cat/x.wav", ("cat",), folds[0]) in manifest.clips


@pytest.mark.parametrize("files", [("train/a.wav", "tram/b.wav"), ("train/a.wav", "test/b.wav"), ("train/a.wav",)])
def test_a_class_may_be_called_train(tmp_path, files):
    manifest = read_clip_list(put(tmp_path, *files))
    assert [clip.labels for clip in manifest.clips] == [(path.split("/")[0],) for path in sorted(files)]
    assert {clip.fold for clip in manifest.clips} == {""}


def test_names_tell_sources(tmp_path):
    manifest = read_clip_list(put(tmp_path, "dog/1-17-A-0.wav", "cat/hall_1.wav", "cat/hall_2.wav", "cat/x.wav"))
    assert [clip.source for clip in manifest.clips] == ["hall", "hall", "", "17"]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            ("dog/a.wav", "b.wav"),
            r"b.wav lies in no class folder; put every sound into the folder of its class, such as",
        ),
        (("notes.txt",), r"holds no folders with sounds; put the sounds of each class into a folder of its name"),
        (("dog/notes.txt",), r"holds no folders with sounds;"),
        (
            ("data/dog/a.wav",),
            r"a.wav lies too deep: a class folder, such as .*data, holds its sounds itself; give the",
        ),
        (("train/dog/a.wav", "cat/b.wav"), r"a.wav lies too deep"),
        (("train/dog/x/a.wav", "test/dog/b.wav"), r"a.wav lies too deep: a class folder, such as .*dog, holds"),
        (("manifest.csv", "audio/a.wav"), r"holds a manifest; give that: .*manifest.csv"),
    ],
)
def test_sounds_that_would_be_lost_are_refused(tmp_path, files, sentence):
    with pytest.raises(DataError, match=sentence):
        read_clip_list(put(tmp_path, *files))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="everything may be read")
def test_a_closed_folder_is_said(tmp_path):
    put(tmp_path, "dog/a.wav")
    (tmp_path / "cat").mkdir(mode=0o000)
    with pytest.raises(DataError, match="cat: may not be looked into"):
        read_clip_list(tmp_path)
