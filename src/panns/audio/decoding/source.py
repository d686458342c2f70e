"""What sound may come from, and how it is opened: as one seekable input with a name and a fixed size.

Paths are read where they are. Input that cannot seek is copied to a temporary file first, up to a limit.
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

# A pipe's copy stays in memory up to here and goes to disk beyond.
_SPOOL_MEMORY_BYTES = 8 * 2**20
_COPY_BYTES = 2**20


class Input(io.RawIOBase):
    """A seekable view of an open file from its current position to the size it has now.

    Decoders in C read through it, and an exception could not pass through them: a failing read ends the input and is
    kept in `failure`. It has no `name`, so that FFmpeg judges by content alone.
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
        self._patches: dict[int, bytes] = {}
        self._budget: int | None = None
        file.seek(self._start)

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Bytes from the start of the view."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte of the view; before its start is its start."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.n_bytes}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill `buffer` as far as there are bytes."""
        target = memoryview(buffer).cast("B")
        n_wanted = min(len(target), max(self.n_bytes - self._position, 0))
        n_read = 0
        if self._budget is not None and self._budget <= 0:
            return 0
        # Decoders take fewer bytes than they asked for as the end, but files may give them in pieces.
        while n_read < n_wanted and self.failure is None:
            try:
                self._file.seek(self._start + self._position)
                piece = self._file.read(n_wanted - n_read)
            except (OSError, ValueError) as exc:  # a failing disk or network share; closed by someone else
                self.failure = exc
                break
            if not piece:
                break
            target[n_read : n_read + len(piece)] = piece
            self._patch(target[n_read : n_read + len(piece)])
            n_read += len(piece)
            self._position += len(piece)
        if self._budget is not None:
            self._budget -= n_read
        return n_read

    def patch(self, offset: int, data: bytes) -> None:
        """Show `data` at `offset` from now on, in place of what the file has there."""
        self._patches[offset] = data

    def _patch(self, piece: memoryview) -> None:
        for offset, data in self._patches.items():
            for at, byte in enumerate(data, start=offset - self._position):
                if 0 <= at < len(piece):
                    piece[at] = byte

    @contextlib.contextmanager
    def budget(self, n_bytes: int) -> Iterator[None]:
        """Let no more than about so many bytes be read inside, then let the input seem to end."""
        self._budget = n_bytes
        try:
            yield
        finally:
            self._budget = None

    def read_at(self, offset: int, n_bytes: int) -> bytes:
        """At most `n_bytes` from `offset`, fewer at the end; the position stays where it was."""
        position = self._position
        self._position = max(offset, 0)
        data = self.read(n_bytes) or b""
        self._position = position
        return data

    def close(self) -> None:
        """Give back what was opened here; a caller's own file object stays open."""
        if not self.closed:
            self._close_file()
        super().close()


def open_input(source: str | os.PathLike[str] | bytes | BinaryIO, limits: DecodeLimits) -> Input:
    """Open anything but an array.

    Raises:
        AudioDecodeError: It cannot be opened, holds no bytes, or is a pipe with more than the limit.
        TypeError: It is nothing that sound can be read from.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        opened = Input(io.BytesIO(source), source_name="<bytes>")
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


def _open_path(source: str | os.PathLike[str], limits: DecodeLimits) -> Input:
    name = os.fspath(source)
    if isinstance(name, bytes):
        name = os.fsdecode(name)
    if not name:
        raise AudioDecodeError("'' is not a path; give the path of a sound file")
    if "://" in name:
        raise AudioDecodeError(f"{name}: an address on a network is not opened; download it and give the file")
    try:
        file = Path(name).open("rb")  # noqa: SIM115 - closed by Input
    except FileNotFoundError:
        raise AudioDecodeError(f"{name}: there is no such file; check the path") from None
    except IsADirectoryError:
        raise AudioDecodeError(f"{name}: is a folder; give the sound files in it") from None
    except PermissionError:
        raise AudioDecodeError(f"{name}: may not be read; check its permissions") from None
    except (OSError, ValueError) as exc:  # too long a name, a loop of links, a zero byte in the name
        raise AudioDecodeError(f"{name!r}: cannot be opened ({_reason(exc)}); check the path") from exc
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISREG(mode):
        return Input(file, source_name=name, close=file.close)
    with file:
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise AudioDecodeError(f"{name}: is a device, not a file; record from it first, then give the recording")
        return _spool(file, name, limits)


def _open_file_object(file: BinaryIO, limits: DecodeLimits) -> Input:
    name = "<stdin>" if file is getattr(sys.stdin, "buffer", None) else _name_of(file)
    try:
        is_text = isinstance(file, io.TextIOBase) or isinstance(file.read(0), str)
        is_terminal = getattr(file, "isatty", lambda: False)()
        opened = Input(file, source_name=name) if not is_text and _can_seek(file) else None
        position = file.tell() if opened is not None else 0
    except (OSError, ValueError) as exc:  # ValueError: it is closed
        raise AudioDecodeError(f"{name}: cannot be read ({_reason(exc)}); give an open, readable file") from exc
    if is_text:
        raise AudioDecodeError(f"{name}: opened as text; open it with 'rb', for stdin give sys.stdin.buffer")
    if is_terminal:
        raise AudioDecodeError(f"{name}: is a terminal; pipe a sound file into it")
    if opened is None:
        return _spool(file, name, limits)
    if position and not opened.n_bytes:
        raise AudioDecodeError(f"{name}: its position is at its end already; call seek(0) first")
    return opened


def _can_seek(file: BinaryIO) -> bool:
    seekable = getattr(file, "seekable", None)
    if seekable is None or not seekable():
        return False
    # Some wrappers claim what the object inside cannot do.
    with contextlib.suppress(OSError):
        file.seek(file.tell())
        return True
    return False


def _spool(file: BinaryIO, name: str, limits: DecodeLimits) -> Input:
    """Copy what cannot seek to a temporary file."""
    spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_MEMORY_BYTES)  # noqa: SIM115 - closed by Input
    n_bytes = 0
    try:
        while n_bytes <= limits.max_spool_bytes and (piece := file.read(_COPY_BYTES)):
            n_bytes += spool.write(piece)
    except (OSError, ValueError) as exc:
        spool.close()
        raise AudioDecodeError(f"{name}: reading it failed after {n_bytes:,} bytes ({_reason(exc)})") from exc
    except BaseException:  # an interrupt while waiting for a pipe
        spool.close()
        raise
    if n_bytes > limits.max_spool_bytes:
        spool.close()
        raise AudioDecodeError(
            f"{name}: more than the {limits.max_spool_bytes:,} bytes that are kept of input that cannot seek; "
            f"save it to a file and give its path, or pass limits=DecodeLimits(max_spool_bytes=...)"
        )
    spool.seek(0)
    return Input(cast("BinaryIO", spool), source_name=name, close=spool.close)


def _name_of(file: BinaryIO) -> str:
    name = getattr(file, "name", None)
    # The name of a file opened by descriptor is a number.
    return name if isinstance(name, str) and name else "<stream>"


def _reason(exc: Exception) -> str:
    return getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
