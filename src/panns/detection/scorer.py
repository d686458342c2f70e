"""Frame scores of a stream: the interface of scorers, and which one fits a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from panns.detection.block_scorer import BlockScorer
from panns.detection.frames import Frames, ScorerState
from panns.detection.window_scorer import CentredWindowScorer, ConsecutiveWindowScorer, WindowConfig
from panns.runtime.model import Model
from panns.runtime.streaming_model import StreamingModel
from panns.system.arrays import Array


class FrameScorer(Protocol):
    """Turns the samples of streams into score frames, as they come.

    A scorer holds no state, so any number of streams and threads may share it.

    Attributes:
        hop_s: Time from one score frame to the next, in seconds.
        latency_s: Longest delay from the start of a frame until its score, in seconds, without computing time.
        settings: Description of its blocks or windows. Scorers of one model with equal settings give equal scores.
    """

    hop_s: float
    latency_s: float
    settings: str

    def initial_state(self) -> ScorerState:
        """State before the first sample."""

    def check(self, state: ScorerState) -> None:
        """Refuse a state that no step of this scorer returns.

        Raises:
            ValueError: The parts of the state do not fit the model or each other.
        """

    def step(self, chunks: Sequence[Array], states: Sequence[ScorerState]) -> tuple[list[Frames], list[ScorerState]]:
        """Score the next chunks of some streams.

        Args:
            chunks: `(samples,)` for each stream, at the model's rate, of any length.
            states: The state of each stream.

        Returns:
            The new frames and the next state of each stream.
        """

    def finish(self, state: ScorerState) -> Frames:
        """The remaining frames at the end of a stream."""


def make_scorer(model: Model, windows: WindowConfig | None = None) -> FrameScorer:
    """The scorer of a model: blocks for a model with a state, windows for any other.

    Args:
        model: The model.
        windows: Windows of a model without a state; None for the model's usual ones.

    Raises:
        ValueError: The windows do not suit the model.
    """
    windows = windows or WindowConfig()
    if isinstance(model, StreamingModel):
        if windows != WindowConfig():
            raise ValueError(f"{model.manifest.architecture} scores blocks, not windows; leave out window_s and hop_s")
        return BlockScorer(model)
    if model.manifest.centred_windows_s is not None:
        return CentredWindowScorer(model, windows)
    return ConsecutiveWindowScorer(model, windows)
