import io
import logging
import sys
import threading

import pytest

from panns.batch import Input, process_files
from panns.errors import AudioDecodeError
from panns.results import Tagging
from panns.system.progress import Progress


def tag(source, on_progress):
    if source == "odd":
        raise RuntimeError("two shapes differ")
    if source == "memory":
        raise MemoryError
    if source == "bad":
        raise AudioDecodeError("bad: cannot be decoded")
    on_progress(Progress(1.0, None, "seconds of sound"))
    return Tagging(f"<{source}>", 1.0, "cnn6", ())


def test_no_inputs():
    assert list(process_files([], tag)) == []


def test_an_unexpected_error_is_the_error_of_that_file(caplog):
    caplog.set_level(logging.DEBUG, logger="panns.batch")
    names = ["a", "odd", "b", "memory", "bad", "c"]
    results = list(process_files([Input(name) for name in names], tag))
    assert [one.file for one in results] == names
    errors = {one.file: one.error for one in results if one.error is not None}
    assert errors == {
        "odd": "odd: failed unexpectedly (RuntimeError: two shapes differ); please report it together with the file",
        "memory": "memory: failed unexpectedly (MemoryError); please report it together with the file",
        "bad": "bad: cannot be decoded",
    }
    assert [record.message for record in caplog.records] == ["odd", "memory"]
    assert "two shapes differ" in caplog.text


def test_a_result_has_the_path_that_was_given():
    good, problem = process_files([Input("a"), Input("*.x", "*.x: matches no file")], tag)
    assert good.to_dict() == Tagging("a", 1.0, "cnn6", ()).to_dict()
    assert problem.to_dict() == {"file": "*.x", "error": "*.x: matches no file"}


def test_standard_input_is_read_as_bytes(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"sound")))

    def read(source, _):
        return Tagging(source.read().decode(), 1.0, "cnn6", ())

    (one,) = process_files([Input("-")], read)
    assert (one.file, one.result.file) == ("-", "sound")


def test_progress_of_several_files_counts_files():
    seen = []
    results = process_files([Input(name) for name in "abc"], tag, on_progress=seen.append)
    assert len(list(results)) == 3
    assert [one for one in dict.fromkeys(seen) if one.done] == [Progress(i, 3, "files") for i in (1, 2, 3)]


def test_progress_of_one_file_is_its_own():
    seen = []
    list(process_files([Input("a")], tag, on_progress=seen.append))
    assert set(seen) == {Progress(1.0, None, "seconds of sound")}


def test_progress_is_reported_in_the_callers_thread():
    threads = set()
    list(process_files([Input("a"), Input("b")], tag, on_progress=lambda _: threads.add(threading.current_thread())))
    assert threads == {threading.current_thread()}


def test_files_not_started_are_cancelled_when_the_caller_leaves(monkeypatch):
    monkeypatch.setattr("panns.batch.process.n_cores", lambda: 2)
    started, may_end = [], threading.Event()

    def tag_slowly(source, on_progress):
        started.append(source)
        if source != "0":
            may_end.wait()
        return tag(source, on_progress)

    results = process_files([Input(str(i)) for i in range(50)], tag_slowly)
    assert next(results).file == "0"
    results.close()
    may_end.set()
    join_workers()
    assert len(started) <= 3  # the completed one, and one per worker


def test_a_file_in_progress_stops_at_its_next_report(monkeypatch):
    monkeypatch.setattr("panns.batch.process.n_cores", lambda: 2)
    is_closed, has_finished = threading.Event(), threading.Event()

    def tag_slowly(source, on_progress):
        if source == "slow":
            is_closed.wait()
            on_progress(Progress(1.0, None, "seconds of sound"))
            has_finished.set()
        return tag(source, on_progress)

    results = process_files([Input("a"), Input("slow")], tag_slowly)
    assert next(results).file == "a"
    results.close()
    is_closed.set()
    join_workers()
    assert not has_finished.is_set()


def test_an_exception_of_the_caller_is_not_swallowed():
    def fail(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(process_files([Input("a"), Input("b")], tag, on_progress=fail))


def join_workers():
    for thread in threading.enumerate():
        if thread.name.startswith("panns"):
            thread.join()


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_no_more_files_at_a_time_than_jobs(n_jobs):
    all_at_work = threading.Barrier(n_jobs)
    lock, at_work, most = threading.Lock(), 0, 0

    def tag_with_others(source, on_progress):
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        all_at_work.wait(timeout=600)  # breaks if fewer work at a time
        with lock:
            at_work -= 1
        return tag(source, on_progress)

    results = list(process_files([Input(str(i)) for i in range(6)], tag_with_others, n_jobs=n_jobs))
    assert [one.error for one in results] == [None] * 6
    assert most == n_jobs
