"""Check of the kind of number of a weight."""

from __future__ import annotations

import torch
from torch import Tensor

FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
_INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)


def check_weight(name: str, tensor: Tensor, wanted: torch.dtype) -> None:
    """Refuse a weight of another kind of number than the network has, and one that is not finite.

    Raises:
        ValueError: `tensor` is one of these.
    """
    if wanted.is_floating_point and tensor.dtype not in FLOATS:
        raise ValueError(f"{name} is of type {_name(tensor.dtype)}, where {', '.join(map(_name, FLOATS))} belongs")
    if not wanted.is_floating_point and tensor.dtype not in _INTEGERS:
        raise ValueError(f"{name} is of type {_name(tensor.dtype)}, where {_name(wanted)} belongs")
    # The extremes take no memory, unlike torch.isfinite; NaN makes both of them NaN.
    if wanted.is_floating_point and tensor.numel() and not torch.stack(tensor.aminmax()).isfinite().all():
        raise ValueError(f"{name} holds NaN or infinity")


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
