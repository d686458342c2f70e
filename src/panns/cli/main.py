"""`panns`: the verbs, and what a failure looks like. Verbs import what is heavy when they run."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
import threading
from typing import NoReturn

import typer

from panns.cli.data_check import check
from panns.cli.data_shard import shard
from panns.cli.data_synthesize import synthesize
from panns.cli.detect import detect
from panns.cli.embed import embed
from panns.cli.evaluate import evaluate
from panns.cli.explain import explain
from panns.cli.export import export
from panns.cli.finetune import finetune
from panns.cli.labels import labels
from panns.cli.listen import listen
from panns.cli.models import models_app
from panns.cli.tag import tag
from panns.cli.terminal import bars
from panns.cli.terminal.output import LogLines, complain
from panns.cli.train import train
from panns.errors import PannsError, UnknownLabel, UnknownModel
from panns.version import __version__

app = typer.Typer(
    name="panns",
    help="Hear what is in a sound.",
    no_args_is_help=True,
    rich_markup_mode=None,  # importing rich would take half of the time that --help has
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(tag)
app.command()(detect)
app.command()(listen)
app.command()(embed)
app.command()(explain)
app.command()(labels)
app.command()(finetune)
app.command()(train)
app.command()(evaluate)
app.command()(export)
app.add_typer(models_app, name="models")
data_app = typer.Typer(
    help="Check, pack and mix the clips that models learn from.", no_args_is_help=True, rich_markup_mode=None
)
data_app.command()(check)
data_app.command()(shard)
data_app.command()(synthesize)
app.add_typer(data_app, name="data")

WRONG_USAGE = 2
INTERRUPTED = 130  # as a shell says it: 128 + SIGINT


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        print(f"panns {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Show the version."),
) -> None:
    """Hear what is in a sound: tag, embed, train and export audio pattern recognition models."""


def main() -> None:
    """Run the command line; a mistake of the user ends with a sentence and an exit status, without a traceback."""
    # Files are heard in parallel, one a core. Threads inside numpy's small matrix products would only wait for each
    # other; torch and ONNX Runtime have threads of their own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _open_closed_streams()
    # A name that the terminal's encoding lacks (Chinese on an old Windows, a byte that is no text in a file's name) is
    # shown as \\uXXXX.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    _log_to_stderr()
    try:
        app()
        status: object = 0
    except SystemExit as end:  # how typer ends, also after an interrupt
        status = end.code
    except PannsError as error:
        complain(str(error))
        status = WRONG_USAGE if isinstance(error, UnknownModel | UnknownLabel) else 1
    except OSError as error:  # what is written cannot be: a full disk, a folder that is closed to this user
        complain(str(error))
        status = 1
    except KeyboardInterrupt:
        status = INTERRUPTED
    _leave(status if isinstance(status, int) else 0)


def _leave(status: int) -> NoReturn:
    """End now, also where a thread still waits for input that never comes: Python would wait with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bars.leave()
    if status == INTERRUPTED:
        complain("interrupted")
    is_held = any(not one.daemon for one in threading.enumerate() if one is not threading.main_thread())
    if status == INTERRUPTED or is_held:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)
    sys.exit(status)


def _open_closed_streams() -> None:
    """Put nothing where the caller closed a standard stream, lest the next file that is opened takes its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _log_to_stderr() -> None:
    """Show what models and conversion have to say; what is wrong with a sound stands in its result."""
    handler = LogLines()
    for name in ("panns.hub", "panns.plot", "panns.training", "panns.audio.live.microphone"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    logging.getLogger("panns.audio").addHandler(logging.NullHandler())


if __name__ == "__main__":
    main()
