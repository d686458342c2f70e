"""Arrays of HDF5 files, as Keras saves weights, read without a library and without running anything.

Format: HDF5 File Format Specification 3.0, https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html. The
older form alone, which h5py writes unless asked for another: groups as B-trees of names, and arrays in one piece.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from panns.errors import CheckpointError
from panns.published.state_dict import StateDict
from panns.system.files import open_regular

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Kinds of messages about an object.
_SPACE, _TYPE, _LAYOUT, _CONTINUATION, _GROUP = 0x1, 0x3, 0x8, 0x10, 0x11
# Bit offset, precision, places and sizes of exponent and mantissa, and bias of IEEE's formats.
_IEEE = {
    2: struct.pack("<HHBBBBI", 0, 16, 10, 5, 0, 10, 15),
    4: struct.pack("<HHBBBBI", 0, 32, 23, 8, 0, 23, 127),
    8: struct.pack("<HHBBBBI", 0, 64, 52, 11, 0, 52, 1023),
}
# Far beyond every file of weights; they keep a file that refers to one part a million times from taking hours.
_MOST_PARTS, _MOST_MESSAGES, _MOST_DIMENSIONS, _MOST_CHARACTERS = 50_000, 500_000, 8, 1_000


class _DamagedFile(ValueError):
    """A place or a size is outside the file, or the file is in a form that is not read."""


class _Object(NamedTuple):
    """A group or an array: its path, and the place of its messages."""

    path: str
    place: int


def read_hdf5_file(path: Path) -> StateDict:
    """Read all arrays of numbers in an HDF5 file.

    Returns:
        Arrays by path, such as "layer1/conv/kernel:0"; views of the mapped file.

    Raises:
        CheckpointError: The file is damaged, or in a newer form of HDF5.
    """
    try:
        with open_regular(path) as file:
            if not os.fstat(file.fileno()).st_size:
                raise _DamagedFile("it is empty")
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return _Reader(data).arrays()
    except (OSError, ValueError) as exc:
        raise CheckpointError(f"cannot read {path} as HDF5: {exc}; download it again") from exc


class _Reader:
    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._seen: set[int] = set()
        self._n_messages = 0
        self._n_bytes_left = len(data)

    def arrays(self) -> StateDict:
        """All arrays, by path."""
        found: StateDict = {}
        waiting = [_Object("", self._root())]
        while waiting:
            one = waiting.pop()
            messages = self._messages(one.place)
            if _GROUP in messages:
                waiting += self._members(one.path, *self._unpack("QQ", messages[_GROUP]))
            elif {_SPACE, _TYPE, _LAYOUT} <= messages.keys():
                array = self._array(one.path, messages)
                if array is not None:
                    found[one.path] = array
        if not found:
            raise _DamagedFile("it has no arrays")
        return found

    def _root(self) -> int:
        """Place of the messages of the root group."""
        (version,) = self._unpack("B", len(SIGNATURE))
        if bytes(self._data[: len(SIGNATURE)]) != SIGNATURE or version > 1:
            raise _DamagedFile(f"it has version {version} of its first block, where 0 or 1 belongs")
        sizes = self._unpack("BB", 13)
        addresses = 24 if version == 0 else 28
        (base,) = self._unpack("Q", addresses)
        if sizes != (8, 8) or base:
            raise _DamagedFile(
                f"its places have {sizes[0]} and {sizes[1]} bytes from {base} on, where 8, 8 and 0 belong"
            )
        (end,) = self._unpack("Q", addresses + 16)
        if end > len(self._data):
            raise _DamagedFile(f"it is truncated: it has {len(self._data):,} bytes of {end:,}")
        place: int = self._unpack("Q", addresses + 40)[0]
        return place

    def _messages(self, place: int) -> dict[int, int]:
        """Places of the messages about an object, by their kind."""
        self._visit(place)
        version, n_messages, n_bytes = self._unpack("BxHxxxxI", place)
        if version != 1:
            raise _DamagedFile(f"it has version {version} of an object, where 1 belongs")
        found: dict[int, int] = {}
        blocks = [(place + 16, n_bytes)]
        while blocks and n_messages:
            start, n_bytes = blocks.pop(0)
            end = start + n_bytes
            while start + 8 <= end and n_messages:
                kind, size = self._unpack("HH", start)
                n_messages -= 1
                self._n_messages += 1
                if self._n_messages > _MOST_MESSAGES:
                    raise _DamagedFile(f"it has more than {_MOST_MESSAGES:,} messages")
                if kind == _CONTINUATION:
                    blocks.append(self._unpack("QQ", start + 8))
                found.setdefault(kind, start + 8)
                start += 8 + size
        return found

    def _members(self, path: str, tree: int, heap: int) -> Iterator[_Object]:
        """Members of a group: its B-tree leads to lists of members, with their names in a heap."""
        if self._take(heap, 4) != b"HEAP":
            raise _DamagedFile(f"the names of the group {path!r} are missing")
        n_names, _free, names = self._unpack("QQQ", heap + 8)
        waiting = [tree]
        while waiting:
            place = waiting.pop()
            self._visit(place)
            signature = self._take(place, 4)
            if signature == b"TREE":
                kind, _level, n_children = self._unpack("BBH", place + 4)
                if kind:
                    raise _DamagedFile(f"the group {path!r} has a list of another kind")
                waiting += [self._unpack("Q", place + 32 + 16 * i)[0] for i in range(n_children)]
            elif signature == b"SNOD":
                for i in range(self._unpack("H", place + 6)[0]):
                    name, target = self._unpack("QQ", place + 8 + 40 * i)
                    yield _Object(self._joined(path, names, name, n_names), target)
            else:
                raise _DamagedFile(f"a list of the group {path!r} is missing")

    def _joined(self, path: str, names: int, name: int, n_names: int) -> str:
        """Path of a member whose name is in the heap."""
        if name >= n_names:
            raise _DamagedFile(f"a name in the group {path!r} is missing")
        text = self._take(names + name, min(_MOST_CHARACTERS, n_names - name)).split(b"\0")[0]
        joined = f"{path}/{text.decode()}" if path else text.decode()
        if len(joined) >= _MOST_CHARACTERS:
            raise _DamagedFile(f"it has a name of {len(joined):,} characters or more")
        return joined

    def _array(self, path: str, messages: dict[int, int]) -> npt.NDArray[Any] | None:
        """The array at a path; None if it holds other things than numbers."""
        dtype = self._dtype(messages[_TYPE])
        if dtype is None:
            return None
        shape = self._shape(messages[_SPACE])
        start, n_bytes = self._stored(path, messages[_LAYOUT])
        if math.prod(shape) * dtype.itemsize != n_bytes:
            raise _DamagedFile(f"{path} has the shape {shape} in {n_bytes:,} bytes")
        self._n_bytes_left -= n_bytes
        if self._n_bytes_left < 0:
            raise _DamagedFile("its arrays overlap")
        return np.frombuffer(self._data[start : start + n_bytes], dtype).reshape(shape)

    def _dtype(self, place: int) -> np.dtype[Any] | None:
        """Type of numbers; None for another one."""
        kind, flags, size = self._unpack("BBxxI", place)
        order = ">" if flags & 1 else "<"
        if kind & 0x0F == 0 and size in (1, 2, 4, 8):
            return np.dtype(f"{order}{'i' if flags & 8 else 'u'}{size}")
        if kind & 0x0F == 1 and size in _IEEE and not flags & 0x40 and self._take(place + 8, 12) == _IEEE[size]:
            return np.dtype(f"{order}f{size}")
        return None

    def _shape(self, place: int) -> tuple[int, ...]:
        version, n_dimensions = self._unpack("BB", place)
        if version not in (1, 2) or n_dimensions > _MOST_DIMENSIONS:
            raise _DamagedFile(f"it has an array of {n_dimensions} dimensions, by version {version} of their list")
        return self._unpack("Q" * n_dimensions, place + (8 if version == 1 else 4))

    def _stored(self, path: str, place: int) -> tuple[int, int]:
        """Place and size of the numbers of an array."""
        version, kind = self._unpack("BB", place)
        if version not in (3, 4) or kind > 1:
            raise _DamagedFile(f"{path} is in parts or packed (layout {version}.{kind}), where one piece belongs")
        if kind == 0:  # inside the message
            return place + 4, self._unpack("H", place + 2)[0]
        start, n_bytes = self._unpack("QQ", place + 2)
        if n_bytes and start + n_bytes > len(self._data):  # also of numbers that were never written
            raise _DamagedFile(f"{path} lies outside the file: it is truncated")
        return start, n_bytes

    def _visit(self, place: int) -> None:
        """Note a part that is read once; circles and many names of one part would take forever."""
        if place in self._seen or len(self._seen) >= _MOST_PARTS:
            raise _DamagedFile("its groups refer to one part twice, or have too many parts")
        self._seen.add(place)

    def _unpack(self, code: str, place: int) -> tuple[Any, ...]:
        return struct.unpack(f"<{code}", self._take(place, struct.calcsize(f"<{code}")))

    def _take(self, place: int, n_bytes: int) -> bytes:
        if place + n_bytes > len(self._data):
            raise _DamagedFile("it is damaged or truncated: a part lies outside the file")
        return bytes(self._data[place : place + n_bytes])
