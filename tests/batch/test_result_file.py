import os
from pathlib import Path

import pytest

from panns.batch import result_file
from panns.batch.result_file import ResultFile
from panns.errors import PannsError
from tests.commands import needs_posix

SETTINGS = {"command": "tag", "top": "5"}


def write(path, *records, **keywords):
    with ResultFile(path, SETTINGS, resume=False, **keywords) as file:
        for record in records:
            file.add(record)


def test_a_killed_run_goes_on(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, {"file": "a", "n": 1}, {"file": "b", "error": "broken"}, {"file": "c", "n": 3})
    with path.open("a") as file:
        file.write('{"file": "d", "n"')  # killed while it wrote this line
    with ResultFile(path, SETTINGS, resume=True) as file:
        assert file.done == {"a", "c"}
        file.add({"file": "b", "n": 2})
        assert [(one["file"], one["n"]) for one in file.results()] == [("a", 1), ("c", 3), ("b", 2)]
    assert len(path.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("damage", "kept"),
    [
        (lambda a, b, _: a + b + bytes(4096), ["a", "b"]),  # zeros at the end, as after a power cut
        (lambda a, b, c: bytes(len(a + b + c)), []),
        (lambda a, b, c: a + bytes(len(b)) + c, ["a", "c"]),
        (lambda a, b, c: a + bytes(len(b) - 1) + b"\n" + c, ["a", "c"]),
        (lambda a, b, c: a + b[:9] + bytes(50) + c, ["a"]),
        (lambda a, b, c: a + b"\xff" + b[1:] + c, ["a", "c"]),
    ],
)
def test_damaged_lines_are_computed_again(damage, kept, tmp_path, caplog):
    path = tmp_path / "a.jsonl"
    write(path, *({"file": name, "n": 1} for name in "abc"))
    path.write_bytes(damage(*path.read_bytes().splitlines(keepends=True)))
    with ResultFile(path, SETTINGS, resume=True) as file:
        assert "damaged lines" in caplog.text
        assert file.done == set(kept)
        for name in set("abc") - file.done:
            file.add({"file": name, "n": 1})
        assert {one["file"] for one in file.results()} == set("abc")
    assert b"\0" not in path.read_bytes()
    assert len(path.read_text().splitlines()) == 3


def test_results_reach_the_disk_while_the_run_goes_on(tmp_path, monkeypatch):
    now_s, synced = [0.0], []
    monkeypatch.setattr("panns.batch.result_file.time.monotonic", lambda: now_s[0])
    monkeypatch.setattr(result_file, "sync", synced.append)
    with ResultFile(tmp_path / "a.jsonl", SETTINGS, resume=False) as file:
        for now_s[0] in (1.0, 4.0, 6.0, 7.0, 12.0):
            file.add({"file": "a"})
        assert len(synced) == 2


def test_results_are_in_the_file_at_once(tmp_path):
    with ResultFile(tmp_path / "a.jsonl", SETTINGS, resume=False) as file:
        file.add({"file": "a\udcff"})
        assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 1
    assert ResultFile(tmp_path / "a.jsonl", SETTINGS, resume=True).__exit__(None, None, None) is None


def test_nothing_is_overwritten_or_mixed(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, {"file": "a"})
    before = path.read_text()
    with pytest.raises(PannsError, match="exists already; add --resume to continue it, or remove it"):
        write(path)
    with pytest.raises(PannsError, match="holds results of another model or other options"):
        ResultFile(path, SETTINGS | {"top": "6"}, resume=True)
    assert path.read_text() == before
    path.write_text("some notes\n")
    with pytest.raises(PannsError, match="is not a file of results of this command"):
        ResultFile(path, SETTINGS, resume=True)
    assert path.read_text() == "some notes\n"


@needs_posix
def test_two_runs_on_one_file_are_refused(tmp_path):
    path, link = tmp_path / "a.jsonl", tmp_path / "link.jsonl"
    with ResultFile(path, SETTINGS, resume=False) as file:
        file.add({"file": "a"})
        link.symlink_to(path)
        for other in (path, link):
            for resume in (False, True):
                with pytest.raises(PannsError, match="another run writes to"):
                    ResultFile(other, SETTINGS, resume=resume)
    assert {one.name for one in tmp_path.iterdir()} == {"a.jsonl", "link.jsonl"}
    with ResultFile(link, SETTINGS, resume=True) as file:
        assert file.done == {"a"}


@needs_posix
def test_links_and_permissions_stay(tmp_path):
    path, link = tmp_path / "a.jsonl", tmp_path / "link.jsonl"
    write(path, {"file": "a"})
    path.chmod(0o600)
    link.symlink_to(path)
    with ResultFile(link, SETTINGS, resume=True) as file:
        file.add({"file": "b"})
    assert link.is_symlink()
    assert len(path.read_text().splitlines()) == 2
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_refused_file_is_free_for_the_next_run(tmp_path):
    (tmp_path / "a.jsonl").mkdir()
    with pytest.raises(PannsError, match=r"a\.jsonl is not a regular file"):
        ResultFile(tmp_path / "a.jsonl", SETTINGS, resume=True)
    (tmp_path / "a.jsonl").rmdir()
    write(tmp_path / "a.jsonl", {"file": "a"})
    assert [one.name for one in tmp_path.iterdir()] == ["a.jsonl"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_a_message(tmp_path):
    with ResultFile(tmp_path / "a.jsonl", SETTINGS, resume=False) as file:
        file.add({"file": "a"})
        os.dup2(os.open("/dev/full", os.O_WRONLY), file._file.fileno())
        with pytest.raises(PannsError, match=r"the disk is full; .*--resume"):
            file.add({"file": "b"})
        os.dup2(os.open(os.devnull, os.O_WRONLY), file._file.fileno())
