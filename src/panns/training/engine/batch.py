"""What the loop is fed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Clips of one length and what a network should answer; None where nothing is known.

    Attributes:
        inputs: What the network's `forward_features` takes: log-mels `(batch, frames, mels)`, waveforms
            `(batch, samples)`, or both, as its front end says.
        targets: `(batch, classes)` probabilities that the clip scores should take.
        frame_targets: `(batch, frames, classes)`, the same for the frame scores, on the network's own time grid, or for
            the last of every so many frames of it.
        categories: `(batch, categories)` shares of the categories that sounded, summing to 1, or all 0.
        frame_categories: `(batch, frames, categories)`, the same for every frame.
        teacher_probs: `(batch, classes)`, what a teacher answers.
        teacher_frames: `(batch, frames, classes)`, what it answers frame by frame, on the network's own time grid.
        teacher_embedding: `(batch, dim)`, standardised.
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
        """The same on another device."""
        return self._with(lambda tensor: tensor.to(device, non_blocking=True))

    def pinned(self) -> Batch:
        """The same in memory that a GPU can read while it computes."""
        return self._with(lambda tensor: tensor.pin_memory())

    def split(self, n_parts: int) -> list[Batch]:
        """The clips in `n_parts` batches, or in one for each clip if these are fewer; as equal as can be."""
        n_parts = min(n_parts, len(self))
        return [self._with(lambda tensor, i=i: tensor.tensor_split(n_parts)[i]) for i in range(n_parts)]  # type: ignore[misc] # mypy does not infer a lambda with a default

    def _with(self, change: Callable[[Tensor], Tensor]) -> Batch:
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
