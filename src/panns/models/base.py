"""What the configs of all models say alike that answer for whole clips alone."""

from __future__ import annotations


class ClipModelConfig:
    """Base of such a config: neither frame scores nor patches."""

    @property
    def patches(self) -> None:
        """None, or how much each counts is not known."""
        return None

    @property
    def frame_hop_s(self) -> None:
        """No frame scores."""
        return None

    def n_frames(self, n_samples: int) -> int:
        """Always 0: no frame scores."""
        return 0 * n_samples
