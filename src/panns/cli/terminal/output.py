"""Output: results on stdout, everything else on stderr, files written atomically."""

from __future__ import annotations

import codecs
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from panns.cli.terminal import bars
from panns.errors import PannsError
from panns.system.files import replacing_output
from panns.system.json_files import to_json
from panns.system.safe_text import CONTROL, csv_text, printable, tsv_text


def print_line(text: str) -> None:
    """Print a line of text."""
    _make_room()
    print(printable(text), flush=True)


def print_json(record: Mapping[str, object]) -> None:
    """Print a line of JSON that is valid in any encoding of stdout."""
    # Python escapes characters that the encoding lacks as \x or \U, which JSON does not have. In UTF-8 it escapes only
    # lone surrogates (bytes of a file name that are not text), as \uXXXX, which JSON has.
    is_utf8 = codecs.lookup(sys.stdout.encoding or "ascii").name == "utf-8"
    _make_room()
    text = to_json(record, ascii_only=not is_utf8)
    print(CONTROL.sub(lambda match: f"\\u{ord(match[0]):04x}", text), flush=True)


def print_csv(rows: Iterable[Sequence[object]]) -> None:
    """Print rows of comma-separated values."""
    print_text(csv_text(rows))


def print_tsv(rows: Iterable[Sequence[object]]) -> None:
    """Print rows of tab-separated values; tabs inside values are escaped."""
    print_text(tsv_text(rows))


def print_text(text: str) -> None:
    """Print a part of a document as it is."""
    if text:
        _make_room()
        sys.stdout.write(text)
        sys.stdout.flush()


def complain(text: str) -> None:
    """Print a problem on stderr, as one line."""
    bars.clear()
    print(f"panns: {printable(text)}", file=sys.stderr, flush=True)


class LogLines(logging.Handler):
    """Log handler: shows messages as the text of the spinner, or as lines if there is no spinner."""

    def emit(self, record: logging.LogRecord) -> None:
        """Show a log record."""
        text, spinner = self.format(record), bars.Spinner.current
        if spinner is not None and record.levelno < logging.WARNING:
            spinner.set_text(printable(text))
            return
        complain(text)
        if spinner is not None:
            spinner.resume()


@contextmanager
def writing(output: Path) -> Iterator[Path]:
    """Write a file atomically (`replacing_output`); yields the temporary path.

    Raises:
        PannsError: The file cannot be written.
    """
    target = partial = output.resolve()
    try:
        with replacing_output(output) as partial:
            yield partial
    except OSError as exc:
        if isinstance(exc, PannsError) or exc.filename not in {None, str(partial), str(target)}:
            raise
        reason = exc.strerror or str(exc)
        raise PannsError(f"{output} cannot be written ({reason}); make room or use another folder") from exc


def _make_room() -> None:
    if sys.stdout.isatty():
        bars.clear()
