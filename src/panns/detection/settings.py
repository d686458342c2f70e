"""What a stream's state depends on, in words that are compared before anything goes on from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path

from panns.checkpoints.checkpoint import TORCH_FILE
from panns.checkpoints.manifest import ModelManifest
from panns.config import config_to_dict
from panns.events import EventConfig
from panns.results import Array
from panns.system.files import file_digests

_WHAT_TO_DO = {
    "model": "another model or another version of it; load the one that it was made with",
    "rates": "another sample rate; give the sample_rate that it was made with",
    "windows": "other windows; give the windows that it was made with",
    "events": "another EventConfig; give the config that it was made with",
    "thresholds": "other thresholds; give the threshold that it was made with",
}


@dataclass(frozen=True)
class StreamSettings:
    """Everything but its past that decides what a stream answers; states go on only where all of it is the same.

    Attributes:
        model: Name and digest of the model, whatever backend runs it.
        rates: Of what comes in and of the model.
        windows: In which blocks or windows the model hears.
        events: What makes an event.
        thresholds: Digest of the probabilities from which classes sound.
    """

    model: str
    rates: str
    windows: str
    events: str
    thresholds: str

    def check(self, theirs: StreamSettings) -> None:
        """Refuse the settings of a state that cannot go on with these.

        Raises:
            ValueError: One differs; the message says which, and what to do.
        """
        for field in fields(self):
            own, other = getattr(self, field.name), getattr(theirs, field.name)
            if own != other:
                raise ValueError(
                    f"the state is of a stream with {_WHAT_TO_DO[field.name]} ({field.name}: {other}, here {own})"
                )


def model_fingerprint(manifest: ModelManifest, exported: Path | None = None) -> str:
    """Name and digest of a model.

    Args:
        manifest: Of the model.
        exported: The file that it is, if it is one.
    """
    # The other files of a folder are made of the parameters, some of them later.
    digests = {name: one.sha256 for name, one in manifest.files.items()}
    if TORCH_FILE in digests:
        digests = {TORCH_FILE: digests[TORCH_FILE]}
    if exported is not None:
        digests = file_digests(exported)
    plain = [config_to_dict(manifest.config), manifest.input, manifest.activation, manifest.source_sha256, digests]
    return f"{manifest.architecture} {_digest(json.dumps(plain, sort_keys=True).encode())}"


def words_of_events(config: EventConfig) -> str:
    """What makes an event."""
    return ", ".join(f"{name}={value:.9g}" for name, value in vars(config).items())


def words_of_thresholds(thresholds: Array) -> str:
    """Digest of thresholds."""
    return _digest(thresholds.astype("<f4").tobytes())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
