"""The one dictionary of models: what exists, as plain data. Networks are named here and imported only when built."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from panns.config import config_from_dict
from panns.errors import UnknownModel
from panns.models.base import ModelConfig
from panns.models.weights import Weights

# What to do about a model of which no file was ever published.
OWN_HINT = "weights trained here are loaded by their checkpoint's folder, or exported .onnx file, in place of the name"


@dataclass(frozen=True)
class ModelEntry:
    """One registered model.

    Attributes:
        name: The published class name in lower snake case.
        family: Name of the module under `models` that registers it.
        config: Everything its network is built from.
        network: "module:Class" of the network, taking `config`.
        converter: "module:function" from a published state dict to the network's own, None where none is published.
        weights: Where published weights are, None where none were ever published.
        starts_from: Name of a registered model whose published weights this one takes before it is trained, with the
            same answers; None where it starts from nothing.
        about: What sets it apart, in a few words.
        shipped: Folder of its checkpoint inside this package, beside this file; None where the package has none.
    """

    name: str
    family: str
    config: ModelConfig
    network: str
    converter: str | None
    weights: Weights | None
    about: str
    shipped: str | None = None
    starts_from: str | None = None

    @property
    def without_weights(self) -> str:
        """What to say where weights are asked for and none were published."""
        said = f"no weights of {self.name!r} were ever published"
        if self.starts_from is not None:
            return (
                f"{said}; it starts from those of {self.starts_from!r}: `panns models fetch {self.starts_from}` first"
            )
        if self.converter is None:
            return f"{said}; {OWN_HINT}"
        return f"{said}; give a file of your own with `--weights FILE`"


_entries: dict[str, ModelEntry] = {}


def register(entry: ModelEntry) -> None:
    """Add a model.

    Raises:
        ValueError: The name is taken.
    """
    if entry.name in _entries:
        raise ValueError(
            f"a model named {entry.name!r} is registered already, by family {_entries[entry.name].family!r}"
        )
    _entries[entry.name] = entry


def shipped_checkpoint(folder: str) -> Path:
    """Where a checkpoint lies that came with this package."""
    return Path(__file__).parent / folder


def find_model(name: str) -> ModelEntry:
    """The registered model of that name.

    Raises:
        UnknownModel: There is none; the message names the nearest.
    """
    try:
        return _entries[name]
    except KeyError:
        near = " or ".join(map(repr, _nearest(name)))
        hint = f"did you mean {near}? " if near else ""
        raise UnknownModel(f"no model {name!r}; {hint}`panns models list` shows all {len(_entries)}") from None


def read_config(name: str, plain: Mapping[str, Any]) -> ModelConfig:
    """The config of a registered model in plain data, as of `config_to_dict`.

    Raises:
        UnknownModel: There is no such model.
        ValueError: The data is not of a config of that model.
    """
    config_class = type(find_model(name).config)
    # A config that holds one of another model must look for its type itself.
    from_plain = getattr(config_class, "from_plain", None)
    config: ModelConfig = from_plain(plain) if from_plain else config_from_dict(config_class, plain, where="config")
    return config


def is_registered(name: str) -> bool:
    """Whether there is a model of that name."""
    return name in _entries


def _nearest(name: str) -> list[str]:
    """The names most like this one: several if they are equally so, as mn04_as and mn40_as are to mn4_as."""
    likeness = {known: difflib.SequenceMatcher(None, name.lower(), known).ratio() for known in _entries}
    best = max(likeness.values())
    return sorted(known for known, value in likeness.items() if value == best and value >= 0.6)  # difflib's own cutoff


def list_models() -> list[ModelEntry]:
    """Every registered model: what ships with the package first, then in the order of registration."""
    return sorted(_entries.values(), key=lambda entry: entry.shipped is None)
