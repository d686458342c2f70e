import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from panns.errors import DownloadError
from panns.hub import cache
from panns.hub.cache import (
    cache_lock,
    checkpoints_dir,
    downloads_dir,
    is_published_file,
    record_digests,
    recorded_digests,
    storage_errors,
)
from panns.models.weights import Weights
from panns.system.cache_folder import cache_dir
from panns.system.files import file_digests

BODY = b"weights" * 1000


def record(**known) -> Weights:
    return Weights(url="https://example.org/a.pth", file="a.pth", licence="MIT", source="example", **known)


SHA256 = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.pth"
    path.write_bytes(BODY)
    return path


@pytest.fixture
def clean_environment(monkeypatch, tmp_path):
    for name in ("PANNS_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_environment_is_read_at_every_call(clean_environment, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_dir() == clean_environment / ".cache" / "panns"
    monkeypatch.setenv("PANNS_CACHE", "~/here")
    assert cache_dir() == clean_environment / "here"
    assert downloads_dir() == clean_environment / "here" / "downloads"
    assert checkpoints_dir() == clean_environment / "here" / "checkpoints"
    assert not (clean_environment / "here").exists()


@pytest.mark.parametrize("empty", ["", "  "])
def test_empty_variable_counts_as_unset(clean_environment, monkeypatch, empty):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("PANNS_CACHE", empty)
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache_dir() == clean_environment / ".cache" / "panns"


def test_default_folder_of_each_system(clean_environment, monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(clean_environment / "xdg"))
    assert cache_dir() == clean_environment / "xdg" / "panns"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_dir() == clean_environment / "Library" / "Caches" / "panns"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(clean_environment / "Local"))
    assert cache_dir() == clean_environment / "Local" / "panns" / "Cache"


def test_relative_cache_becomes_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PANNS_CACHE", "here")
    assert cache_dir() == tmp_path / "here"


def test_cache_that_is_a_file_is_refused(monkeypatch, file):
    monkeypatch.setenv("PANNS_CACHE", str(file))
    with pytest.raises(DownloadError, match="is a file; set PANNS_CACHE"):
        cache_dir()


def test_unknown_home_is_reported(monkeypatch):
    monkeypatch.setenv("PANNS_CACHE", "~no-such-user/cache")
    with pytest.raises(DownloadError, match="set PANNS_CACHE"):
        cache_dir()


def test_folder_without_permission_is_reported(monkeypatch):
    def closed(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "is_file", closed)
    with pytest.raises(DownloadError, match="set PANNS_CACHE"):
        cache_dir()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "no permission"),
        (errno.EROFS, "no permission"),
        (errno.EIO, "cannot"),
    ],
)
def test_storage_errors_name_cache_and_remedy(tmp_path, number, words):
    with pytest.raises(DownloadError, match=words) as caught, storage_errors(tmp_path):
        raise OSError(number, os.strerror(number))
    assert str(tmp_path) in str(caught.value)
    assert "PANNS_CACHE" in str(caught.value)


@pytest.mark.parametrize(
    "known", [{"sha256": SHA256}, {"md5": MD5}, {"n_bytes": len(BODY)}, {"sha256": SHA256, "md5": MD5}]
)
def test_unchanged_file_is_hashed_once(file, monkeypatch, known):
    assert is_published_file(file, record(**known))
    monkeypatch.setattr(cache, "file_digests", None)  # any further hashing would raise
    assert is_published_file(file, record(**known))


@pytest.mark.parametrize("known", [{"sha256": SHA256}, {"md5": MD5}, {"n_bytes": len(BODY)}])
def test_changed_file_is_refused(file, known):
    assert is_published_file(file, record(**known))
    stat = file.stat()
    file.write_bytes(b"x" + BODY[1:])
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert not is_published_file(file, record(**known))
    assert not is_published_file(file, record(**known))  # the wrong digest was not recorded
    file.write_bytes(BODY)
    assert is_published_file(file, record(**known))


def test_touched_file_is_hashed_again_and_accepted(file):
    assert is_published_file(file, record(n_bytes=len(BODY)))
    os.utime(file, ns=(1, 1))
    assert is_published_file(file, record(n_bytes=len(BODY)))


@pytest.mark.parametrize("known", [{"sha256": "0" * 64}, {"md5": "0" * 32}, {"n_bytes": 3}])
def test_other_file_is_refused(file, known):
    assert not is_published_file(file, record(**known))
    assert recorded_digests(file) is None


def test_new_digest_in_the_record_is_checked(file):
    assert is_published_file(file, record(n_bytes=len(BODY)))
    assert is_published_file(file, record(sha256=SHA256, md5=MD5))
    assert not is_published_file(file, record(sha256="0" * 64))
    assert recorded_digests(file) == {"sha256": SHA256, "md5": MD5}


def test_unrecorded_file_without_digest_is_refused(file):
    assert not is_published_file(file, record())
    record_digests(file, (file.stat().st_size, file.stat().st_mtime_ns), file_digests(file))
    assert is_published_file(file, record())


@pytest.mark.parametrize(
    "junk", ["", "{", "[]", "null", '{"n_bytes": 1}', '{"n_bytes": 1, "mtime_ns": 1, "digests": {}}']
)
def test_damaged_record_is_ignored(file, junk):
    file.with_name("a.pth.checked.json").write_text(junk)
    assert recorded_digests(file) is None
    assert is_published_file(file, record(sha256=SHA256))


def test_read_only_cache_is_usable(file, monkeypatch):
    def read_only(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(cache, "record_digests", read_only)
    assert is_published_file(file, record(sha256=SHA256))


def test_missing_file_is_refused(tmp_path):
    assert not is_published_file(tmp_path / "none.pth", record())


def test_lock_has_one_holder_and_a_bounded_wait(tmp_path):
    lock, part = tmp_path / "lock", tmp_path / "part"
    with (
        cache_lock(lock, watched=part, patience_s=1),
        pytest.raises(DownloadError, match="another process holds"),
        cache_lock(lock, watched=part, patience_s=0),
    ):
        pass
    with cache_lock(lock, watched=part, patience_s=0):
        pass


def test_lock_ends_with_a_killed_holder(tmp_path):
    lock = tmp_path / "lock"
    code = (
        "import sys, pathlib; from panns.hub.cache import cache_lock\n"
        "p = pathlib.Path(sys.argv[1])\n"
        "with cache_lock(p, watched=p, patience_s=9): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DownloadError, match="another process"), cache_lock(lock, watched=lock, patience_s=0):
            pass
        holder.kill()
        holder.wait()
    with cache_lock(lock, watched=lock, patience_s=0):
        pass
