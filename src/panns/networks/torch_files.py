"""Read files of `torch.save`, without running code from them, and with a check of every byte that they hold."""

from __future__ import annotations

import pickle
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from panns.system.files import open_regular

FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
_INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
# Exceptions of torch.load and zipfile for damaged files, found by changing random bytes of intact files.
_UNREADABLE = (
    pickle.UnpicklingError,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    AssertionError,
    OverflowError,
    MemoryError,
)


class UnreadableTorchFile(ValueError):
    """A file is damaged, or holds more than plain tensors; the message says which."""


def read_torch_file(path: Path, *, may_be_legacy: bool = True) -> Any:  # noqa: ANN401 - whatever was saved
    """Content of a file that `torch.save` wrote: tensors, texts, numbers, and containers of these.

    torch itself compares no checksum, so a file with a changed bit would load with other numbers.

    Args:
        path: The file.
        may_be_legacy: True to accept the format before torch 1.6 too, which has no checksums.

    Raises:
        UnreadableTorchFile: The file is damaged, or holds code, which is never run.
    """
    try:
        open_regular(path).close()
        if zipfile.is_zipfile(path):
            _check_zip(path)
        elif not may_be_legacy:
            raise zipfile.BadZipFile("not a zip file")
        return torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as exc:
        # Without the message of torch, which recommends running the code in the file.
        raise UnreadableTorchFile("it is damaged, or contains code, which is never run") from exc


def check_dense(name: str, tensor: Tensor) -> None:
    """Refuse tensors that are not plain numbers in memory: sparse, quantised, complex, without data, or repeated.

    Raises:
        UnreadableTorchFile: `tensor` is one of these.
    """
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested or tensor.device.type != "cpu":
        kind = "quantised" if tensor.is_quantized else str(tensor.layout).removeprefix("torch.").replace("_", " ")
        raise UnreadableTorchFile(f"{name} is a {kind} tensor on {tensor.device}; only dense ones can be weights")
    if tensor.dtype not in (*FLOATS, *_INTEGERS):
        raise UnreadableTorchFile(f"{name} is of type {_type(tensor)}; weights are {', '.join(map(_name, FLOATS))}")
    # A tensor may repeat one stored number a trillion times.
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise UnreadableTorchFile(f"{name} has the shape {tuple(tensor.shape)}, more numbers than are stored")


def check_weight(name: str, tensor: Tensor, wanted: torch.dtype) -> None:
    """Refuse a weight of another kind of number than the network has, and one that is not finite.

    Raises:
        UnreadableTorchFile: `tensor` is one of these.
    """
    if wanted.is_floating_point and tensor.dtype not in FLOATS:
        raise UnreadableTorchFile(f"{name} is of type {_type(tensor)}, where {', '.join(map(_name, FLOATS))} belongs")
    if not wanted.is_floating_point and tensor.dtype not in _INTEGERS:
        raise UnreadableTorchFile(f"{name} is of type {_type(tensor)}, where {_name(wanted)} belongs")
    if wanted.is_floating_point and not torch.isfinite(tensor).all():
        raise UnreadableTorchFile(f"{name} holds NaN or infinity")


def _check_zip(path: Path) -> None:
    """Compare every member with its checksum; torch stores members as they are, so a packed one is not its own."""
    with zipfile.ZipFile(path) as file:
        if any(one.compress_type != zipfile.ZIP_STORED for one in file.infolist()):
            raise zipfile.BadZipFile("compressed")
        if (damaged := file.testzip()) is not None:
            raise zipfile.BadZipFile(f"{damaged} differs from its checksum")


def _type(tensor: Tensor) -> str:
    return _name(tensor.dtype)


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
