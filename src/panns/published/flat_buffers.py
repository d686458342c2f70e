"""FlatBuffers, read without a library: tables and vectors at any place of a buffer, with every place checked.

Format: https://flatbuffers.dev/internals/. Numbers are little-endian. A table starts with the distance back to its
list of fields, which gives the place of each field in the table; a vector, a text or another table is a distance ahead.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass


class DamagedBuffer(ValueError):
    """A place or a size is outside the buffer, or beyond a bound."""


@dataclass(frozen=True)
class Table:
    """A table of numbered fields.

    Attributes:
        data: The buffer.
        place: Its first byte.
    """

    data: memoryview
    place: int

    @classmethod
    def root(cls, data: memoryview) -> Table:
        """The table of the whole buffer."""
        return cls(data, _ahead(data, 0))

    def number(self, field: int, code: str, default: int = 0) -> int:
        """An integer field.

        Args:
            field: Number of the field.
            code: Its type, as in `struct`.
            default: Value of a field that is left out.
        """
        place = self._place_of(field)
        return default if place is None else _number(self.data, place, code)

    def table(self, field: int) -> Table | None:
        """A table; None if the field is left out."""
        place = self._place_of(field)
        return None if place is None else Table(self.data, _ahead(self.data, place))

    def tables(self, field: int, *, most: int) -> list[Table]:
        """A vector of at most so many tables."""
        start, n_tables = self._vector(field, 4, most)
        return [Table(self.data, _ahead(self.data, start + 4 * i)) for i in range(n_tables)]

    def bytes_of(self, field: int, item_bytes: int, *, most: int | None = None) -> memoryview:
        """The bytes of a vector of at most so many numbers of a size, or of a text."""
        start, n_items = self._vector(field, item_bytes, most)
        return self.data[start : start + n_items * item_bytes]

    def numbers(self, field: int, code: str, *, most: int) -> tuple[int, ...]:
        """A vector of at most so many numbers of a type, as in `struct`."""
        content = self.bytes_of(field, struct.calcsize(code), most=most)
        return tuple(value for (value,) in struct.iter_unpack(f"<{code}", content))

    def _place_of(self, field: int) -> int | None:
        """Place of a field in the buffer; None if it is left out."""
        fields = self.place - _number(self.data, self.place, "i")
        entry = 4 + 2 * field
        if entry >= _number(self.data, fields, "H"):
            return None
        offset = _number(self.data, fields + entry, "H")
        return self.place + offset if offset else None

    def _vector(self, field: int, item_bytes: int, most: int | None) -> tuple[int, int]:
        """Place of the first item, and number of items; none if the field is left out."""
        place = self._place_of(field)
        if place is None:
            return 0, 0
        place = _ahead(self.data, place)
        n_items = _number(self.data, place, "I")
        if (most is not None and n_items > most) or place + 4 + n_items * item_bytes > len(self.data):
            raise DamagedBuffer(f"it has a list of {n_items:,} entries, more than {'fit' if most is None else most}")
        return place + 4, n_items


def _ahead(data: memoryview, place: int) -> int:
    return place + _number(data, place, "I")


def _number(data: memoryview, place: int, code: str) -> int:
    if not 0 <= place <= len(data) - struct.calcsize(code):
        raise DamagedBuffer("it is damaged or truncated: a part lies outside the file")
    value: int = struct.unpack_from(f"<{code}", data, place)[0]
    return value
