from __future__ import annotations

import pytest

from panns.data.clip_lists import Clip, read_clip_list
from panns.errors import DataError
from tests.commands import needs_permissions


def put(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def test_every_folder_is_a_class(tmp_path):
    listed = read_clip_list(put(tmp_path, "dog/b.wav", "dog/a.FLAC", "cat meow/x.ogg", "README.md", "dog/notes.txt"))
    assert listed.root == tmp_path
    assert listed.classes == ("cat meow", "dog")
    assert listed.clips == (
        Clip("cat meow/x.ogg", ("cat meow",)),
        Clip("dog/a.FLAC", ("dog",)),
        Clip("dog/b.wav", ("dog",)),
    )
    assert all(listed.file(clip).exists() for clip in listed.clips)


def test_hidden_files_are_ignored(tmp_path):
    listed = read_clip_list(put(tmp_path, "dog/a.wav", "dog/._a.wav", ".git/x/a.wav", ".DS_Store", "dog/.x/b.wav"))
    assert [clip.path for clip in listed.clips] == ["dog/a.wav"]


def test_empty_class_folder_is_a_class(tmp_path):
    put(tmp_path, "dog/a.wav", "cat/notes.txt")
    assert read_clip_list(tmp_path).classes == ("cat", "dog")


@pytest.mark.parametrize(
    "folds", [("train", "test"), ("Train", "val", "test"), ("fold1", "fold 2", "fold_10"), ("train",)]
)
def test_folders_of_class_folders_are_folds(tmp_path, folds):
    listed = read_clip_list(
        put(tmp_path, *(f"{fold}/dog/{i}.wav" for i, fold in enumerate(folds)), f"{folds[0]}/cat/x.wav")
    )
    assert listed.classes == ("cat", "dog")
    assert {clip.fold for clip in listed.clips} == set(folds)
    assert Clip(f"{folds[0]}/cat/x.wav", ("cat",), folds[0]) in listed.clips


@pytest.mark.parametrize("files", [("train/a.wav", "tram/b.wav"), ("train/a.wav", "test/b.wav"), ("train/a.wav",)])
def test_class_may_be_called_train(tmp_path, files):
    listed = read_clip_list(put(tmp_path, *files))
    assert [clip.labels for clip in listed.clips] == [(path.split("/")[0],) for path in sorted(files)]
    assert {clip.fold for clip in listed.clips} == {""}


def test_file_names_give_sources(tmp_path):
    listed = read_clip_list(put(tmp_path, "dog/1-17-A-0.wav", "cat/hall_1.wav", "cat/hall_2.wav", "cat/x.wav"))
    assert [clip.source for clip in listed.clips] == ["hall", "hall", "", "17"]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (("dog/a.wav", "b.wav"), r"b.wav lies outside the class folders"),
        (("notes.txt",), r"no class folders with sounds"),
        (("dog/notes.txt",), r"no class folders with sounds"),
        (("data/dog/a.wav",), r"a.wav lies too deep: .*data"),
        (("train/dog/a.wav", "cat/b.wav"), r"a.wav lies too deep"),
        (("train/dog/x/a.wav", "test/dog/b.wav"), r"a.wav lies too deep: .*dog"),
        (("nan/a.wav", "dog/b.wav"), r"/nan: the label 'nan' is a missing value"),
        (("manifest.csv", "audio/a.wav"), r"holds a clip list; .*manifest.csv"),
    ],
)
def test_sounds_that_would_be_lost_are_refused(tmp_path, files, words):
    with pytest.raises(DataError, match=words):
        read_clip_list(put(tmp_path, *files))


def test_a_guessed_source_may_have_the_name_of_a_missing_value(tmp_path):
    listed = read_clip_list(put(tmp_path, "dog/nan_1.wav", "dog/nan_2.wav", "dog/x.wav"))
    assert [clip.source for clip in listed.clips] == ["nan", "nan", ""]


@needs_permissions
def test_unreadable_folder_is_refused(tmp_path):
    put(tmp_path, "dog/a.wav")
    (tmp_path / "cat").mkdir(mode=0o000)
    with pytest.raises(DataError, match="cat cannot be opened"):
        read_clip_list(tmp_path)
