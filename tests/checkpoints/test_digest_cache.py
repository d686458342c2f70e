import hashlib
import os
import time

import pytest

from panns.checkpoints import digest_cache
from panns.checkpoints.digest_cache import file_sha256
from panns.system.cache_folder import cache_dir
from panns.system.files import file_digests


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "model.bin"
    path.write_bytes(b"abcd")
    return path


@pytest.fixture
def hashed(monkeypatch):
    """Paths of the files that were read, in order; every file counts as old enough to remember."""
    paths = []

    def counted(path, **options):
        paths.append(path)
        return file_digests(path, **options)

    monkeypatch.setattr(digest_cache, "file_digests", counted)
    monkeypatch.setattr(digest_cache, "_MIN_AGE_NS", -1)
    return paths


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def test_unchanged_file_is_read_once(file, hashed):
    assert file_sha256(file) == file_sha256(file) == sha256(b"abcd")
    assert hashed == [file]


def test_relative_and_absolute_paths_share_one_digest(file, hashed, monkeypatch):
    monkeypatch.chdir(file.parent)
    assert file_sha256(file) == file_sha256(file.relative_to(file.parent))
    assert len(hashed) == 1


@pytest.mark.usefixtures("hashed")
@pytest.mark.parametrize("content", [b"abce", b"abc", b""])
def test_changed_content_is_read_again(file, content):
    file_sha256(file)
    stat = file.stat()
    file.write_bytes(content)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert file_sha256(file) == sha256(content)


@pytest.mark.usefixtures("hashed")
def test_replaced_file_is_read_again(file):
    file_sha256(file)
    stat = file.stat()
    other = file.with_name("other")
    other.write_bytes(b"abce")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(file)
    assert file_sha256(file) == sha256(b"abce")


def test_young_file_is_read_every_time(file, hashed, monkeypatch):
    monkeypatch.setattr(digest_cache, "_MIN_AGE_NS", 3600 * 10**9)
    assert time.time_ns() - file.stat().st_mtime_ns < 3600 * 10**9
    file_sha256(file)
    file_sha256(file)
    assert len(hashed) == 2


def forget():
    """A new process knows no digests."""
    digest_cache._known.clear()


def test_the_digest_of_a_large_file_is_kept_across_processes(file, hashed, monkeypatch):
    monkeypatch.setattr(digest_cache, "_LARGE_BYTES", 4)
    for _ in range(3):
        assert file_sha256(file) == sha256(b"abcd")
        forget()
    assert hashed == [file]
    stat = file.stat()
    file.write_bytes(b"abce")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert file_sha256(file) == sha256(b"abce")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 5}', '{"sha256": "ab", "version": []}'])
def test_a_damaged_record_of_a_digest_is_ignored(file, hashed, monkeypatch, content):
    monkeypatch.setattr(digest_cache, "_LARGE_BYTES", 4)
    file_sha256(file)
    (record,) = (cache_dir() / "digests").iterdir()
    record.write_text(content)
    forget()
    assert file_sha256(file) == sha256(b"abcd")
    assert hashed == [file, file]


def test_digest_of_the_first_bytes(file):
    assert file_sha256(file, n_bytes=2) == sha256(b"ab")
