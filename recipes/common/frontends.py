"""Front ends of registered models."""

from __future__ import annotations

from panns.frontend import LogMelConfig
from panns.models.registry import find_model


def find_log_mel(architecture: str) -> LogMelConfig:
    """Log-mel settings of a registered model."""
    frontend = find_model(architecture).config.frontend.log_mel
    assert frontend is not None, f"{architecture} takes no log-mel"
    return frontend
