"""What hears a sound as it comes: samples in, score frames out, and a state that is a value in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from panns.results import Array

# How much of a sound that is there as a whole is best heard at once: a model that hears many blocks of its own in one
# call is the faster, the more there are.
AT_ONCE_S = 4.0


@dataclass(frozen=True)
class WindowConfig:
    """How a model that has no state of its own hears a sound; times in seconds, None for the model's usual.

    Attributes:
        window_s: Length of its windows: of a model with frame scores the length it was trained on, of one that scores
            whole clips 1 s.
        hop_s: From one window to the next, for a model that scores whole clips: 0.1 s. Windows with frame scores lie
            back to back.
    """

    window_s: float | None = None
    hop_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("window_s", "hop_s"):
            value = getattr(self, name)
            if value is not None and not 0.01 <= value <= 600:
                raise ValueError(f"{name}={value} must be 0.01 to 600 seconds, or None for the model's usual")
        if self.window_s is not None and self.hop_s is not None and self.hop_s > self.window_s:
            raise ValueError(f"hop_s={self.hop_s} is longer than window_s={self.window_s}, which leaves gaps")


@dataclass(frozen=True, eq=False)
class ScorerState:
    """What is known of a sound so far; a value, never changed, of a bounded size.

    Attributes:
        samples: `(samples,)` each, the latest ones that are still needed, in parts.
        n_passed: Samples of the sound before these.
        n_frames: Frames that were given out.
        network: `(numbers,)`, the state of the network, empty where it has none.
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
        """How many samples are kept."""
        return sum(map(len, self.samples))

    @property
    def n_heard(self) -> int:
        """How many samples have come in all."""
        return self.n_passed + self.n_kept


class Frames(NamedTuple):
    """Score frames that became known.

    Attributes:
        probs: `(frames, classes)`.
        onsets_s: `(frames,)`, when they begin.
    """

    probs: Array
    onsets_s: npt.NDArray[np.float64]


class FrameScorer(Protocol):
    """A model that hears; holds no state, so any number of streams and threads may share it.

    Attributes:
        hop_s: From one score frame to the next.
        latency_s: How much later than it began a frame is given out, at most, apart from the time of computing.
        settings: In which blocks or windows it hears; of one model, those with the same words hear the same.
    """

    hop_s: float
    latency_s: float
    settings: str

    def initial_state(self) -> ScorerState:
        """Before the first sample."""

    def check(self, state: ScorerState) -> None:
        """Refuse what no step can have given.

        Raises:
            ValueError: Its parts do not fit this model or each other.
        """

    def step(self, chunks: Sequence[Array], states: Sequence[ScorerState]) -> tuple[list[Frames], list[ScorerState]]:
        """Hear what comes next in some streams.

        Args:
            chunks: `(samples,)` each, at the model's rate, of any lengths.
            states: Of the same streams.
        """

    def finish(self, state: ScorerState) -> Frames:
        """The frames that are left when the sound has ended."""


def no_frames(n_classes: int) -> Frames:
    """Nothing became known."""
    return Frames(np.zeros((0, n_classes), np.float32), np.zeros(0))


def joined(found: Sequence[Frames], n_classes: int) -> Frames:
    """Frames that follow each other, as one."""
    if not found:
        return no_frames(n_classes)
    return Frames(
        np.concatenate([frames.probs for frames in found]), np.concatenate([frames.onsets_s for frames in found])
    )
