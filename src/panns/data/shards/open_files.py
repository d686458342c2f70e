"""Pool of open files that many threads read in pieces."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path


class OpenFiles:
    """Files that stay open until `max_open` other files were read more recently.

    Args:
        max_open: Number of files that stay open. (Most systems allow a process 1,024, some 256.)
    """

    def __init__(self, max_open: int = 128) -> None:
        self._max_open = max_open
        self._open: OrderedDict[Path, _File] = OrderedDict()  # the most recently read file is last
        self._lock = threading.Lock()

    def read(self, path: Path, offset: int, n_bytes: int) -> bytes:
        """Read `n_bytes` bytes of a file from `offset` on; fewer at its end."""
        return self._file(path).read(offset, n_bytes)

    def _file(self, path: Path) -> _File:
        with self._lock:
            file = self._open.get(path)
            if file is None:
                file = self._open[path] = _File(path)
            self._open.move_to_end(path)
            if len(self._open) > self._max_open:
                self._open.popitem(last=False)
        return file


class _File:
    """One open file, closed with the last reference to it, so that a reading thread cannot lose it."""

    def __init__(self, path: Path) -> None:
        self._number = -1
        self._number = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._lock = threading.Lock()

    def read(self, offset: int, n_bytes: int) -> bytes:
        pieces = []
        while n_bytes and (piece := self._read_once(offset, n_bytes)):  # a call reads at most 2 GiB
            pieces.append(piece)
            offset, n_bytes = offset + len(piece), n_bytes - len(piece)
        return b"".join(pieces) if len(pieces) != 1 else pieces[0]

    def _read_once(self, offset: int, n_bytes: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._number, n_bytes, offset)
        with self._lock:  # on Windows all threads share one position
            os.lseek(self._number, offset, os.SEEK_SET)
            return os.read(self._number, n_bytes)

    def __del__(self) -> None:
        if self._number >= 0:
            os.close(self._number)
