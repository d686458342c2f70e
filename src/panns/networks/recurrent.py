"""Recurrent layers that can be exported: torch's exporter would unroll them for one length."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def recur(gru: nn.GRU, x: Tensor) -> Tensor:
    """The states of a bidirectional layer with `batch_first`: `(batch, frames, dim)` to `(batch, frames, 2 * hidden)`.

    In an exported graph it is one operator: https://onnx.ai/onnx/operators/onnx__GRU.html
    """
    if not torch.compiler.is_exporting():
        states: Tensor = gru(x)[0]
        return states
    n_clips, n_frames, _ = x.shape
    directions = ["", "_reverse"]
    # Torch has the gates in the order reset, update, new; ONNX update, reset, new.
    weights = [
        torch.stack([_reordered(getattr(gru, f"weight_{kind}_l0{d}")) for d in directions]) for kind in ("ih", "hh")
    ]
    biases = [torch.cat([_reordered(getattr(gru, f"bias_{kind}_l0{d}")) for kind in ("ih", "hh")]) for d in directions]
    frames: Tensor = torch.onnx.ops.symbolic(
        "GRU",
        (x.transpose(0, 1), *weights, torch.stack(biases)),
        {"hidden_size": gru.hidden_size, "direction": "bidirectional", "linear_before_reset": 1},
        dtype=x.dtype,
        shape=(n_frames, 2, n_clips, gru.hidden_size),
        version=14,
    )
    return frames.permute(2, 0, 1, 3).flatten(2)


def _reordered(tensor: Tensor) -> Tensor:
    reset, update, new = tensor.chunk(3)
    return torch.cat([update, reset, new])
