"""Tensors of files that `torch.save` wrote, read without torch and without running anything.

Both formats: the zip file of torch 1.6 and later, and the older one, which most PANNs were published in. The tensors
are views of the mapped file, so reading takes no memory; every size is compared with the size of the file first.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from panns.published.pickles import PickleReader, UnreadablePickle, put_item
from panns.system.files import open_regular

# Types of a stored number: its name, and how numpy reads it. numpy has no bfloat16, which is the upper half of float32.
_STORAGES = {
    "FloatStorage": ("float32", "<f4"),
    "DoubleStorage": ("float64", "<f8"),
    "HalfStorage": ("float16", "<f2"),
    "BFloat16Storage": ("bfloat16", "<u2"),
    "LongStorage": ("int64", "<i8"),
    "IntStorage": ("int32", "<i4"),
    "ShortStorage": ("int16", "<i2"),
    "CharStorage": ("int8", "<i1"),
    "ByteStorage": ("uint8", "<u1"),
    "BoolStorage": ("bool", "<u1"),
}
_MAX_DIMENSIONS = 16
_OLD_MAGIC = 0x1950A86A20F9469CFC6C
_OLD_VERSION = 1001
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # of a member of a zip file: signature, lengths of name and extra field


class UnreadableTorchFile(ValueError):
    """A file is damaged, or holds more than plain tensors; the message says which."""


@dataclass(frozen=True)
class _StorageType:
    name: str
    dtype: str


@dataclass
class _Storage:
    """Numbers in the file, which several tensors may share. `data` is None until its place is known."""

    type: _StorageType
    n_numbers: int
    data: memoryview | None = None

    @property
    def n_bytes(self) -> int:
        return self.n_numbers * np.dtype(self.type.dtype).itemsize


@dataclass(frozen=True)
class StoredTensor:
    """A tensor in a file.

    Attributes:
        shape: Its shape.
    """

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def dtype(self) -> str:
        """Type of its numbers: "float32", "bfloat16" and so on."""
        return self.storage.type.name

    @property
    def n_bytes(self) -> int:
        """Size of its numbers as an array of their own."""
        return math.prod(self.shape) * max(
            4 if self.dtype == "bfloat16" else 1, np.dtype(self.storage.type.dtype).itemsize
        )

    def array(self) -> npt.NDArray[Any]:
        """Its numbers, as a view of the file; bfloat16 becomes float32."""
        dtype = np.dtype(self.storage.type.dtype)
        assert self.storage.data is not None, "the reader has set it"
        raw: npt.NDArray[Any] = np.ndarray(
            self.shape,
            dtype,
            buffer=self.storage.data,
            offset=self.offset * dtype.itemsize if math.prod(self.shape) else 0,
            strides=tuple(stride * dtype.itemsize for stride in self.strides),
        )
        if self.dtype == "bfloat16":
            return (raw.astype(np.uint32) << 16).view(np.float32)
        return raw.view(np.bool_) if self.dtype == "bool" else raw


def read_torch_file(path: Path) -> Any:  # noqa: ANN401 - whatever was saved
    """Content of a file that `torch.save` wrote: `StoredTensor`s, texts, numbers, and containers of these.

    Raises:
        UnreadableTorchFile: The file is damaged, or holds code, which is never run.
    """
    try:
        with open_regular(path) as file:
            if not os.fstat(file.fileno()).st_size:
                raise UnreadableTorchFile("it is empty")
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            if bytes(data[:4]) == b"PK\x03\x04":
                return _read_zip(file, data)
            return _read_old(data)
    except UnreadablePickle as exc:
        raise UnreadableTorchFile(str(exc)) from exc
    except (OSError, zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, ValueError, TypeError) as exc:
        if isinstance(exc, UnreadableTorchFile):
            raise
        raise UnreadableTorchFile("it is damaged, or not a torch file") from exc


def _read_zip(file: Any, data: memoryview) -> Any:  # noqa: ANN401 - an open file; whatever was saved
    members = _members(file, data)
    pickles = [name for name in members if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise UnreadableTorchFile("it is a zip file, but not one of torch")
    folder = pickles[0].removesuffix("data.pkl")
    if bytes(members.get(f"{folder}byteorder", b"little")) != b"little":
        raise UnreadableTorchFile("its numbers are big-endian")
    storages: dict[str, _Storage] = {}

    def find_stored(persistent: Any) -> _Storage:  # noqa: ANN401 - any value of a pickle
        key, storage = _described(persistent, n_fields=5)
        found = members.get(f"{folder}data/{key}")
        if found is None or len(found) != storage.n_bytes:
            size = "missing" if found is None else f"{len(found):,} bytes"
            raise UnreadablePickle(f"a tensor of {storage.n_bytes:,} bytes has its numbers {size} in the file")
        storage.data = found
        return storages.setdefault(f"{key} {storage.type.name}", storage)

    return PickleReader(members[pickles[0]], makers=_MAKERS, find_stored=find_stored).read()


def _members(file: Any, data: memoryview) -> dict[str, memoryview]:  # noqa: ANN401 - an open file
    """Members of a zip file by name, after a comparison with their checksums.

    torch stores members as they are. So a packed one is not its own, and a small file cannot unpack to a large one.
    """
    with zipfile.ZipFile(file) as archive:
        listed = archive.infolist()
    if any(
        one.compress_type != zipfile.ZIP_STORED or one.flag_bits & 1 or one.file_size != one.compress_size
        for one in listed
    ):
        raise UnreadableTorchFile("it is compressed or encrypted, as torch never writes it")
    if sum(one.file_size for one in listed) > len(data):
        raise UnreadableTorchFile("its parts overlap")
    members: dict[str, memoryview] = {}
    for one in listed:
        if one.filename in members:
            raise UnreadableTorchFile(f"it has two parts named {one.filename[:100]!r}")
        signature, n_name, n_extra = _LOCAL_HEADER.unpack_from(data, one.header_offset)
        start = one.header_offset + _LOCAL_HEADER.size + n_name + n_extra
        content = data[start : start + one.file_size]
        is_whole = signature == b"PK\x03\x04" and len(content) == one.file_size
        if not is_whole or zlib.crc32(content) != one.CRC:
            raise UnreadableTorchFile(f"its part {one.filename[:100]!r} differs from its checksum: it is damaged")
        members[one.filename] = content
    return members


def _read_old(data: memoryview) -> Any:  # noqa: ANN401 - whatever was saved
    """Content of a file in the format before torch 1.6: pickles in a row, then the numbers of each storage."""
    storages: dict[str, _Storage] = {}

    def find_stored(persistent: Any) -> _Storage:  # noqa: ANN401 - any value of a pickle
        key, storage = _described(persistent, n_fields=6)
        if persistent[5] is not None:
            raise UnreadablePickle("it has a view of a storage, as only files of torch 0.4 and older do")
        if storage.n_bytes > len(data):
            raise UnreadablePickle(f"a tensor of {storage.n_bytes:,} bytes is larger than the file")
        known = storages.setdefault(key, storage)
        if (known.type, known.n_numbers) != (storage.type, storage.n_numbers):
            raise UnreadablePickle("it is damaged")
        return known

    plain: Callable[..., PickleReader] = lambda start: PickleReader(  # noqa: E731 - three times the same
        data, makers={}, find_stored=_refuse_stored, start=start
    )
    reader = plain(0)
    if bytes(data[:2]) != b"\x80\x02" or (reader.read(), reader.read()) != (_OLD_MAGIC, _OLD_VERSION):
        raise UnreadableTorchFile("it is damaged, or not a torch file")
    system = reader.read()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise UnreadableTorchFile("its numbers are big-endian")
    main = PickleReader(data, makers=_MAKERS, find_stored=find_stored, start=reader.place)
    content = main.read()
    reader = plain(main.place)
    keys, place = reader.read(), reader.place
    if (
        not isinstance(keys, list)
        or not all(isinstance(key, str) for key in keys)
        or len(keys) != len(storages)
        or set(keys) != storages.keys()
    ):
        raise UnreadableTorchFile("it is damaged: the lists of its tensors differ")
    for key in keys:
        storage = storages[key]
        (n_numbers,) = struct.unpack_from("<q", data, place)
        place += 8
        storage.data = data[place : place + storage.n_bytes]
        place += storage.n_bytes
        if n_numbers != storage.n_numbers or place > len(data):
            raise UnreadableTorchFile("it is damaged or truncated: the sizes of its tensors differ")
    if place != len(data):
        raise UnreadableTorchFile(f"it is damaged: {len(data) - place:,} bytes follow its tensors")
    return content


def _refuse_stored(_persistent: Any) -> Any:  # noqa: ANN401 - any value of a pickle
    raise UnreadablePickle("it is damaged")


def _described(persistent: Any, *, n_fields: int) -> tuple[str, _Storage]:  # noqa: ANN401 - any value of a pickle
    """Key and description of a storage from its persistent id."""
    if not isinstance(persistent, tuple) or len(persistent) != n_fields or persistent[0] != "storage":
        raise UnreadablePickle("it is damaged")
    _, kind, key, _location, n_numbers = persistent[:5]
    if not isinstance(kind, _StorageType) or not isinstance(key, str):
        raise UnreadablePickle("it is damaged")
    return key, _Storage(kind, _count(n_numbers))


def _count(value: Any) -> int:  # noqa: ANN401 - any value of a pickle
    if type(value) is not int or not 0 <= value < 2**48:
        found = f"{value:.3g}" if isinstance(value, (int, float)) else type(value).__name__
        raise UnreadablePickle(f"it has the size {found}; sizes are whole numbers of at least 0")
    return value


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_more: Any) -> StoredTensor:  # noqa: ANN401 - of a pickle
    if not isinstance(storage, _Storage) or not isinstance(shape, tuple) or not isinstance(strides, tuple):
        raise UnreadablePickle("it is damaged")
    if len(shape) != len(strides) or len(shape) > _MAX_DIMENSIONS:
        raise UnreadablePickle(f"it has a tensor of {len(shape)} dimensions and {len(strides)} steps")
    tensor = StoredTensor(storage, _count(offset), tuple(map(_count, shape)), tuple(map(_count, strides)))
    # A tensor may repeat one stored number a trillion times.
    n_numbers = math.prod(tensor.shape)
    last = tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
    if not n_numbers and math.prod(size or 1 for size in tensor.shape) > 2**40:
        raise UnreadablePickle(f"it has a tensor of the shape {tensor.shape}")
    if n_numbers and (n_numbers > storage.n_numbers or last >= storage.n_numbers):
        raise UnreadablePickle(f"it has a tensor of the shape {tensor.shape}, more numbers than are stored")
    return tensor


def _ordered_dict(items: Any = ()) -> dict[Any, Any]:  # noqa: ANN401 - of a pickle
    made: dict[Any, Any] = {}
    if not isinstance(items, (list, tuple)):
        raise UnreadablePickle("it is damaged")
    for item in items:
        key, value = item
        put_item(made, key, value)
    return made


def _parameter(tensor: Any, *_more: Any) -> Any:  # noqa: ANN401 - of a pickle
    return tensor


def _size(shape: Any = ()) -> tuple[Any, ...]:  # noqa: ANN401 - of a pickle
    if not isinstance(shape, (list, tuple)):
        raise UnreadablePickle("it is damaged")
    if len(shape) > _MAX_DIMENSIONS:
        raise UnreadablePickle(f"it has a shape of {len(shape):,} dimensions, and {_MAX_DIMENSIONS} are the most")
    return tuple(shape)


# All names that a file may use.
_MAKERS: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): _ordered_dict,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch", "Size"): _size,
    **{("torch", name): _StorageType(*kind) for name, kind in _STORAGES.items()},
}
