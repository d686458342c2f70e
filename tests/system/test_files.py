import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from panns.system import files
from panns.system.files import file_digests, open_regular, read_regular, remove_abandoned, replacing


def write(path, text):
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


def test_the_file_is_replaced_at_the_end(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old and longer", encoding="utf-8")
    with replacing(path) as partial:
        partial.write_text("新", encoding="utf-8")
        assert partial.suffix == path.suffix
        assert path.read_text(encoding="utf-8") == "old and longer"
    assert path.read_text(encoding="utf-8") == "新"
    assert list(tmp_path.iterdir()) == [path]


def fail_half_way(path):
    with replacing(path) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt


def test_after_an_exception_the_old_file_stays(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        fail_half_way(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_concurrent_writers_leave_a_whole_file(tmp_path):
    path, texts = tmp_path / "model.json", [str(i) * 100_000 for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: [write(path, text) for _ in range(20)], texts))
    assert path.read_text() in texts
    assert [file.name for file in tmp_path.iterdir()] == ["model.json"]


def test_digests_come_from_one_pass(tmp_path):
    path = tmp_path / "big"
    content = bytes(range(256)) * 10_000
    path.write_bytes(content)
    expected = {name: hashlib.new(name, content).hexdigest() for name in ("sha256", "md5")}
    assert file_digests(path, ["sha256", "md5"]) == expected
    assert file_digests(path) == {"sha256": expected["sha256"]}


def test_files_that_killed_writers_left_are_removed(tmp_path):
    path = tmp_path / "state[1].pt"
    old, young, other = (tmp_path / name for name in (f".state[1].{'a' * 12}.pt", f".state[1].{'b' * 12}.pt", ".b.pt"))
    for file in (old, young, other):
        file.write_bytes(b"half")
    two_days_ago = time.time() - 48 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    os.utime(other, (two_days_ago, two_days_ago))
    write(path, "new")
    assert set(tmp_path.iterdir()) == {path, young, other}
    remove_abandoned(path)
    assert set(tmp_path.iterdir()) == {path, other}


def test_many_files_cost_one_look_into_their_folder(tmp_path, monkeypatch):
    looks = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: looks.append(folder) or scan(folder))
    for number in range(20):
        write(tmp_path / f"{number}.wav", "clip")
    assert len(looks) <= 2  # the hour may turn
    assert len(list(tmp_path.iterdir())) == 20


def test_content_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_text("old")
    synced = []

    def record(file):
        synced.append((file.suffix, path.read_text()))

    monkeypatch.setattr(files, "sync", record)
    write(path, "new")
    assert synced == [(".json", "old"), ("", "new")]


def test_only_regular_files_are_opened(tmp_path):
    with pytest.raises(OSError, match="instead of a regular file"):
        open_regular(Path(os.devnull))
    (tmp_path / "large").write_bytes(b"12345")
    with pytest.raises(OSError, match="larger than 4 bytes"):
        read_regular(tmp_path / "large", max_bytes=4)
    assert read_regular(tmp_path / "large", max_bytes=5) == b"12345"
