"""Read `.npz` files of numpy that may be damaged or foreign.

Nothing in them is run or unpacked, and they take no more memory than their size.
"""

from __future__ import annotations

import io
import math
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from panns.system.files import open_regular

# Errors that numpy and zipfile raise for damaged files. (RuntimeError: a flipped bit marks the file as encrypted.)
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    LookupError,
    ValueError,
    TypeError,
    SyntaxError,
    tokenize.TokenError,
    EOFError,
    OSError,
    RuntimeError,
    OverflowError,
    MemoryError,
)
_KINDS = "biufU"  # truth values, whole numbers, floats, texts
_MAX_HEADER = 10_000


class DamagedArrays(ValueError):
    """A file is missing, unreadable, or not a whole `.npz` file of plain arrays."""


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Arrays of a file that `np.savez` wrote, by name; the checksum of each is compared.

    Raises:
        DamagedArrays: The file is damaged, is compressed, or holds objects.
    """
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if any(one.compress_type != zipfile.ZIP_STORED for one in members):
                raise ValueError("compressed")
            # Overlapping members would take more memory than the file.
            if sum(one.file_size for one in members) > path.stat().st_size:
                raise ValueError("wrong sizes")
            return {one.filename.removesuffix(".npy"): _to_array(archive.read(one)) for one in members}
    except _DAMAGE as exc:
        reason = exc.strerror or exc if isinstance(exc, OSError) else exc
        raise DamagedArrays(f"{path} cannot be read ({reason})") from exc


def _to_array(content: bytes) -> npt.NDArray[Any]:
    """The array of one member; its header is compared with its size before any memory is used."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"format {version} of an array")
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, is_fortran, dtype = read_header(file, max_header_size=_MAX_HEADER)
    n_bytes = len(content) - file.tell()
    if dtype.kind not in _KINDS or dtype.names is not None or dtype.subdtype is not None:
        raise ValueError(f"an array of {dtype}")
    if any(size < 0 for size in shape) or math.prod(shape) * dtype.itemsize != n_bytes:
        raise ValueError(f"an array of the shape {shape} with {n_bytes:,} bytes")
    array = np.frombuffer(content, dtype, offset=file.tell()) if n_bytes else np.zeros(math.prod(shape), dtype)
    return array.reshape(shape, order="F" if is_fortran else "C")
