"""Reproducible tar files: their bytes depend only on their contents, because times and users are zero."""

from __future__ import annotations

import tarfile
from typing import BinaryIO

# Size of the header of a member; members are padded to a multiple of it.
BLOCK = tarfile.BLOCKSIZE


class TarWriter:
    """Writes members to a tar file and returns the position of each.

    Attributes:
        n_bytes: Number of bytes written so far.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.n_bytes = 0

    def add(self, name: str, data: bytes) -> int:
        """Write a member, and return the position of its bytes."""
        header = tarfile.TarInfo(name)  # times and users default to 0
        header.size = len(data)
        self._write(header.tobuf(tarfile.USTAR_FORMAT))
        offset = self.n_bytes
        self._write(data)
        self._write(bytes(-len(data) % BLOCK))
        return offset

    def finish(self) -> None:
        """Write the end of the file: two empty blocks, and padding to a full record."""
        self._write(bytes(2 * BLOCK))
        self._write(bytes(-self.n_bytes % tarfile.RECORDSIZE))

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.n_bytes += len(data)
