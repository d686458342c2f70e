import os
import sys

import pytest

from panns.batch.inputs import expand_paths


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def files_in(folder, path="."):
    before = os.getcwd()  # noqa: PTH109
    os.chdir(folder)
    try:
        found = expand_paths([path])
    finally:
        os.chdir(before)
    assert all(one.problem is None for one in found)
    return [one.file for one in found]


def test_hidden_files_and_folders_are_left_out(tmp_path):
    for name in ("a.wav", "._a.wav", ".git/b.wav", "sub/c.wav", "sub/.d.wav"):
        touch(tmp_path / name)
    assert files_in(tmp_path) == ["./a.wav", "./sub/c.wav"]


def test_a_hidden_one_that_is_named_is_meant(tmp_path):
    touch(tmp_path / ".hidden" / "a.wav")
    assert files_in(tmp_path, ".hidden") == [".hidden/a.wav"]
    assert files_in(tmp_path, ".hidden/a.wav") == [".hidden/a.wav"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_linked_folders_are_followed_but_never_in_a_loop(tmp_path):
    touch(tmp_path / "elsewhere" / "a.wav")
    touch(tmp_path / "top" / "b.wav")
    (tmp_path / "top" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "top" / "same").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "top")
    assert files_in(tmp_path, "top") == ["top/b.wav", "top/link/a.wav"]


def test_a_pattern_that_is_a_name_is_that_file(tmp_path):
    touch(tmp_path / "a[1].wav")
    touch(tmp_path / "a1.wav")
    assert files_in(tmp_path, "a[1].wav") == ["a[1].wav"]


def test_what_holds_nothing_is_said(tmp_path):
    (folder,) = expand_paths([str(tmp_path)])
    assert folder.problem.startswith(f"{tmp_path}: holds no sound file; ")
    (pattern,) = expand_paths([f"{tmp_path}/*.wav"])
    assert pattern.problem == f"{tmp_path}/*.wav: matches no file; check the pattern"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="everything may be read")
def test_a_closed_folder_is_said(tmp_path):
    touch(tmp_path / "a.wav")
    (tmp_path / "closed").mkdir(mode=0o000)
    good, closed = expand_paths([str(tmp_path)])
    assert good.problem is None
    assert "may not be looked into" in closed.problem
