"""What is printed and written: results on stdout, everything else on stderr, files whole or not at all."""

from __future__ import annotations

import codecs
import csv
import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from panns.cli.terminal import bars
from panns.errors import PannsError
from panns.system.files import replacing

# What moves the cursor, colours the terminal, ends a line or turns the direction of writing.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    r"""The text with its control characters escaped, for the names of files that strangers have chosen.

    >>> printable("a\x1b[2Jb\n.wav")
    'a\\x1b[2Jb\\n.wav'
    """
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def print_line(text: str) -> None:
    """Print a line of a result for people."""
    _make_room()
    print(printable(text), flush=True)


def print_json(record: Mapping[str, object]) -> None:
    """Print a result for programs: one line of JSON, whatever stdout's encoding is."""
    # Characters that the encoding lacks would become \x or \U escapes, which JSON does not have. In UTF-8 only lone
    # surrogates, bytes of a file's name that are no text, are left to be escaped, and as \uXXXX.
    is_utf8 = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
    _make_room()
    print(json.dumps(record, ensure_ascii=not is_utf8), flush=True)


def print_csv(rows: Iterable[Sequence[object]]) -> None:
    """Print rows of comma-separated values."""
    _make_room()
    csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
    sys.stdout.flush()


def print_tsv(rows: Iterable[Sequence[object]]) -> None:
    """Print rows of values with tabs between them, which no value may hold."""
    for row in rows:
        _make_room()
        print("\t".join(printable(str(value)) for value in row), flush=True)


def complain(text: str) -> None:
    """Say something on stderr, as one line."""
    bars.clear()
    print(f"panns: {printable(text)}", file=sys.stderr, flush=True)


class LogLines(logging.Handler):
    """Shows what models and conversion have to say: as the words of the spinner, or as lines where none turns."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record."""
        text, spinner = self.format(record), bars.Spinner.current
        if spinner is not None and record.levelno < logging.WARNING:
            spinner.say(printable(text))
            return
        complain(text)
        if spinner is not None:
            spinner.resume()


@contextmanager
def writing(output: Path) -> Iterator[Path]:
    """A path to write to, which takes the name `output` at the end.

    Raises:
        PannsError: It could not be written.
    """
    partial = output
    try:
        with replacing(output) as partial:
            yield partial
    except OSError as exc:
        if isinstance(exc, PannsError) or exc.filename not in {None, str(partial)}:
            raise
        reason = exc.strerror or str(exc)
        raise PannsError(f"{output} cannot be written ({reason}); make room or use another folder") from exc


def _make_room() -> None:
    if sys.stdout.isatty():
        bars.clear()
