"""Progress bars and spinners on a terminal."""

import json

import pytest

from tests.commands import needs_posix
from tests.sounds import write_silent_wav
from tests.terminal import Terminal

pytestmark = needs_posix


@pytest.fixture(scope="module")
def slow_sounds(tmp_path_factory):
    """Sounds that take long enough for a progress bar."""
    folder = tmp_path_factory.mktemp("slow")
    return [write_silent_wav(folder / f"{'long name ' * 10}{i}.wav", 1200) for i in range(4)]


def tag(files, model, *arguments, **keywords):
    return Terminal("-m", "panns", "tag", *files, "--model", model, *arguments, **keywords)


@pytest.mark.slow
def test_long_lines_are_not_wrapped(tiny_checkpoint, slow_sounds):
    terminal = tag(slow_sounds, tiny_checkpoint, "--json", "--top", "50", streams=("stdout", "stderr"))
    terminal.wait()
    assert terminal.process.returncode == 0
    assert b" files" in terminal.shown
    first, *lines = terminal.lines
    assert first == "cnn6 on cpu by onnx"
    answers = [json.loads(line) for line in lines]
    assert [answer["file"] for answer in answers] == [str(file) for file in slow_sounds]
    assert [len(answer["tags"]) for answer in answers] == [50] * 4


@pytest.mark.slow
def test_results_in_a_file_while_a_bar_moves(tiny_checkpoint, slow_sounds, tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_text("no sound")
    terminal = tag([slow_sounds[0], bad, *slow_sounds[1:]], tiny_checkpoint, "--json")
    answers = [json.loads(line) for line in terminal.wait().decode().splitlines()]
    assert [answer["file"] for answer in answers] == [str(slow_sounds[0]), str(bad), *map(str, slow_sounds[1:])]
    assert b" files" in terminal.shown
    first, problem = terminal.lines
    assert first == "cnn6 on cpu by onnx"
    assert problem == f"panns: {answers[1]['error']}"


@pytest.mark.slow
def test_a_dumb_terminal_has_no_bar(tiny_checkpoint, slow_sounds):
    terminal = tag(slow_sounds[:2], tiny_checkpoint, "--json", TERM="dumb")
    assert len(terminal.wait().splitlines()) == 2
    assert terminal.shown == b"cnn6 on cpu by onnx\r\n"


DOING = """
import logging, time
from panns.cli.main import _log_to_stderr
from panns.cli.terminal.bars import Spinner, doing

def wait_for(condition):
    while not condition():
        time.sleep(0.01)

def redraw():
    if Spinner.current is not None:
        Spinner.current._line.refresh()

logger = logging.getLogger("panns.hub")
with _log_to_stderr():
    with doing("loading [red]x"):
        if Spinner.current is not None:
            wait_for(lambda: Spinner.current._line is not None)
        redraw()
        logger.info("converting %s", "a.pth")
        redraw()
        logger.warning("odd")
        redraw()
    with doing("a short step"):
        pass
"""


def test_a_spinner_shows_log_messages():
    terminal = Terminal("-c", DOING)
    terminal.wait()
    assert b"loading [red]x" in terminal.shown
    before, after = terminal.shown.split(b"panns: odd")
    assert b"converting a.pth" in before
    assert b"converting a.pth" in after
    assert b"a short step" not in terminal.shown
    assert terminal.lines == ["panns: odd"]


def test_log_messages_on_a_dumb_terminal_are_lines():
    terminal = Terminal("-c", DOING, TERM="dumb")
    terminal.wait()
    assert terminal.shown == b"panns: converting a.pth\r\npanns: odd\r\n"
