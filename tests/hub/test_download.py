"""Downloads from a local server that fails in the ways real servers do."""

import errno
import hashlib
import itertools
import logging
import re
import socket
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from panns.errors import DownloadError
from panns.hub import connection, download, receiving
from panns.hub.cache import downloads_dir, recorded_digests
from panns.hub.download import cached_file, fetch
from panns.models.weights import Weights
from tests.commands import needs_posix
from tests.hub.server import BODY

HALF = len(BODY) // 2
SHA256 = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY, usedforsecurity=False).hexdigest()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("PANNS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def record(server, **known) -> Weights:
    url = f"http://127.0.0.1:{server.server_port}/a.pth" if server else "http://127.0.0.1:9/a.pth"
    return Weights(url=url, file="a.pth", licence="MIT", source="a test", **known)


def final() -> Path:
    return downloads_dir() / "a.pth"


def part() -> Path:
    return downloads_dir() / "a.pth.part"


def leave_a_part(server, n_bytes=HALF, **known):
    """Fetch until the server drops the connection after `n_bytes`."""
    server.plan = [("drop", n_bytes)]
    with pytest.raises(DownloadError, match="connection closed"):
        fetch(record(server, **known), retries=0)
    assert part().stat().st_size == n_bytes
    assert not final().exists()
    server.ranges.clear()
    server.sent = 0


@pytest.mark.parametrize(
    "known", [{"sha256": SHA256, "n_bytes": len(BODY)}, {"md5": MD5}, {"n_bytes": len(BODY)}, {}], ids=str
)
def test_file_is_downloaded_once(server, known):
    weights = record(server, **known)
    assert cached_file(weights) is None
    path = fetch(weights)
    assert path == final()
    assert path.read_bytes() == BODY
    assert fetch(weights) == cached_file(weights) == path
    assert len(server.ranges) == 1
    assert recorded_digests(path)["sha256"] == SHA256
    assert sorted(one.name for one in downloads_dir().iterdir()) == ["a.pth", "a.pth.checked.json", "a.pth.lock"]


def test_unverifiable_file_is_logged(server, caplog):
    fetch(record(server))
    (entry,) = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert "cannot be checked" in entry.getMessage()
    assert SHA256 in entry.getMessage()


def test_cache_lookup_creates_no_folder(cache):
    assert cached_file(record(None)) is None
    assert not cache.exists()


def test_dropped_connection_resumes(server):
    server.plan = [("drop", HALF), ("drop", 1000), "ok"]
    assert fetch(record(server, sha256=SHA256)).read_bytes() == BODY
    assert server.ranges == [None, f"bytes={HALF}-", f"bytes={HALF + 1000}-"]
    assert server.sent == len(BODY)


def test_later_fetch_resumes(server):
    leave_a_part(server, sha256=SHA256)
    assert fetch(record(server, sha256=SHA256)).read_bytes() == BODY
    assert server.ranges == [f"bytes={HALF}-"]
    assert server.sent == len(BODY) - HALF


def test_resumes_by_date_without_etag(server):
    server.etag, server.modified = 'W/"weak"', "Mon, 17 Aug 2020 10:00:00 GMT"
    server.plan = [("drop", HALF)]
    weights = record(server)
    with pytest.raises(DownloadError):
        fetch(weights, retries=0)
    server.etag = None
    assert fetch(weights).read_bytes() == BODY
    assert server.sent == len(BODY)


def test_restarts_without_validator_or_digest(server):
    server.etag = None
    leave_a_part(server)
    assert fetch(record(server)).read_bytes() == BODY
    assert server.ranges == [None]


def test_file_changed_on_the_server_is_not_spliced(server):
    leave_a_part(server)
    server.body, server.etag = BODY[::-1], '"two"'
    assert fetch(record(server)).read_bytes() == BODY[::-1]
    assert server.ranges == [f"bytes={HALF}-"]


def test_changed_file_without_if_range_is_not_spliced(server, monkeypatch):
    leave_a_part(server)
    server.body, server.etag = BODY[::-1], '"two"'
    real = urllib.request.Request

    def without_if_range(url, headers):
        return real(url, headers={name: value for name, value in headers.items() if name != "If-Range"})

    monkeypatch.setattr(urllib.request, "Request", without_if_range)
    assert fetch(record(server)).read_bytes() == BODY[::-1]
    assert server.ranges == [f"bytes={HALF}-", None]


@pytest.mark.parametrize("known", [{"sha256": SHA256}, {}], ids=str)
def test_server_that_ignores_ranges_restarts(server, known):
    leave_a_part(server, **known)
    server.plan = ["no range"]
    assert fetch(record(server, **known)).read_bytes() == BODY
    assert server.sent == len(BODY)


def test_wrong_range_is_refused(server):
    leave_a_part(server, sha256=SHA256)
    server.plan = ["wrong part"]
    assert fetch(record(server, sha256=SHA256)).read_bytes() == BODY
    assert server.ranges == [f"bytes={HALF}-", None]


def test_part_longer_than_the_servers_file_restarts(server):
    leave_a_part(server)
    server.body = BODY[:1000]  # the same ETag, so that the server answers 416
    assert fetch(record(server)).read_bytes() == BODY[:1000]
    assert server.ranges == [f"bytes={HALF}-", None]


def test_complete_part_is_only_verified(server):
    leave_a_part(server, sha256=SHA256)
    part().write_bytes(BODY)  # as after a crash between the last byte and the final name
    assert fetch(record(server, sha256=SHA256)).read_bytes() == BODY
    assert server.ranges == []


def test_part_longer_than_its_total_restarts(server):
    leave_a_part(server, sha256=SHA256)
    part().write_bytes(BODY + b"more")
    assert fetch(record(server, sha256=SHA256)).read_bytes() == BODY
    assert server.ranges == [None]


@pytest.mark.parametrize("junk", ["{", "[]", '{"url": 1}', None])
def test_part_of_unknown_origin_restarts(server, junk):
    leave_a_part(server, sha256=SHA256)
    note = part().with_name("a.pth.part.json")
    note.unlink() if junk is None else note.write_text(junk)
    assert fetch(record(server, sha256=SHA256)).read_bytes() == BODY
    assert server.ranges == [None]


def test_server_errors_are_retried(server):
    server.plan = [(503,), (502,)]
    assert fetch(record(server, sha256=SHA256)).read_bytes() == BODY
    assert len(server.ranges) == 3


def test_gives_up_after_the_retries(server):
    server.plan = [(503,)] * 9
    with pytest.raises(DownloadError, match="503") as caught:
        fetch(record(server, sha256=SHA256), name="cnn14", retries=2)
    assert len(server.ranges) == 3
    assert "try again later, or download http://127.0.0.1" in str(caught.value)
    assert "panns models fetch cnn14 --from FILE" in str(caught.value)


def test_progress_resets_the_retries(server, monkeypatch):
    monkeypatch.setattr(receiving, "_PROGRESS_BYTES", 400_000)
    server.plan = [("drop", 400_000)] * 7
    assert fetch(record(server, sha256=SHA256), retries=1).read_bytes() == BODY


@pytest.mark.parametrize("code", [401, 403, 404, 410, 429])
def test_client_errors_are_not_retried(server, code):
    server.plan = [(code,)] * 5
    with pytest.raises(DownloadError, match=f"{code}.*in a browser.*panns models fetch NAME --from FILE"):
        fetch(record(server, sha256=SHA256))
    assert len(server.ranges) == 1


def test_silent_server_is_retried(server):
    server.plan = [("stall", HALF)]
    # A busy machine may be silent too, and then there are more attempts.
    assert fetch(record(server, sha256=SHA256), timeout_s=0.3, retries=1000).read_bytes() == BODY
    assert len(server.ranges) > 1
    assert not server.go_on.is_set()


def test_unreachable_server_is_reported():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # a port without a listener, kept from other processes
        weights = replace(record(None, sha256=SHA256), url=f"http://127.0.0.1:{silent.getsockname()[1]}/a.pth")
        with pytest.raises(DownloadError, match=r"no reply .*refused.*--from FILE"):
            fetch(weights, retries=1)


@pytest.mark.parametrize("n_bytes", [len(BODY) + 1, len(BODY) - 1])
def test_unexpected_length_is_refused_at_once(server, n_bytes):
    with pytest.raises(DownloadError, match=f"{len(BODY):,} bytes.*{n_bytes:,}"):
        fetch(record(server, n_bytes=n_bytes))
    assert len(server.ranges) == 1
    assert not part().exists()
    assert not final().exists()


@pytest.mark.parametrize(("known", "digest"), [({"sha256": "0" * 64}, SHA256), ({"md5": "0" * 32}, MD5)])
def test_wrong_digest_is_refused_and_the_part_removed(server, known, digest):
    (kind, expected), *_ = known.items()
    with pytest.raises(DownloadError, match=f"expected {kind} {expected}, got {digest}; it was removed"):
        fetch(record(server, **known))
    assert len(server.ranges) == 1
    assert [one.name for one in downloads_dir().iterdir()] == ["a.pth.lock"]


def test_unknown_length_needs_a_digest(server):
    server.plan = ["chunked", "unknown length"]
    for _ in range(2):
        with pytest.raises(DownloadError, match="truncated"):
            fetch(record(server))
    server.plan = ["chunked"]
    assert fetch(record(server, sha256=SHA256)).read_bytes() == BODY


def test_more_bytes_than_the_record_are_refused(server):
    server.plan = ["chunked"]
    with pytest.raises(DownloadError, match="more than the 1,000 bytes"):
        fetch(record(server, sha256=SHA256, n_bytes=1000))


def test_web_page_is_refused(server):
    server.plan = ["html"]
    with pytest.raises(DownloadError, match="web page"):
        fetch(record(server))


def test_empty_file_is_refused(server):
    server.body = b""
    with pytest.raises(DownloadError, match="empty"):
        fetch(record(server))


def test_redirects_are_followed_on_this_machine(server):
    server.plan = [(302, f"http://localhost:{server.server_port}/elsewhere")]
    assert fetch(record(server, sha256=SHA256)).read_bytes() == BODY
    assert server.paths == ["/a.pth", "/elsewhere"]


@pytest.mark.parametrize("target", ["http://example.org/a.pth", "ftp://example.org/a.pth", "file:///etc/passwd"])
def test_redirects_to_other_schemes_are_refused(server, target):
    server.plan = [(302, target)]
    with pytest.raises(DownloadError, match=f"302.*{re.escape(target)}"):
        fetch(record(server, sha256=SHA256))
    assert len(server.ranges) == 1


def test_redirect_from_https_to_http_is_refused():
    request = urllib.request.Request("https://example.org/a")
    with pytest.raises(urllib.error.HTTPError, match="not https") as caught:
        connection._SafeRedirects().redirect_request(request, None, 302, "", None, "http://localhost/a")
    caught.value.close()


def test_proxy_of_the_environment_is_used(server, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    fetch(record(None, sha256=SHA256))
    assert server.paths == ["http://127.0.0.1:9/a.pth"]


def test_progress_never_falls_and_ends_at_the_total(server):
    leave_a_part(server)
    server.plan = [("drop", 1000), "no range"]
    calls = []
    fetch(record(server), on_progress=lambda progress: calls.append((progress.done, progress.total)))
    counts = [count for count, _ in calls]
    assert counts == sorted(set(counts))
    assert calls[0] == (HALF, len(BODY))
    assert calls[-1] == (len(BODY), len(BODY))


def test_interrupt_keeps_the_part(server):
    def interrupt(progress):
        if progress.done >= HALF:
            raise KeyboardInterrupt

    weights = record(server, sha256=SHA256)
    with pytest.raises(KeyboardInterrupt):
        fetch(weights, on_progress=interrupt)
    n_bytes = part().stat().st_size
    assert n_bytes >= HALF
    assert not final().exists()
    server.ranges.clear()
    assert fetch(weights).read_bytes() == BODY
    assert server.ranges in ([f"bytes={n_bytes}-"], [])  # none if the last block had arrived


def test_damaged_file_in_the_cache_is_replaced(server, caplog):
    weights = record(server, sha256=SHA256)
    fetch(weights).write_bytes(BODY[:-1])
    assert cached_file(weights) is None
    assert "ignoring" in caplog.text
    assert fetch(weights).read_bytes() == BODY


def test_free_space_is_checked_first(server, monkeypatch):
    monkeypatch.setattr("panns.hub.receiving.shutil.disk_usage", lambda _: type("Usage", (), {"free": len(BODY) - 1}))
    with pytest.raises(DownloadError, match=r"free.*PANNS_CACHE"):
        fetch(record(server, sha256=SHA256))
    assert not part().exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the full disk of Linux")
def test_full_disk_is_reported(server, tmp_path, monkeypatch):
    source = tmp_path / "download.pth"
    source.write_bytes(BODY)

    def fill(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("panns.hub.download.shutil.copyfileobj", fill)
    with pytest.raises(DownloadError, match=r"the disk is full; .*PANNS_CACHE"):
        fetch(record(server, sha256=SHA256), from_file=source)
    assert not (downloads_dir() / "a.pth.copy").exists()


@needs_posix
def test_a_link_in_place_of_a_copy_is_not_followed(server, tmp_path):
    source, precious = tmp_path / "download.pth", tmp_path / "precious"
    source.write_bytes(BODY)
    precious.write_text("content")
    downloads_dir().mkdir(parents=True)
    (downloads_dir() / "a.pth.copy").symlink_to(precious)
    assert fetch(record(server, sha256=SHA256), from_file=source).read_bytes() == BODY
    assert precious.read_text() == "content"


def test_unwritable_cache_is_reported(server, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("PANNS_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DownloadError, match="PANNS_CACHE"):
        fetch(record(server, sha256=SHA256))


@pytest.mark.parametrize("wrong", [{"timeout_s": 0}, {"retries": -1}])
def test_arguments_are_checked(wrong):
    with pytest.raises(ValueError, match=r"timeout_s=.* retries="):
        fetch(record(None), **wrong)


class TestFromFile:
    @pytest.mark.parametrize("known", [{"sha256": SHA256}, {"md5": MD5, "n_bytes": len(BODY)}], ids=str)
    def test_published_file_is_copied_without_network(self, tmp_path, known):
        source = tmp_path / "download (1).pth"
        source.write_bytes(BODY)
        weights = record(None, **known)
        assert fetch(weights, from_file=source).read_bytes() == BODY
        assert source.read_bytes() == BODY
        assert fetch(weights) == final()

    def test_unverifiable_file_is_copied_and_logged(self, tmp_path, caplog):
        source = tmp_path / "source"
        source.write_bytes(BODY)
        path = fetch(record(None), from_file=source)
        assert "cannot be checked" in caplog.text
        assert recorded_digests(path) == {"sha256": SHA256}
        assert cached_file(record(None)) == path

    def test_cached_file_is_replaced(self, tmp_path):
        source = tmp_path / "source"
        for body in (b"first", b"second"):
            source.write_bytes(body)
            assert fetch(record(None), from_file=source).read_bytes() == body

    def test_unfinished_download_is_removed(self, server, tmp_path):
        leave_a_part(server, sha256=SHA256)
        source = tmp_path / "source"
        source.write_bytes(BODY)
        fetch(record(server, sha256=SHA256), from_file=source)
        assert not part().exists()

    def test_cached_file_may_be_the_source(self, server):
        path = fetch(record(server, sha256=SHA256))
        assert fetch(record(server, sha256=SHA256), from_file=path).read_bytes() == BODY

    @pytest.mark.parametrize("known", [{"sha256": "0" * 64}, {"md5": "0" * 32}, {"n_bytes": 7}], ids=str)
    def test_other_file_is_refused_and_the_cache_kept(self, server, tmp_path, known):
        path = fetch(record(server))
        source = tmp_path / "source"
        source.write_bytes(b"other")
        with pytest.raises(DownloadError, match=r"expected .*got ") as caught:
            fetch(record(server, **known), from_file=source)
        assert str(source) in str(caught.value)
        assert "give the file from http://127.0.0.1" in str(caught.value)
        assert path.read_bytes() == BODY
        assert not (downloads_dir() / "a.pth.copy").exists()

    def test_folder_missing_file_and_empty_file_are_refused(self, tmp_path):
        with pytest.raises(DownloadError, match="is a folder"):
            fetch(record(None), from_file=tmp_path)
        with pytest.raises(DownloadError, match="No such file"):
            fetch(record(None), from_file=tmp_path / "none.pth")
        (tmp_path / "empty").touch()
        with pytest.raises(DownloadError, match="the file is empty"):
            fetch(record(None), from_file=tmp_path / "empty")


PROCESS = """
import logging, sys
from panns.hub.download import fetch
from panns.models.weights import Weights

def say(*words):
    print(*words, flush=True)

class Say(logging.Handler):
    def emit(self, entry):
        say(entry.getMessage())

logging.getLogger("panns").addHandler(Say())
logging.getLogger("panns").setLevel(logging.INFO)
url, digest = sys.argv[1:]
weights = Weights(url=url, file="a.pth", licence="MIT", source="a test", sha256=digest)
say("path", fetch(weights, on_progress=lambda progress: say("bytes", progress.done)))
"""


def start(server) -> subprocess.Popen:
    command = [sys.executable, "-c", PROCESS, record(server).url, SHA256]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def read_until(process, is_wanted) -> str:
    return next(line for line in process.stdout if is_wanted(line))


def has_half(line) -> bool:
    return line.startswith("bytes") and int(line.split()[1]) >= HALF


def test_two_processes_fetch_once(server):
    server.plan = [("stall", HALF)]
    with start(server) as first:
        read_until(first, has_half)
        with start(server) as second:
            read_until(second, lambda line: "waiting" in line)
            server.go_on.set()
            for process in (first, second):
                assert read_until(process, lambda line: line.startswith("path")) == f"path {final()}\n"
                assert process.wait() == 0
    assert server.ranges == [None]
    assert final().read_bytes() == BODY


def test_download_of_a_killed_process_is_resumed(server):
    server.plan = [("stall", HALF)]
    with start(server) as process:
        read_until(process, has_half)
        process.kill()
        process.wait()
    n_bytes = part().stat().st_size
    assert 0 < n_bytes <= HALF
    assert not final().exists()
    assert fetch(record(server, sha256=SHA256)).read_bytes() == BODY
    assert server.ranges == [None, f"bytes={n_bytes}-"]


def clock_of_steps(step_s):
    """A module `time` whose clock goes on at each look, so that no test waits."""
    times_s = itertools.count(step=step_s)
    return SimpleNamespace(monotonic=lambda: float(next(times_s)), sleep=lambda _: None)


def test_a_server_that_drips_is_given_up(server, monkeypatch):
    """A byte every half second never was silence."""
    server.plan = [("drip",)] * 2
    monkeypatch.setattr(receiving, "time", clock_of_steps(700))
    with pytest.raises(DownloadError, match=r"only \d+ bytes in 700 s"):
        fetch(record(server, sha256=SHA256), timeout_s=600, retries=1)
    assert len(server.ranges) == 2


def test_a_server_that_drips_its_headers_is_given_up(server, monkeypatch):
    server.plan = [("drip headers",)]
    monkeypatch.setattr(connection, "time", clock_of_steps(2000))
    monkeypatch.setattr(connection, "_TICK_S", 0.05)
    with pytest.raises(DownloadError, match=r"no reply|connection lost|too slowly"):
        fetch(record(server, sha256=SHA256), timeout_s=600, retries=0)


def test_all_attempts_together_have_an_end(server, monkeypatch):
    monkeypatch.setattr(receiving, "_LONGEST_S", 0.0)
    with pytest.raises(DownloadError, match="not complete after 0 hours"):
        fetch(record(server, sha256=SHA256))


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"\x16\x03\x01\x1b[2J" * 200, r"no reply \(\\x16\\x03"),
        (b"SSH-2.0-" + b"x" * 20_000, r"no reply \(SSH-2\.0-x+\)"),
        (b"HTTP/1.1 200 " + b"O" * 200_000, "no reply"),
        (HEAD + b"X: 1\r\n" * 5000 + b"\r\n", "no reply"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nab", "connection lost"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nab", "connection lost"),
        (HEAD + b"Content-Length: -5\r\n\r\nab", "not the published file"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, "no reply"),
        (b"HTTP/1.1 302 F\r\nLocation: http://[::1/a\r\n\r\n", "no request"),
        (b"HTTP/1.1 302 F\r\nLocation: http://127.0.0.1:99999/\r\n\r\n", "not https"),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_a_reply_that_is_not_http_is_a_short_message(server, reply, words):
    server.plan = [("raw", reply)]
    with pytest.raises(DownloadError, match=words) as refusal:
        fetch(record(server, sha256=SHA256), retries=0)
    assert str(refusal.value).isprintable()
    assert len(str(refusal.value)) < 600


@pytest.mark.parametrize("digits", ["9" * 16, "9" * 5000])
def test_an_impossible_length_is_refused(server, digits):
    server.plan = [("length", digits)]
    with pytest.raises(DownloadError, match=f"impossible length of {len(digits)} digits"):
        fetch(record(server, sha256=SHA256))


def test_a_length_beyond_the_model_is_refused(server):
    server.plan = [("length", str(10**12))]
    with pytest.raises(DownloadError, match="offers 1,000,000,000,000 bytes, and the file may have"):
        fetch(record(server, sha256=SHA256), name="cnn14")


def test_a_body_without_end_is_refused(server, monkeypatch):
    monkeypatch.setattr(download, "_SIZE_EXTRA", 1_000_000)
    monkeypatch.setattr(download, "_SIZE_FACTOR", 0)
    server.plan = [("endless",)]
    with pytest.raises(DownloadError, match="sent more than the 1,000,000 bytes"):
        fetch(record(server, sha256=SHA256), name="cnn14")
    assert server.sent < 20_000_000


@pytest.mark.parametrize(
    "junk",
    ["[" * 100_000, '{"url": 5, "validator": "a", "total": 9}', '{"url": "a", "validator": {}, "total": 9}', "5"],
)
def test_a_damaged_record_of_a_part_restarts(server, junk):
    part().parent.mkdir(parents=True)
    part().write_bytes(BODY[:HALF])
    part().with_name("a.pth.part.json").write_text(junk)
    fetch(record(server, sha256=SHA256))
    assert final().read_bytes() == BODY
    assert server.ranges == [None]
