"""Score frames, and the state of a scorer between two steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from panns.system.arrays import Array


class Frames(NamedTuple):
    """Consecutive score frames.

    Attributes:
        probs: `(frames, classes)`.
        onsets_s: `(frames,)`, start of every frame in seconds.
    """

    probs: Array
    onsets_s: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ScorerState:
    """State of a scorer for one stream: an immutable value of bounded size.

    Attributes:
        samples: `(samples,)` each, the latest samples that the scorer still needs, in parts.
        n_passed: Number of samples of the stream before `samples`.
        n_frames: Number of frames returned so far.
        network: `(numbers,)`, state of the network; empty for a model without one.
    """

    samples: tuple[Array, ...]
    n_passed: int
    n_frames: int
    network: Array

    def __post_init__(self) -> None:
        for array in (*self.samples, self.network):
            array.setflags(write=False)

    @property
    def n_kept(self) -> int:
        """Number of samples in `samples`."""
        return sum(map(len, self.samples))

    @property
    def n_in(self) -> int:
        """Number of samples received so far."""
        return self.n_passed + self.n_kept


def no_frames(n_classes: int) -> Frames:
    """Zero frames."""
    return Frames(np.zeros((0, n_classes), np.float32), np.zeros(0))


def concatenate_frames(parts: Sequence[Frames], n_classes: int) -> Frames:
    """Join consecutive frames; no parts give no frames."""
    if not parts:
        return no_frames(n_classes)
    return Frames(np.concatenate([part.probs for part in parts]), np.concatenate([part.onsets_s for part in parts]))
