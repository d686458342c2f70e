import logging
import threading

from panns.batch.inputs import Input
from panns.batch.local import answer_all
from panns.errors import AudioDecodeError
from panns.results import Tagging


def ask(source, on_progress):
    if source == "odd":
        raise RuntimeError("two shapes differ")
    if source == "nothing":
        raise MemoryError
    if source == "bad":
        raise AudioDecodeError("bad: is no sound")
    on_progress(1.0, None)
    return Tagging(f"<{source}>", 1.0, "cnn6", ())


def test_an_error_nobody_foresaw_is_that_files_alone(caplog):
    caplog.set_level(logging.DEBUG, logger="panns.batch")
    names = ["a", "odd", "b", "nothing", "bad", "c"]
    answers = list(answer_all([Input(name) for name in names], ask))
    assert [answer.file for answer in answers] == names
    errors = {answer.file: answer.error for answer in answers if answer.error is not None}
    assert errors == {
        "odd": "odd: failed in an unforeseen way (RuntimeError: two shapes differ); please report it with the file",
        "nothing": "nothing: failed in an unforeseen way (MemoryError); please report it with the file",
        "bad": "bad: is no sound",
    }
    assert [record.message for record in caplog.records] == ["odd", "nothing"]
    assert "two shapes differ" in caplog.text


def test_an_answer_bears_the_name_that_was_given():
    good, problem = answer_all([Input("a"), Input("*.x", "*.x: matches no file")], ask)
    assert good.to_dict()["file"] == "a"
    assert problem.to_dict() == {"file": "*.x", "error": "*.x: matches no file"}


def test_nobody_is_asked_any_more_after_the_caller_went_away(monkeypatch):
    monkeypatch.setattr("panns.runtime.backend.n_threads_or_all", lambda _: 2)  # whatever machine this is
    asked, may_end = [], threading.Event()

    def ask_slowly(source, on_progress):
        asked.append(source)
        if source != "0":
            may_end.wait(10)
        return ask(source, on_progress)

    answers = answer_all([Input(str(i)) for i in range(50)], ask_slowly)
    assert next(answers).file == "0"
    answers.close()
    may_end.set()
    for thread in threading.enumerate():
        if thread.name.startswith("panns"):
            thread.join(timeout=10)
    assert len(asked) <= 3  # the one that was answered, and one a worker
