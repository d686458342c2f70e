"""`panns`: the commands, error messages and exit codes. Commands import heavy packages only when they run."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn, TextIO

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
from panns.cli.models_fetch import fetch_models
from panns.cli.models_join import join_models
from panns.cli.models_list import list_models, models
from panns.cli.models_pack import pack_model
from panns.cli.models_show import show_model
from panns.cli.review import review
from panns.cli.tag import tag
from panns.cli.terminal import bars
from panns.cli.terminal.output import LogLines, complain
from panns.cli.train import train
from panns.errors import PannsError, UnknownLabel, UnknownModel
from panns.version import __version__

app = typer.Typer(
    name="panns",
    help="Hear what is in a sound: tag, detect, embed, train and export audio models.",
    no_args_is_help=True,
    rich_markup_mode=None,  # importing rich would take half the time of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(tag)
app.command()(detect)
app.command()(listen)
app.command()(embed)
app.command()(explain)
app.command()(labels)
app.command()(review)
app.command()(finetune)
app.command()(train)
app.command()(evaluate)
app.command()(export)
models_app = typer.Typer(rich_markup_mode=None)
models_app.callback(invoke_without_command=True)(models)
models_app.command("list")(list_models)
models_app.command("show")(show_model)
models_app.command("fetch")(fetch_models)
models_app.command("pack")(pack_model)
models_app.command("join")(join_models)
app.add_typer(models_app, name="models")
data_app = typer.Typer(help="Check, pack and mix training clips.", no_args_is_help=True, rich_markup_mode=None)
data_app.command()(check)
data_app.command()(shard)
data_app.command()(synthesize)
app.add_typer(data_app, name="data")

WRONG_USAGE = 2
# Its warnings are about one sound, and the commands print them with its result.
NOT_LOGGED = "panns.audio.sound"
INTERRUPTED = 130  # as in a shell: 128 + SIGINT


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        print(f"panns {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    """Hear what is in a sound: tag, detect, embed, train and export audio models."""


def main() -> None:
    """Entry point of the process: prepare the standard streams, run the command, exit."""
    # Files are processed in parallel, one per core. Threads inside numpy's small matrix products would only compete;
    # torch and ONNX Runtime have their own threads.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _open_closed_streams()
    _reserve_stdout()
    # Characters that the terminal's encoding lacks (Chinese on an old Windows, bytes of a file name that are not text)
    # are printed as \\uXXXX.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # from here on the command cleans up first
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = INTERRUPTED
    _leave(status)


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit status; errors of the user are one line on stderr, without a traceback.

    Args:
        arguments: Command and options, such as `["tag", "dog.wav"]`.
    """
    with _log_to_stderr():
        try:
            app(list(arguments), prog_name="panns")
        except SystemExit as end:  # how typer ends, also after an interrupt
            return end.code if isinstance(end.code, int) else 0
        except PannsError as error:
            complain(str(error))
            return WRONG_USAGE if isinstance(error, UnknownModel | UnknownLabel) else 1
        except OSError as error:  # the output cannot be written: a full disk, a folder without permission
            complain(str(error))
            return 1
        except KeyboardInterrupt:
            return INTERRUPTED
    return 0


def _leave(status: int) -> NoReturn:
    """Exit now, although a thread may still wait for input that never comes: Python itself would wait for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bars.leave()
    if status == INTERRUPTED:
        complain("interrupted")
    if not _flush(sys.stdout):
        status = status or 1
    _flush(sys.stderr)
    is_held = any(not one.daemon for one in threading.enumerate() if one is not threading.main_thread())
    if status == INTERRUPTED or is_held:
        os._exit(status)
    sys.exit(status)


def _flush(stream: TextIO) -> bool:
    """Write what a stream still holds; False if that fails, and then Python must not try again at the end."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return False
    return True


def _open_closed_streams() -> None:
    """Replace closed standard streams by the null device, or the next opened file would take their descriptor."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            errors = None if mode == "r" else "backslashreplace"
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", errors=errors, closefd=False))  # noqa: SIM115


def _reserve_stdout() -> None:
    """Send what libraries print into descriptor 1 to stderr, so that the results on stdout stay JSON or CSV."""
    shown = sys.stdout
    try:
        reserved = os.dup(shown.fileno())
        os.dup2(sys.stderr.fileno(), shown.fileno())
    except (OSError, ValueError):  # not a file, as in a test
        return
    results = os.fdopen(reserved, "w", encoding=shown.encoding, errors=shown.errors, closefd=False)
    if isinstance(shown, io.TextIOWrapper):
        results.reconfigure(line_buffering=shown.line_buffering, write_through=shown.write_through)
    sys.stdout = results


@contextmanager
def _log_to_stderr() -> Iterator[None]:
    """Print the log messages of all parts, except warnings about a sound, which are part of its result."""
    handler, logger = LogLines(), logging.getLogger("panns")
    handler.addFilter(lambda record: record.name != NOT_LOGGED)
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


if __name__ == "__main__":
    main()
