"""A reader of the pickles in weights files that runs nothing.

It knows the instructions that plain containers, texts and numbers need. A name in the file stands for a function of
this program, from a list, or the file is refused. `pickle.Unpickler` calls what the file names, and takes memory as the
file says.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Maker: TypeAlias = Callable[..., Any]

# A state dict of 1,000 tensors has 30,000 instructions in 200 kB.
MAX_PICKLE_BYTES = 16 << 20
MAX_INSTRUCTIONS = 2_000_000
# One list may be the argument of many calls, each of which copies it.
MAX_ARGUMENT_ITEMS = 200_000
# Numbers have hashes that a file can choose: equal ones take quadratic time. Files have the places of parameters in a
# list as keys, or their addresses in memory.
MAX_NUMBER_KEYS = 10_000
_MAX_KEY = 1 << 60  # every whole number below has its own hash
_MAX_SHOWN = 100  # characters of a name in a message


class UnreadablePickle(ValueError):
    """A pickle is damaged, or needs more than plain values; the message says which."""


class _Mark:
    """Start of the items of a container on the stack."""


_MARK = _Mark()


class PickleReader:
    """Reads one pickle after another from a buffer.

    Args:
        data: The buffer.
        start: Place of the first pickle.
        makers: What a name in the file stands for: a function for calls, or a value.
        find_stored: Value of a persistent id, such as the storage of a tensor.

    Attributes:
        place: Place behind the last pickle that was read.
    """

    def __init__(
        self,
        data: memoryview,
        *,
        makers: Mapping[tuple[str, str], Any],
        find_stored: Callable[[Any], Any],
        start: int = 0,
    ) -> None:
        self.place = start
        self._data = data
        self._makers = makers
        self._find_stored = find_stored
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._n_argument_items = 0

    def read(self) -> Any:  # noqa: ANN401 - whatever was saved
        """Value of the next pickle.

        Raises:
            UnreadablePickle: It is damaged, too large, or names something that weights do not need.
        """
        self._stack, self._memo = [], {}
        start = self.place
        try:
            for _ in range(MAX_INSTRUCTIONS):
                code = bytes(self._take(1))
                if self.place - start > MAX_PICKLE_BYTES:
                    raise UnreadablePickle(f"it has a pickle of more than {MAX_PICKLE_BYTES >> 20} MiB")
                if code == b".":
                    return self._stack.pop()
                self._step(code)
        except (IndexError, KeyError, TypeError, ValueError, OverflowError, struct.error) as exc:
            if isinstance(exc, UnreadablePickle):
                raise
            raise UnreadablePickle("it is damaged") from exc
        raise UnreadablePickle(f"it has a pickle of more than {MAX_INSTRUCTIONS:,} instructions")

    def _step(self, code: bytes) -> None:
        """Carry out one instruction; its codes are those of `pickletools`."""
        match code:
            case b"\x80":
                self._protocol()
            case b"\x95":  # a frame, whose length says nothing new
                self._take_number("<Q")
            case b"}":
                self._push({})
            case b"]":
                self._push([])
            case b")":
                self._push(())
            case b"(":
                self._push(_MARK)
            case b"N":
                self._push(None)
            case b"\x88":
                self._push(True)
            case b"\x89":
                self._push(False)
            case b"J":
                self._push(self._take_number("<i"))
            case b"K":
                self._push(self._take_number("<B"))
            case b"M":
                self._push(self._take_number("<H"))
            case b"\x8a":
                self._push(int.from_bytes(self._take(self._take(1)[0]), "little", signed=True))
            case b"G":
                self._push(self._take_number(">d"))
            case b"X":
                self._push_text(self._take_number("<I"))
            case b"\x8c":
                self._push_text(self._take(1)[0])
            case b"T":
                self._push_text(self._take_number("<i"), "latin-1")
            case b"U":
                self._push_text(self._take(1)[0], "latin-1")
            case b"B":
                self._push(bytes(self._take(self._take_number("<I"))))
            case b"C":
                self._push(bytes(self._take(self._take(1)[0])))
            case b"t":
                self._push(tuple(self._pop_items()))
            case b"\x85":
                self._push_tuple(1)
            case b"\x86":
                self._push_tuple(2)
            case b"\x87":
                self._push_tuple(3)
            case b"e":
                self._append(self._pop_items())
            case b"a":
                self._append([self._stack.pop()])
            case b"u":
                self._set_items(self._pop_items())
            case b"s":
                self._set_item()
            case b"q":
                self._remember(self._take(1)[0])
            case b"r":
                self._remember(self._take_number("<I"))
            case b"\x94":
                self._remember(len(self._memo))
            case b"h":
                self._push(self._memo[self._take(1)[0]])
            case b"j":
                self._push(self._memo[self._take_number("<I")])
            case b"c":
                self._named()
            case b"\x93":
                self._named_on_stack()
            case b"R":
                self._call()
            case b"b":
                self._set_state()
            case b"Q":
                self._push(self._find_stored(self._stack.pop()))
            case _:
                raise UnreadablePickle(f"it has the pickle instruction {code!r}, which weights do not need")

    def _take(self, n_bytes: int) -> memoryview:
        end = self.place + n_bytes
        if n_bytes < 0 or end > len(self._data):
            raise UnreadablePickle("it is truncated")
        taken = self._data[self.place : end]
        self.place = end
        return taken

    def _take_number(self, kind: str) -> Any:  # noqa: ANN401 - int or float
        (number,) = struct.unpack(kind, self._take(struct.calcsize(kind)))
        return number

    def _take_line(self) -> str:
        line = bytearray()
        while (byte := self._take(1)[0]) != ord("\n"):
            line.append(byte)
            if len(line) > 1000:
                raise UnreadablePickle("it is damaged")
        return line.decode("ascii")

    def _pop_items(self) -> list[Any]:
        """Items above the last mark, which is removed too."""
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            if place == 0:
                raise UnreadablePickle("it is damaged")
            place -= 1
        items = self._stack[place + 1 :]
        del self._stack[place:]
        return items

    def _push(self, value: Any) -> None:  # noqa: ANN401 - any value of a pickle
        self._stack.append(value)

    def _push_text(self, n_bytes: int, encoding: str = "utf-8") -> None:
        self._push(str(self._take(n_bytes), encoding))

    def _push_named(self, module: str, name: str) -> None:
        try:
            self._push(self._makers[module, name])
        except KeyError:
            shown = repr(f"{module}.{name}"[:_MAX_SHOWN])[1:-1]
            raise UnreadablePickle(f"it names {shown}, which weights do not need; nothing of it was run") from None

    def _named(self) -> None:
        module = self._take_line()
        self._push_named(module, self._take_line())

    def _named_on_stack(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise UnreadablePickle("it is damaged")
        self._push_named(module, name)

    def _call(self) -> None:
        arguments, maker = self._stack.pop(), self._stack.pop()
        # Only functions of the list can be called: no other value on the stack is callable.
        if not isinstance(arguments, tuple) or not callable(maker):
            raise UnreadablePickle("it is damaged")
        self._n_argument_items += sum(len(one) for one in arguments if isinstance(one, (list, tuple)))
        if self._n_argument_items > MAX_ARGUMENT_ITEMS:
            raise UnreadablePickle(f"its calls copy more than {MAX_ARGUMENT_ITEMS:,} items")
        self._push(maker(*arguments))

    def _set_state(self) -> None:
        """Attributes of an object, such as the version numbers that torch adds to a state dict: left out."""
        self._stack.pop()
        if not isinstance(self._stack[-1], dict):
            raise UnreadablePickle("it is damaged")

    def _set_items(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise UnreadablePickle("it is damaged")
        for key, value in zip(items[::2], items[1::2], strict=True):
            put_item(target, key, value)

    def _set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._set_items([key, value])

    def _append(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise UnreadablePickle("it is damaged")
        target.extend(items)

    def _push_tuple(self, length: int) -> None:
        items = tuple(self._stack[-length:])
        if len(items) != length or _MARK in map(_identity, items):
            raise UnreadablePickle("it is damaged")
        del self._stack[-length:]
        self._push(items)

    def _remember(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    def _protocol(self) -> None:
        if (protocol := self._take(1)[0]) > 5:
            raise UnreadablePickle(f"it is in pickle protocol {protocol}")


def _identity(value: Any) -> Any:  # noqa: ANN401 - compared by identity below
    return value if value is _MARK else None


def put_item(target: dict[Any, Any], key: Any, value: Any) -> None:  # noqa: ANN401 - any values of a pickle
    """Set an item of a dictionary, in a time that the file cannot choose.

    Raises:
        UnreadablePickle: The key is neither a text nor a number, a large number, or one of very many numbers.
    """
    if isinstance(key, (int, float)):
        if not abs(key) < _MAX_KEY:  # NaN too
            raise UnreadablePickle("it has a dictionary with a number of 2^60 or more as a key")
        if len(target) >= MAX_NUMBER_KEYS:
            raise UnreadablePickle(f"it has a dictionary with more than {MAX_NUMBER_KEYS:,} numbers as keys")
    elif not (key is None or isinstance(key, (str, bytes))):
        raise UnreadablePickle("it has a dictionary with keys that are neither texts nor numbers")
    target[key] = value
