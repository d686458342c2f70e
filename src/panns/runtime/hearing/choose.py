"""Which way a model hears."""

from __future__ import annotations

from panns.runtime.hearing.blocks import BlockHearing
from panns.runtime.hearing.hearing import Hearing, HearingConfig
from panns.runtime.hearing.windows import WindowHearing
from panns.runtime.model import Model


def hearing_of(model: Model, config: HearingConfig | None = None) -> Hearing:
    """How a model hears.

    Raises:
        ValueError: The window is none that the model can take.
    """
    config = config or HearingConfig()
    if model.manifest.streaming is not None:
        if config != HearingConfig():
            raise ValueError(
                f"{model.manifest.architecture} hears block by block and has no windows; leave out window_s and hop_s"
            )
        return BlockHearing(model)
    return WindowHearing(model, config)
