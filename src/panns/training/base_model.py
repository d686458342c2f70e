"""The model that a run begins with: an architecture, its settings and, unless from scratch, its trained parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from panns.config import config_to_dict, merge_settings
from panns.errors import SettingsError
from panns.hub.resolve import resolve
from panns.models.base import ModelConfig
from panns.models.registry import find_model, is_registered, read_config
from panns.networks.contract import Network
from panns.networks.saving import load_network
from panns.training.engine.transfer_learning import head_config
from panns.training.settings import ModelSettings


@dataclass(frozen=True, eq=False)
class BaseModel:
    """The model that a run begins with.

    Attributes:
        architecture: Registered name of the architecture.
        config: Settings of the architecture.
        network: The trained network; None to train from scratch.
    """

    architecture: str
    config: ModelConfig
    network: Network | None = None

    @property
    def sample_rate(self) -> int:
        """Sample rate of the input, in Hz."""
        return self.config.frontend.sample_rate


def load_base_model(settings: ModelSettings) -> BaseModel:
    """Load the model that settings name.

    Raises:
        SettingsError: `settings.config` does not fit the architecture, or the network lacks what the new head reads.
    """
    if settings.start == "nothing":
        return _from_scratch(settings)
    weights = Path(settings.weights) if settings.weights else None
    checkpoint = resolve(settings.name, weights=weights, needs_onnx=False)
    manifest = checkpoint.manifest
    try:
        head_config(manifest.architecture, manifest.config, 1, settings.transfer)
    except ValueError as exc:
        raise SettingsError(f"model.transfer.head={settings.transfer.head!r} does not fit the model: {exc}") from exc
    return BaseModel(manifest.architecture, manifest.config, load_network(checkpoint))


def _from_scratch(settings: ModelSettings) -> BaseModel:
    """The architecture of a registered model or of a checkpoint, with the changes that `settings.config` makes."""
    if is_registered(settings.name):
        architecture, config = settings.name, find_model(settings.name).config
    else:
        manifest = resolve(settings.name, needs_onnx=False).manifest
        architecture, config = manifest.architecture, manifest.config
    try:
        return BaseModel(
            architecture, read_config(architecture, merge_settings(config_to_dict(config), settings.config))
        )
    except ValueError as exc:
        raise SettingsError(f"model.config: {exc}") from exc
