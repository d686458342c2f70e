import pytest

from panns.batch.result_file import ResultFile
from panns.errors import PannsError

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


def test_results_are_in_the_file_at_once(tmp_path):
    with ResultFile(tmp_path / "a.jsonl", SETTINGS, resume=False) as file:
        file.add({"file": "a\udcff"})
        assert len((tmp_path / "a.jsonl").read_text().splitlines()) == 1
    assert ResultFile(tmp_path / "a.jsonl", SETTINGS, resume=True).__exit__(None, None, None) is None


def test_nothing_is_overwritten_or_mixed(tmp_path):
    path = tmp_path / "a.jsonl"
    write(path, {"file": "a"})
    before = path.read_text()
    with pytest.raises(PannsError, match="exists already; add --resume to go on with it, or remove it"):
        write(path)
    with pytest.raises(PannsError, match="holds results of another model or other options"):
        ResultFile(path, SETTINGS | {"top": "6"}, resume=True)
    assert path.read_text() == before
    path.write_text("some notes\n")
    with pytest.raises(PannsError, match="is not a file of results of this command"):
        ResultFile(path, SETTINGS, resume=True)
    assert path.read_text() == "some notes\n"
