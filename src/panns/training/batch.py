"""What the loop is fed."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Clips of one length and what a network should answer; None where nothing is known.

    Attributes:
        features: `(batch, frames, mels)` log-mel.
        targets: `(batch, classes)` probabilities that the clip scores should take.
        categories: `(batch, categories)` shares of the categories that sounded, summing to 1, or all 0.
        teacher_embedding: `(batch, dim)`, standardised.
    """

    features: Tensor
    targets: Tensor
    categories: Tensor | None = None
    teacher_embedding: Tensor | None = None

    def to(self, device: str) -> Batch:
        """The same on another device."""
        return Batch(
            self.features.to(device),
            self.targets.to(device),
            None if self.categories is None else self.categories.to(device),
            None if self.teacher_embedding is None else self.teacher_embedding.to(device),
        )
