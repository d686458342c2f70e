"""The registry of models. Entries name their networks, which are imported only when they are built."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from panns.config import config_from_dict
from panns.errors import UnknownModel
from panns.models.base import ModelConfig
from panns.models.bounds import check_bounds
from panns.models.weights import Weights

# Advice for models without published weights.
OWN_WEIGHTS_HINT = "to load weights trained here, give their checkpoint folder or exported .onnx file"


@dataclass(frozen=True)
class ModelEntry:
    """One registered model.

    Attributes:
        name: Published class name in lower snake case.
        family: Module under `panns.models` that registers the model.
        config: Settings that the network is built from.
        network: "module:Class" of the network, which takes `config`.
        converter: "module:function" that renames a published state dict to the network's own; None if no weights were
            published.
        weights: Record of the published weights; None if none were published.
        about: One-line description.
        shipped: Folder of the checkpoint in this package, relative to this file; None for models that are not shipped.
        labels: Name of the label set of the config (`panns.labels.named_labels`).
        starts_from: Name of the registered model whose published weights initialise this one, with equal scores before
            training; None for a random start.
    """

    name: str
    family: str
    config: ModelConfig
    network: str
    converter: str | None
    weights: Weights | None
    about: str
    shipped: str | None = None
    labels: str = "audioset"
    starts_from: str | None = None

    @property
    def missing_weights_message(self) -> str:
        """Error message for a model without published weights, with the remedy."""
        problem = f"{self.name!r} has no published weights"
        if self.starts_from is not None:
            return (
                f"{problem}; it starts from those of {self.starts_from!r}: run `panns models fetch {self.starts_from}` "
                "first"
            )
        if self.converter is None:
            return f"{problem}; {OWN_WEIGHTS_HINT}"
        return f"{problem}; give your own file with `--weights FILE`"


_entries: dict[str, ModelEntry] = {}


def register(entry: ModelEntry) -> None:
    """Add a model to the registry.

    Raises:
        ValueError: The name is taken.
    """
    if entry.name in _entries:
        raise ValueError(
            f"family {_entries[entry.name].family!r} has already registered a model named {entry.name!r}; use another "
            "name"
        )
    _entries[entry.name] = entry


SHIPPED = Path(__file__).parent / "shipped"


def shipped_checkpoint(folder: str) -> Path:
    """Path of a checkpoint folder in this package."""
    return Path(__file__).parent / folder


def find_model(name: str) -> ModelEntry:
    """Registered model of that name.

    Raises:
        UnknownModel: The registry lacks the name; the message suggests similar ones.
    """
    try:
        return _entries[name]
    except KeyError:
        near = " or ".join(map(repr, _nearest(name)))
        hint = f"did you mean {near}? " if near else ""
        raise UnknownModel(f"no model {name!r}; {hint}`panns models list` shows all {len(_entries)}") from None


def read_config(name: str, plain: Mapping[str, Any]) -> ModelConfig:
    """Read the config of a registered model from plain data, as `config_to_dict` writes it.

    Raises:
        UnknownModel: The registry lacks the name.
        ValueError: The data does not fit the config of that model, or a number is beyond its bound.
    """
    config_class = type(find_model(name).config)
    # A config that contains the config of another model has its own reader, which looks up that type.
    from_plain = getattr(config_class, "from_plain", None)
    config: ModelConfig = from_plain(plain) if from_plain else config_from_dict(config_class, plain, where="config")
    check_bounds(config)
    return config


def is_registered(name: str) -> bool:
    """True if the registry has a model of that name."""
    return name in _entries


def _nearest(name: str) -> list[str]:
    """The most similar names; several if they tie, as mn04_as and mn40_as do for mn4_as."""
    likeness = {known: difflib.SequenceMatcher(None, name.lower(), known).ratio() for known in _entries}
    best = max(likeness.values())
    return sorted(known for known, value in likeness.items() if value == best and value >= 0.6)  # cutoff of difflib


def list_models() -> list[ModelEntry]:
    """All registered models: those shipped in the package first, by name, then the others as they were registered."""
    shipped = sorted((entry for entry in _entries.values() if entry.shipped is not None), key=lambda entry: entry.name)
    return [*shipped, *(entry for entry in _entries.values() if entry.shipped is None)]
