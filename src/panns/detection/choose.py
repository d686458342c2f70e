"""Which way a model hears."""

from __future__ import annotations

from panns.detection.block_scorer import BlockScorer
from panns.detection.scorer import FrameScorer, WindowConfig
from panns.detection.window_scorer import WindowScorer
from panns.runtime.model import Model


def make_scorer(model: Model, config: WindowConfig | None = None) -> FrameScorer:
    """How a model hears.

    Raises:
        ValueError: The window is none that the model can take.
    """
    config = config or WindowConfig()
    if model.manifest.streaming is not None:
        if config != WindowConfig():
            raise ValueError(
                f"{model.manifest.architecture} hears block by block and has no windows; leave out window_s and hop_s"
            )
        return BlockScorer(model)
    return WindowScorer(model, config)
