from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from panns.system import locks
from panns.system.locks import exclusive, exclusive_or_skip
from tests.commands import needs_posix, own_environment

HOLDER = """
import sys
from pathlib import Path
from panns.system.locks import exclusive
with exclusive(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path):
    return tmp_path / "work.lock"


@pytest.fixture
def holder(lock):
    """Another process that holds the lock until its standard input is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, lock],
        env=own_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline().strip() == b"locked"
        yield process
        process.stdin.close()


def test_one_process_at_a_time(lock, holder):
    with exclusive_or_skip(lock) as is_held:
        assert not is_held
    acquired = threading.Event()

    def wait_for_lock():
        with exclusive(lock):
            acquired.set()

    waiting = threading.Thread(target=wait_for_lock)
    waiting.start()
    assert not acquired.wait(3 * locks._POLL_S)
    holder.stdin.close()
    waiting.join()
    assert acquired.is_set()


def test_a_killed_process_leaves_no_lock(lock, holder):
    holder.kill()
    with exclusive(lock):
        pass


def test_threads_exclude_each_other(lock):
    with exclusive_or_skip(lock) as first, exclusive_or_skip(lock) as second:
        assert (first, second) == (True, False)
    with exclusive_or_skip(lock) as again:
        assert again


def test_the_lock_file_stays(lock):
    with exclusive(lock):
        pass
    assert lock.exists()


@pytest.mark.usefixtures("holder")
def test_the_wait_ends_without_progress(lock, tmp_path):
    with pytest.raises(TimeoutError, match=r"work\.lock"), exclusive(lock, watched=tmp_path / "no", patience_s=0.01):
        pass


@pytest.mark.usefixtures("holder")
def test_a_change_of_the_watched_file_restarts_the_wait(lock, tmp_path, monkeypatch):
    """Time passes only while waiting here, and the watched file changes until second 100."""
    watched, now_s = tmp_path / "download.part", 0.0

    def sleep(_):
        nonlocal now_s
        now_s += 5.0
        if now_s < 100:
            watched.write_bytes(b"x" * int(now_s))

    monkeypatch.setattr(locks, "time", SimpleNamespace(monotonic=lambda: now_s, sleep=sleep))
    with pytest.raises(TimeoutError), exclusive(lock, watched=watched, patience_s=20.0):
        pass
    assert 100 < now_s < 130


def test_waiting_is_logged_once(lock, holder, monkeypatch, caplog):
    n_polls = 0

    def sleep(_):
        nonlocal n_polls
        n_polls += 1
        if n_polls == 3:
            holder.kill()
            holder.wait()

    monkeypatch.setattr(locks, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=sleep))
    with caplog.at_level("INFO", logger="panns.system.locks"), exclusive(lock):
        pass
    assert n_polls == 3
    assert [record.levelname for record in caplog.records] == ["INFO"]
    assert str(lock) in caplog.text


@needs_posix
@pytest.mark.parametrize("make", ["symlink_to", "mkfifo", "mkdir"])
def test_only_a_regular_file_is_a_lock(tmp_path, make):
    other = tmp_path / "other"
    other.write_text("content")
    lock = tmp_path / "a.lock"
    {"symlink_to": lambda: lock.symlink_to(other), "mkfifo": lambda: os.mkfifo(lock), "mkdir": lock.mkdir}[make]()
    with pytest.raises(OSError, match=r"a\.lock"), exclusive(lock):
        pass
    assert other.read_text() == "content"


@needs_posix
def test_a_file_system_without_locks_is_used_with_a_warning(tmp_path, monkeypatch, caplog):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("panns.system.locks.fcntl.flock", refuse)
    with exclusive(tmp_path / "a.lock"):
        assert "has no locks" in caplog.text


def test_a_held_file_is_removed_at_the_end(lock):
    with exclusive_or_skip(lock) as is_held, exclusive_or_skip(lock) as other:
        assert (is_held, other) == (True, False)
        assert lock.exists()
    assert not lock.exists()


def test_a_file_that_its_holder_just_removed_is_no_lock(lock, monkeypatch):
    """Two processes could hold two files of one name."""
    try_lock, n_tries = locks._try_lock, 0

    def removed_first(descriptor, path):
        nonlocal n_tries
        n_tries += 1
        if n_tries == 1:
            path.unlink()
        return try_lock(descriptor, path)

    monkeypatch.setattr(locks, "_try_lock", removed_first)
    with exclusive_or_skip(lock) as is_held:
        assert is_held
        assert lock.exists()
    assert n_tries == 2
