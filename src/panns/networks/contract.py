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
        patch_weights: `(batch, classes, columns, rows)`, how much each patch of the log-mel, by time and by frequency,
            counts for the clip score of each class; they sum to 1.
        bands: `(batch, bands, dim)`, what the last map says of each band of frequencies, over all of the time; the
            embedding is their mean.
    """

    clip_logits: Tensor
    frame_logits: Tensor | None = None
    embedding: Tensor | None = None
    patch_weights: Tensor | None = None
    bands: Tensor | None = None
