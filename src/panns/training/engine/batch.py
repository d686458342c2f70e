"""A batch: inputs of a network and the targets of its outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Clips of one length and the targets of their scores; None for targets that are unknown.

    Attributes:
        inputs: Arguments of the network's `forward_features`: log-mels `(batch, frames, mels)`, waveforms
            `(batch, samples)`, or both, depending on its front end.
        targets: Targets of the clip scores, `(batch, classes)`, as probabilities.
        frame_targets: Targets of the frame scores, `(batch, frames, classes)`, on the network's own time grid, or for
            every n-th frame of it.
        categories: Shares of the categories in the clip, `(batch, categories)`; they sum to 1, or are all 0.
        frame_categories: Shares of the categories in every frame, `(batch, frames, categories)`.
        teacher_probs: A teacher's clip scores, `(batch, classes)`.
        teacher_frames: A teacher's frame scores, `(batch, frames, classes)`, on the network's own time grid.
        teacher_embedding: A teacher's embedding, `(batch, dim)`, standardised.
    """

    inputs: tuple[Tensor, ...]
    targets: Tensor
    frame_targets: Tensor | None = None
    categories: Tensor | None = None
    frame_categories: Tensor | None = None
    teacher_probs: Tensor | None = None
    teacher_frames: Tensor | None = None
    teacher_embedding: Tensor | None = None

    def __len__(self) -> int:
        return len(self.targets)

    def to(self, device: str) -> Batch:
        """Copy on another device."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def pinned(self) -> Batch:
        """Copy in pinned memory, which a GPU reads while it computes."""
        return self._map(lambda tensor: tensor.pin_memory())

    def split(self, n_parts: int) -> list[Batch]:
        """Split into `n_parts` batches of nearly equal size, or into one a clip if there are fewer clips."""
        n_parts = min(n_parts, len(self))
        return [self._map(lambda tensor, i=i: tensor.tensor_split(n_parts)[i]) for i in range(n_parts)]  # type: ignore[misc] # mypy does not infer a lambda with a default

    def _map(self, change: Callable[[Tensor], Tensor]) -> Batch:
        return Batch(
            tuple(change(tensor) for tensor in self.inputs),
            change(self.targets),
            *(
                None if tensor is None else change(tensor)
                for tensor in (
                    self.frame_targets,
                    self.categories,
                    self.frame_categories,
                    self.teacher_probs,
                    self.teacher_frames,
                    self.teacher_embedding,
                )
            ),
        )
