import os
import signal

import pytest
import typer

from panns.cli.terminal.signals import stopping_at_progress
from panns.system.progress import Progress, Stopped
from tests.commands import needs_posix, run_python

pytestmark = needs_posix


def interrupt_twice():
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)


STEP = Progress(7, 24, "steps", "training")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_call_where_it_reports_progress(number, capfd):
    before, shown, status = signal.getsignal(number), [], None
    try:
        with stopping_at_progress(shown.append) as report:
            report(STEP)
            os.kill(os.getpid(), number)
            report(STEP._replace(done=8))
            pytest.fail("not stopped")
    except typer.Exit as end:
        status = end.exit_code
    assert status == 128 + number
    assert [progress.done for progress in shown] == [7, 8]
    errors = capfd.readouterr().err
    assert "stopping at the next safe place" in errors
    assert "panns: stopped at 8 steps; continue with --resume" in errors
    assert signal.getsignal(number) is before


def test_a_process_that_stops_because_another_received_the_signal(capfd):
    with pytest.raises(typer.Exit) as end, stopping_at_progress(lambda _: None):
        raise Stopped("stopped after step 4")
    assert end.value.exit_code == 128 + signal.SIGTERM
    assert "stopped after step 4; continue with --resume" in capfd.readouterr().err


def test_a_second_signal_ends_at_once():
    with pytest.raises(KeyboardInterrupt), stopping_at_progress(lambda _: None):
        interrupt_twice()


EARLY = """
import importlib.abc, os, signal, sys
class Interrupting(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "panns.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
signal.signal(signal.SIGINT, signal.default_int_handler)
from panns.__main__ import main
main()
"""


def test_an_interrupt_during_the_imports_is_no_traceback():
    result = run_python(EARLY)
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "panns: interrupted\n")
