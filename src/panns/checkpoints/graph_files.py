"""Graphs without weights: those of the registered models, inside the package, and how they get their parameters.

A graph is an ONNX model in which nothing defines the parameters. Its metadata lists them. In front of it go the
definitions: protocol buffers that follow each other are one message, so nothing of the graph has to be read.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from panns.checkpoints.onnx_metadata import read_metadata
from panns.checkpoints.tensor_file import StoredArray, TensorFile
from panns.errors import CheckpointError
from panns.system.json_files import parse_json

GRAPHS = Path(__file__).with_name("graphs")
INDEX_FILE = GRAPHS / "index.json"
PARAMETERS_KEY = "panns_parameters"
# Types of onnx.proto.
_FLOAT, _CODES = 1, {"float32": 1, "float16": 10, "int64": 7}
_GRAPH, _NODE, _INITIALIZER, _INPUT, _OUTPUT = 7, 1, 5, 11, 12


class ParameterPart(NamedTuple):
    """A parameter of a graph, or some of its rows.

    Attributes:
        name: Name of the parameter.
        first: First row; None for the whole parameter.
        last: Row behind the last one.
    """

    name: str
    first: int | None = None
    last: int | None = None

    @property
    def value_name(self) -> str:
        """Name in the graph."""
        return self.name if self.first is None else f"{self.name}[{self.first}:{self.last}]"

    def to_plain(self) -> str:
        """Text in the metadata of the graph."""
        return self.value_name

    @classmethod
    def from_plain(cls, text: str) -> ParameterPart:
        """Read the text in the metadata of a graph."""
        match = re.fullmatch(r"(.*)\[(\d+):(\d+)\]", text)
        return cls(text) if match is None else cls(match[1], int(match[2]), int(match[3]))


@lru_cache(maxsize=1)
def _index() -> dict[str, str]:
    index: dict[str, str] = parse_json(INDEX_FILE.read_text(encoding="utf-8"))
    return index


def has_shipped_graph(name: str) -> bool:
    """True if the package has the graph of a registered model with its registered config."""
    return name in _index()


def shipped_graph(name: str) -> bytes:
    """Graph of a registered model with its registered config, from the output of its front end to its scores."""
    return gzip.decompress((GRAPHS / f"{_index()[name]}.onnx.gz").read_bytes())


class PlacedPart(NamedTuple):
    """A parameter of a graph and the place of its numbers in the parameter file."""

    part: ParameterPart
    array: StoredArray


def place_parameters(graph: bytes, file: TensorFile) -> list[PlacedPart]:
    """Places of all parameters of a graph in a parameter file.

    Raises:
        CheckpointError: The file lacks a parameter.
    """
    try:
        texts = parse_json(read_metadata(memoryview(graph))[PARAMETERS_KEY])
        return [_place(ParameterPart.from_plain(text), file) for text in texts]
    except (ValueError, LookupError, TypeError) as exc:
        raise CheckpointError(f"{file.path} does not fit its graph ({exc}); make the checkpoint again") from exc


def _place(part: ParameterPart, file: TensorFile) -> PlacedPart:
    whole = file.arrays[part.name]
    if whole.dtype.name not in _CODES:
        raise ValueError(f"{part.name} is of type {whole.dtype.name}")
    if part.first is None or part.last is None:
        return PlacedPart(part, whole)
    n_rows = whole.shape[0]
    if not 0 <= part.first < part.last <= n_rows:
        raise ValueError(f"{part.name} has {n_rows} rows")
    row_bytes = whole.n_bytes // n_rows
    n_part = part.last - part.first
    return PlacedPart(
        part,
        StoredArray(whole.dtype, (n_part, *whole.shape[1:]), whole.start + part.first * row_bytes, n_part * row_bytes),
    )


def with_external_parameters(graph: bytes, placed: Sequence[PlacedPart], location: str) -> bytes:
    """The graph with parameters that a runtime reads from a file beside the model.

    Half precision is widened in the graph, which runtimes do once, at loading.

    Args:
        graph: A graph without weights.
        placed: Its parameters.
        location: Name of the parameter file.
    """
    added = b""
    for part, array in placed:
        name = part.value_name
        if array.dtype.name == "float16":
            added += _message(_NODE, _text(1, f"{name}.half") + _text(2, name) + _text(4, "Cast") + _to_float())
            name = f"{name}.half"
        external = {"location": location, "offset": str(array.start), "length": str(array.n_bytes)}
        places = b"".join(_message(13, _text(1, key) + _text(2, value)) for key, value in external.items())
        added += _message(
            _INITIALIZER, _shape(1, array) + _number(2, _code(array)) + _text(8, name) + places + _number(14, 1)
        )
    return _message(_GRAPH, added) + graph


def with_parameters_as_inputs(graph: bytes, placed: Sequence[PlacedPart]) -> bytes:
    """The graph with each parameter as an input in float32, for a runtime that replaces them by constants."""
    added = b""
    for part, array in placed:
        shape = b"".join(_message(1, _number(1, size)) for size in array.shape)
        kind = _message(1, _number(1, _FLOAT) + _message(2, shape))
        added += _message(_INPUT, _text(1, part.value_name) + _message(2, kind))
    return _message(_GRAPH, added) + graph


def with_output(graph: bytes, name: str) -> bytes:
    """The graph with a value inside it, an array of float32, as its last output."""
    return graph + _message(_GRAPH, _message(_OUTPUT, _text(1, name) + _message(2, _message(1, _number(1, _FLOAT)))))


def _to_float() -> bytes:
    """The attribute `to` of a conversion to float32: name 1, value 3, type 20."""
    return _message(5, _text(1, "to") + _number(3, _FLOAT) + _number(20, 2))


def _code(array: StoredArray) -> int:
    return _CODES[array.dtype.name]


def _shape(field: int, array: StoredArray) -> bytes:
    return b"".join(_number(field, size) for size in array.shape)


# Wire format: https://protobuf.dev/programming-guides/encoding/
def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())
