"""Recurrent layers that can be exported: torch's exporter would unroll them for one length."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def recur(gru: nn.GRU, x: Tensor, initial: Tensor | None = None) -> Tensor:
    """The states of a layer with `batch_first`.

    In an exported graph it is one operator: https://onnx.ai/onnx/operators/onnx__GRU.html

    Args:
        gru: One layer, of one direction or of two.
        x: `(batch, frames, dim)`.
        initial: `(batch, hidden)`, the state before the first frame, for one direction; None for zeros.

    Returns:
        `(batch, frames, directions * hidden)`.
    """
    if not torch.compiler.is_exporting():
        states: Tensor = gru(x, None if initial is None else initial[None])[0]
        return states
    n_clips, n_frames, _ = x.shape
    directions = ["", "_reverse"] if gru.bidirectional else [""]
    # Torch has the gates in the order reset, update, new; ONNX update, reset, new.
    weights = [
        torch.stack([_reordered(getattr(gru, f"weight_{kind}_l0{d}")) for d in directions]) for kind in ("ih", "hh")
    ]
    biases = [torch.cat([_reordered(getattr(gru, f"bias_{kind}_l0{d}")) for kind in ("ih", "hh")]) for d in directions]
    frames: Tensor = torch.onnx.ops.symbolic(
        "GRU",
        (x.transpose(0, 1), *weights, torch.stack(biases), *(() if initial is None else (None, initial[None]))),
        {
            "hidden_size": gru.hidden_size,
            "direction": "bidirectional" if gru.bidirectional else "forward",
            "linear_before_reset": 1,
        },
        dtype=x.dtype,
        shape=(n_frames, len(directions), n_clips, gru.hidden_size),
        version=14,
    )
    return frames.permute(2, 0, 1, 3).flatten(2)


def _reordered(tensor: Tensor) -> Tensor:
    reset, update, new = tensor.chunk(3)
    return torch.cat([update, reset, new])
