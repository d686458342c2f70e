"""Writing tar files whose bytes depend on nothing but what is in them: no times, no users."""

from __future__ import annotations

import tarfile
from typing import BinaryIO

# The header of a member, and what its size is padded to.
BLOCK = tarfile.BLOCKSIZE


class TarWriter:
    """Members one after the other, each findable by where its bytes begin.

    Attributes:
        n_bytes: Written so far.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.n_bytes = 0

    def add(self, name: str, data: bytes) -> int:
        """Write a member; where its bytes begin."""
        header = tarfile.TarInfo(name)  # its times and users are 0
        header.size = len(data)
        self._write(header.tobuf(tarfile.USTAR_FORMAT))
        offset = self.n_bytes
        self._write(data)
        self._write(bytes(-len(data) % BLOCK))
        return offset

    def finish(self) -> None:
        """Write the end: two empty blocks, and padding to what tapes were written in."""
        self._write(bytes(2 * BLOCK))
        self._write(bytes(-self.n_bytes % tarfile.RECORDSIZE))

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self.n_bytes += len(data)
