"""Sources of sound, opened as one seekable input with a name and a fixed size.

Files are read in place. An input that cannot seek is first copied to a temporary file, up to a limit.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from panns.audio.limits import DecodeLimits
from panns.errors import AudioDecodeError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Source = str | os.PathLike[str] | bytes | BinaryIO | tuple[np.ndarray[Any, np.dtype[Any]], int]

# The copy of a pipe stays in memory up to this size and moves to disk beyond it.
_SPOOL_MEMORY_BYTES = 8 * 2**20
_COPY_BYTES = 2**20
# Least that a read or a seek takes of a budget, because a decoder that steps through millions of empty chunks reads few
# bytes.
_CALL_BYTES = 4096


class SeekableInput(io.RawIOBase):
    """A seekable view of an open file, from its current position to its current end.

    Decoders in C read through it and cannot propagate an exception: a failing read ends the input, and the exception
    is kept in `failure`. A `budget` stops a decoder that searches for sound where there is none. The view has no
    `name`, so that FFmpeg detects the format by content only.
    """

    def __init__(self, file: BinaryIO, *, source_name: str, close: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.source_name = source_name
        self.failure: Exception | None = None
        self._file = file
        self._close_file = close
        self._start = file.tell()
        self.n_bytes = max(file.seek(0, os.SEEK_END) - self._start, 0)
        self._position = 0
        self._removed: list[tuple[int, int]] = []
        self._patches: dict[int, bytes] = {}
        self._budget: int | None = None
        self._zeros_cost = 1
        self.ran_out = False
        self.n_bytes_read = 0
        file.seek(self._start)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Position in bytes from the start of the view."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a byte of the view; positions before its start become its start."""
        if self._budget is not None:
            self._budget -= _CALL_BYTES
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.n_bytes}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill `buffer` with the bytes that remain."""
        target = memoryview(buffer).cast("B")
        n_wanted = min(len(target), max(self.n_bytes - self._position, 0))
        n_read = 0
        if self._budget is not None and self._budget <= 0:
            self.ran_out |= n_wanted > 0
            return 0
        # Decoders treat a short read as the end, but files may return their bytes in pieces.
        while n_read < n_wanted and self.failure is None:
            try:
                at, n_together = self._locate(self._position)
                self._file.seek(self._start + at)
                piece = self._file.read(min(n_wanted - n_read, n_together))
            except (OSError, ValueError) as exc:  # a failing disk or network share; or the caller has closed the file
                self.failure = exc
                break
            if not piece:
                break
            target[n_read : n_read + len(piece)] = piece
            self._patch(target[n_read : n_read + len(piece)])
            n_read += len(piece)
            self._position += len(piece)
        self.n_bytes_read += n_read
        if self._budget is not None:
            is_zeros = self._zeros_cost > 1 and bytes(target[:n_read]).count(0) == n_read
            self._budget -= max(n_read * (self._zeros_cost if is_zeros else 1), _CALL_BYTES)
        return n_read

    def patch(self, offset: int, data: bytes) -> None:
        """Replace the bytes at `offset` by `data` in all further reads; the file itself stays unchanged."""
        self._patches[offset] = data

    def remove(self, start: int, stop: int) -> None:
        """Leave out the bytes from `start` to `stop` in all further reads; the file itself stays unchanged."""
        n_bytes = stop - start
        self._removed = [(at - n_bytes * (at >= stop), n) for at, n in self._removed]
        self._removed = sorted([*self._removed, (start, n_bytes)])
        self.n_bytes -= n_bytes

    def _locate(self, position: int) -> tuple[int, int]:
        """Return the place in the file of a position, and the number of bytes that follow it there directly."""
        n_before = sum(n for at, n in self._removed if at <= position)
        n_together = min((at - position for at, _ in self._removed if at > position), default=self.n_bytes - position)
        return position + n_before, n_together

    def _patch(self, piece: memoryview) -> None:
        for offset, data in self._patches.items():
            for at, byte in enumerate(data, start=offset - self._position):
                if 0 <= at < len(piece):
                    piece[at] = byte

    @contextlib.contextmanager
    def budget(self, n_bytes: int, *, zeros_cost: int = 1) -> Iterator[None]:
        """Limit reads inside the context to about `n_bytes`; then the input seems to end, and `ran_out` is True.

        Args:
            n_bytes: The budget.
            zeros_cost: Price of a byte in a read of nothing but zeros.
        """
        self._budget, self._zeros_cost = n_bytes, zeros_cost
        try:
            yield
        finally:
            self._budget, self._zeros_cost = None, 1

    def read_at(self, offset: int, n_bytes: int) -> bytes:
        """Read at most `n_bytes` from `offset`, without moving the position."""
        position = self._position
        self._position = max(offset, 0)
        data = self.read(n_bytes) or b""
        self._position = position
        return data

    def close(self) -> None:
        """Close the file if this package opened it; the caller's own file object stays open."""
        if not self.closed:
            self._close_file()
        super().close()


def open_input(source: str | os.PathLike[str] | bytes | BinaryIO, limits: DecodeLimits) -> SeekableInput:
    """Open a path, bytes or a file object.

    Raises:
        AudioDecodeError: The source cannot be opened, is empty, or is a pipe with more bytes than the limit.
        TypeError: The source has an unsupported type.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        opened = SeekableInput(io.BytesIO(source), source_name="<bytes>")
    elif isinstance(source, str | os.PathLike):
        opened = _open_path(source, limits)
    elif hasattr(source, "read"):
        opened = _open_file_object(source, limits)
    else:
        raise TypeError(
            f"sound cannot be read from {type(source).__name__}; "
            f"give a path, bytes, a file opened with 'rb', or (array, sample_rate)"
        )
    if not opened.n_bytes:
        opened.close()
        raise AudioDecodeError(f"{opened.source_name}: empty, 0 bytes; give a sound file")
    return opened


def _open_path(source: str | os.PathLike[str], limits: DecodeLimits) -> SeekableInput:
    name = os.fspath(source)
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    if not name:
        raise AudioDecodeError("'' is not a path; give the path of a sound file")
    if "://" in name:
        raise AudioDecodeError(f"{name}: network addresses are not supported; download the file and give its path")
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed by SeekableInput
    except FileNotFoundError:
        raise AudioDecodeError(f"{name}: no such file; check the path") from None
    except IsADirectoryError:
        raise AudioDecodeError(f"{name}: is a folder; give the audio files in it") from None
    except PermissionError:
        raise AudioDecodeError(f"{name}: permission denied; check its permissions") from None
    except (OSError, ValueError) as exc:  # a name that is too long or holds a zero byte, a loop of links
        raise AudioDecodeError(f"{name!r}: cannot be opened ({_reason(exc)}); check the path") from exc
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISREG(mode):
        return SeekableInput(file, source_name=name, close=file.close)
    with file:
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise AudioDecodeError(f"{name}: is a device, not a file; record to a file first")
        return _spool(file, name, limits)


def _open_file_object(file: BinaryIO, limits: DecodeLimits) -> SeekableInput:
    name = "<stdin>" if file is getattr(sys.stdin, "buffer", None) else _name_of(file)
    try:
        is_text = isinstance(file, io.TextIOBase) or isinstance(file.read(0), str)
        is_terminal = getattr(file, "isatty", lambda: False)()
        opened = SeekableInput(file, source_name=name) if not is_text and _can_seek(file) else None
        position = file.tell() if opened is not None else 0
    except (OSError, ValueError) as exc:  # ValueError: the file is closed
        raise AudioDecodeError(f"{name}: cannot be read ({_reason(exc)}); give an open, readable file") from exc
    if is_text:
        raise AudioDecodeError(
            f"{name}: opened as text; open it with 'rb', or pass sys.stdin.buffer for standard input"
        )
    if is_terminal:
        raise AudioDecodeError(f"{name}: is a terminal; pipe a sound file into it")
    if opened is None:
        return _spool(file, name, limits)
    if position and not opened.n_bytes:
        raise AudioDecodeError(f"{name}: the file object is already at its end; call seek(0) first")
    return opened


def _can_seek(file: BinaryIO) -> bool:
    seekable = getattr(file, "seekable", None)
    if seekable is None or not seekable():
        return False
    # Some wrappers claim to seek, but the object inside cannot.
    with contextlib.suppress(OSError):
        file.seek(file.tell())
        return True
    return False


def _spool(file: BinaryIO, name: str, limits: DecodeLimits) -> SeekableInput:
    """Copy an input that cannot seek to a temporary file."""
    spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_MEMORY_BYTES)  # noqa: SIM115 - closed by SeekableInput
    n_bytes = 0
    try:
        while n_bytes <= limits.max_spool_bytes and (piece := file.read(_COPY_BYTES)):
            n_bytes += spool.write(piece)
    except (OSError, ValueError) as exc:
        spool.close()
        raise AudioDecodeError(f"{name}: reading failed after {n_bytes:,} bytes ({_reason(exc)})") from exc
    except BaseException:  # an interrupt while waiting for a pipe
        spool.close()
        raise
    if n_bytes > limits.max_spool_bytes:
        spool.close()
        raise AudioDecodeError(
            f"{name}: longer than {limits.max_spool_bytes:,} bytes, the limit for input that cannot seek; "
            f"save it to a file and give its path, or pass limits=DecodeLimits(max_spool_bytes=...)"
        )
    spool.seek(0)
    return SeekableInput(cast("BinaryIO", spool), source_name=name, close=spool.close)


def _name_of(file: BinaryIO) -> str:
    name = getattr(file, "name", None)
    # A file opened by its descriptor has a number as name.
    return name if isinstance(name, str) and name else "<stream>"


def _reason(exc: Exception) -> str:
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
