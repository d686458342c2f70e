"""Settings of a stream in short texts, which a saved state carries and a detector compares."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from pathlib import Path

from panns.checkpoints.checkpoint import TORCH_FILE
from panns.checkpoints.manifest import ModelManifest
from panns.config import config_to_dict
from panns.events import EventConfig
from panns.system.arrays import Array
from panns.system.files import file_digests
from panns.system.json_files import to_json

_ADVICE = {
    "model": "another model or another version of it; load the model of that stream",
    "rates": "another sample rate; pass the sample_rate of that stream",
    "windows": "other windows; pass the windows of that stream",
    "events": "another EventConfig; pass the config of that stream",
    "thresholds": "other thresholds; pass the threshold of that stream",
}


@dataclass(frozen=True)
class StreamSettings:
    """Settings that decide the output of a stream. A state fits only a detector with equal settings.

    Attributes:
        model: Name and digest of the model, for any backend.
        rates: Rate of the input and of the model.
        windows: Blocks or windows of the scorer.
        events: Settings of events.
        thresholds: Digest of the detection thresholds.
    """

    model: str
    rates: str
    windows: str
    events: str
    thresholds: str

    def check(self, other: StreamSettings) -> None:
        """Refuse the settings of a state that does not fit.

        Raises:
            ValueError: A setting differs; the message names it and the remedy.
        """
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            if mine != theirs:
                raise ValueError(
                    f"the state comes from a stream with {_ADVICE[field.name]} ({field.name}: {theirs}, here {mine})"
                )


def model_fingerprint(manifest: ModelManifest, exported: Path | None = None) -> str:
    """Name and digest of a model.

    Args:
        manifest: The model's manifest.
        exported: The exported file, if the model was loaded from one.
    """
    digests = {name: one.sha256 for name, one in manifest.files.items()}
    if TORCH_FILE in digests:
        # The other files of a checkpoint are made from the parameters, some of them later.
        digests = {TORCH_FILE: digests[TORCH_FILE]}
    if exported is not None:
        digests = file_digests(exported)
    plain = [config_to_dict(manifest.config), manifest.input, manifest.activation, manifest.source_sha256, digests]
    return f"{manifest.architecture} {_digest(to_json(plain, sorts_keys=True).encode())}"


def describe_events(config: EventConfig) -> str:
    """Settings of events as a text."""
    return ", ".join(f"{name}={value:.9g}" for name, value in vars(config).items())


def digest_thresholds(thresholds: Array) -> str:
    """Digest of thresholds."""
    return _digest(thresholds.astype("<f4").tobytes())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
