from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from panns.data.shards.open_files import OpenFiles


@pytest.fixture
def paths(tmp_path):
    paths = [tmp_path / f"{i}.bin" for i in range(12)]
    for i, path in enumerate(paths):
        path.write_bytes(bytes([i]) * 1_000)
    return paths


def test_read_at_offset(tmp_path):
    (tmp_path / "a").write_bytes(bytes(range(256)))
    files = OpenFiles()
    assert files.read(tmp_path / "a", 10, 3) == b"\x0a\x0b\x0c"
    assert files.read(tmp_path / "a", 254, 10) == b"\xfe\xff"
    assert files.read(tmp_path / "a", 300, 10) == b""
    assert files.read(tmp_path / "a", 0, 0) == b""


def test_partial_reads_are_joined(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(bytes(range(100)))
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda number, n_bytes, offset: pread(number, min(n_bytes, 7), offset))
    assert OpenFiles().read(tmp_path / "a", 5, 50) == bytes(range(5, 55))


def test_systems_without_pread(paths, monkeypatch):
    monkeypatch.delattr(os, "pread")
    files = OpenFiles(2)
    with ThreadPoolExecutor(4) as pool:
        for i, data in enumerate(pool.map(lambda path: files.read(path, 500, 600), paths)):
            assert data == bytes([i]) * 500


def n_open():
    """Number of open files of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors where Linux lists them")
def test_number_of_open_files_is_limited(paths):
    n_before = n_open()
    files = OpenFiles(3)
    for path in [*paths, *paths]:
        files.read(path, 0, 10)
        assert n_open() <= n_before + 3
    del files
    assert n_open() <= n_before


def test_threads_with_more_files_than_may_be_open(paths):
    files = OpenFiles(1)
    with ThreadPoolExecutor(8) as pool:
        for i, data in enumerate(pool.map(lambda k: files.read(paths[k % 12], k % 7, 500), range(3_000))):
            assert data == bytes([i % 12]) * 500


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nosuch"):
        OpenFiles().read(tmp_path / "nosuch", 0, 1)
