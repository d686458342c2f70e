"""Grid of patches over a log-mel."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PatchGrid:
    """Patches of one size and stride, from the first frame and the lowest band on.

    Attributes:
        size: Frames and mel bands of one patch.
        stride: Step between neighbouring patches, in frames and in mel bands.
        max_patches: Most patches in one pass.
        fills_last: True if silence fills an incomplete last patch in time, False if it is dropped.
        has_weights: True if clip scores come with the weight of each patch for each class.
    """

    size: tuple[int, int]
    stride: tuple[int, int]
    max_patches: int
    fills_last: bool
    has_weights: bool

    def n_columns(self, n_frames: int) -> int:
        """Number of columns, one patch after another in time."""
        beyond_first = n_frames - self.size[0] + self._slack()
        return max(0, beyond_first // self.stride[0] + 1)

    def n_rows(self, n_mels: int) -> int:
        """Number of patches in one column."""
        return max(0, (n_mels - self.size[1]) // self.stride[1] + 1)

    def max_frames(self, n_mels: int) -> int:
        """Longest log-mel of one pass, in frames."""
        n_columns = self.max_patches // self.n_rows(n_mels)
        return n_columns * self.stride[0] + self.size[0] - 1 - self._slack()

    def _slack(self) -> int:
        """Frames that may be missing from the last patch."""
        return self.stride[0] - 1 if self.fills_last else 0
