"""What every network returns."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class NetworkOutput(NamedTuple):
    """Named fields, None where a network has none.

    Attributes:
        clip_logits: `(batch, classes)`.
        frame_logits: `(batch, frames, classes)` on the network's own time grid.
        embedding: `(batch, dim)`.
    """

    clip_logits: Tensor
    frame_logits: Tensor | None = None
    embedding: Tensor | None = None
