"""Hear what is in a sound: tag, detect, embed, train and export audio pattern recognition models.

The names in `__all__` are the public interface. Each is imported on first use, so `import panns` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from panns.version import __version__

if TYPE_CHECKING:
    from panns.audio import DecodeLimits
    from panns.default_models import detect, embed, listen, tag
    from panns.detection import WindowConfig
    from panns.detection.detector import Detector
    from panns.detection.state import StreamState
    from panns.detection.stream import Stream, push_all
    from panns.errors import (
        AudioDecodeError,
        CheckpointError,
        DataError,
        DeviceUnavailable,
        DownloadError,
        MissingExtra,
        Overloaded,
        PannsError,
        SettingsError,
        TrainingError,
        UnknownLabel,
        UnknownModel,
        WeightsMissing,
    )
    from panns.events import EventConfig
    from panns.models import list_models
    from panns.recognizer import Recognizer, load
    from panns.results import Detection, Embedding, Event, Scores, SoundFrames, StreamScores, Tag, Tagging, TagWindow

_HOMES = {
    "panns.audio": ("DecodeLimits",),
    "panns.errors": (
        "AudioDecodeError",
        "CheckpointError",
        "DataError",
        "DeviceUnavailable",
        "DownloadError",
        "MissingExtra",
        "Overloaded",
        "PannsError",
        "SettingsError",
        "TrainingError",
        "UnknownLabel",
        "UnknownModel",
        "WeightsMissing",
    ),
    "panns.events": ("EventConfig",),
    "panns.models": ("list_models",),
    "panns.recognizer": ("Recognizer", "load"),
    "panns.default_models": ("detect", "embed", "listen", "tag"),
    "panns.results": (
        "Detection",
        "Embedding",
        "Event",
        "Scores",
        "SoundFrames",
        "StreamScores",
        "Tag",
        "TagWindow",
        "Tagging",
    ),
    "panns.detection": ("WindowConfig",),
    "panns.detection.detector": ("Detector",),
    "panns.detection.state": ("StreamState",),
    "panns.detection.stream": ("Stream", "push_all"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [  # noqa: RUF022 - a type checker needs the literal list; a test compares it with _HOMES
    "__version__",
    "load",
    "tag",
    "detect",
    "embed",
    "listen",
    "list_models",
    "Recognizer",
    "Tagging",
    "Tag",
    "TagWindow",
    "Detection",
    "Event",
    "EventConfig",
    "WindowConfig",
    "SoundFrames",
    "Stream",
    "Detector",
    "push_all",
    "StreamScores",
    "StreamState",
    "Embedding",
    "Scores",
    "DecodeLimits",
    "PannsError",
    "AudioDecodeError",
    "CheckpointError",
    "DataError",
    "DeviceUnavailable",
    "DownloadError",
    "MissingExtra",
    "Overloaded",
    "SettingsError",
    "TrainingError",
    "UnknownLabel",
    "UnknownModel",
    "WeightsMissing",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'panns' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
