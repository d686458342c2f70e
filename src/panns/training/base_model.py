"""What a run begins with: an architecture, its config, and what it has learned already."""

from __future__ import annotations

from pathlib import Path

from panns.checkpoints.checkpoint import open_checkpoint
from panns.config import config_to_dict, merge_settings
from panns.errors import SettingsError
from panns.hub.resolve import resolve
from panns.models.base import ModelConfig
from panns.models.registry import find_model, is_registered, read_config
from panns.networks.contract import Network
from panns.networks.saving import load_network
from panns.training.engine.transfer import head_config
from panns.training.settings import ModelSettings


def base_of(settings: ModelSettings) -> tuple[str, ModelConfig, Network | None]:
    """Architecture and config of the model to begin with, and what it has learned unless that is left behind."""
    if settings.start == "nothing":
        architecture, config = _architecture(settings.name)
        if not settings.config:
            return architecture, config, None
        try:
            changed = merge_settings(config_to_dict(config), settings.config)
            return architecture, read_config(architecture, changed), None
        except ValueError as exc:
            raise SettingsError(f"model.config: {exc}") from exc
    weights = Path(settings.weights) if settings.weights else None
    checkpoint = resolve(settings.name, weights=weights, needs_onnx=False)
    return checkpoint.manifest.architecture, checkpoint.manifest.config, load_network(checkpoint)


def _architecture(name: str) -> tuple[str, ModelConfig]:
    """Registered name and config of a model, which may be a checkpoint."""
    if is_registered(name):
        return name, find_model(name).config
    manifest = open_checkpoint(Path(name)).manifest
    return manifest.architecture, manifest.config


def check_head(settings: ModelSettings, architecture: str, config: ModelConfig) -> None:
    """Refuse a head that the network has nothing to read for, before anything is read itself."""
    try:
        head_config(architecture, config, 1, settings.transfer)
    except ValueError as exc:
        raise SettingsError(f"model.transfer.head={settings.transfer.head!r} cannot be had: {exc}") from exc
