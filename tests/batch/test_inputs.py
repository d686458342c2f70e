import pytest

from panns.batch import Input, expand_paths
from tests.commands import needs_permissions, needs_posix


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def files_in(folder, monkeypatch, path="."):
    monkeypatch.chdir(folder)
    inputs = expand_paths([path])
    assert all(one.problem is None for one in inputs)
    return [one.file for one in inputs]


def test_a_folder_stands_for_the_sounds_below_it(tmp_path, monkeypatch):
    for name in ("b.wav", "a.flac", "notes.txt", "sub/c.WAV"):
        touch(tmp_path / name)
    assert files_in(tmp_path, monkeypatch) == ["./a.flac", "./b.wav", "./sub/c.WAV"]


def test_hidden_files_and_folders_are_left_out(tmp_path, monkeypatch):
    for name in ("a.wav", "._a.wav", ".git/b.wav", "sub/c.wav", "sub/.d.wav"):
        touch(tmp_path / name)
    assert files_in(tmp_path, monkeypatch) == ["./a.wav", "./sub/c.wav"]


def test_a_hidden_path_can_be_given(tmp_path, monkeypatch):
    touch(tmp_path / ".hidden" / "a.wav")
    assert files_in(tmp_path, monkeypatch, ".hidden") == [".hidden/a.wav"]
    assert files_in(tmp_path, monkeypatch, ".hidden/a.wav") == [".hidden/a.wav"]


@needs_posix
def test_links_are_followed_but_not_in_a_loop(tmp_path, monkeypatch):
    touch(tmp_path / "elsewhere" / "a.wav")
    touch(tmp_path / "top" / "b.wav")
    (tmp_path / "top" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "top" / "same").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "top")
    assert files_in(tmp_path, monkeypatch, "top") == ["top/b.wav", "top/link/a.wav"]


def test_glob_patterns(tmp_path, monkeypatch):
    for name in ("a.wav", "b.flac", "sub/c.wav"):
        touch(tmp_path / name)
    assert files_in(tmp_path, monkeypatch, "*.wav") == ["a.wav"]
    assert files_in(tmp_path, monkeypatch, "**/*.wav") == ["a.wav", "sub/c.wav"]


def test_a_file_named_like_a_pattern(tmp_path, monkeypatch):
    touch(tmp_path / "a[1].wav")
    touch(tmp_path / "a1.wav")
    assert files_in(tmp_path, monkeypatch, "a[1].wav") == ["a[1].wav"]


def test_a_missing_file_is_an_input():
    assert expand_paths(["nosuch.wav", "-"]) == [Input("nosuch.wav"), Input("-")]


def test_standard_input_can_be_read_once():
    with pytest.raises(ValueError, match="read only once"):
        expand_paths(["-", "a.wav", "-"])


def test_an_empty_folder_or_pattern_is_a_problem(tmp_path):
    (folder,) = expand_paths([str(tmp_path)])
    assert folder.problem.startswith(f"{tmp_path}: contains no sound file")
    (pattern,) = expand_paths([f"{tmp_path}/*.wav"])
    assert pattern.problem.startswith(f"{tmp_path}/*.wav: matches no file")


@needs_permissions
def test_an_unreadable_folder_is_a_problem(tmp_path):
    touch(tmp_path / "a.wav")
    (tmp_path / "closed").mkdir(mode=0o000)
    good, closed = expand_paths([str(tmp_path)])
    assert good.problem is None
    assert "check its permissions" in closed.problem
