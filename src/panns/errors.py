"""Errors that this package raises. Each message says what was given, what is allowed and what to do.

    PannsError
    ├── AudioDecodeError   (ValueError)       a sound cannot be decoded
    ├── UnknownModel       (LookupError)      a model name is unknown
    ├── UnknownLabel       (LookupError)      a label is not in the label set
    ├── DataError          (ValueError)       a clip list or a folder of clips is invalid
    ├── CheckpointError    (ValueError)       a checkpoint or a weights file is damaged or does not fit
    ├── WeightsMissing     (LookupError)      the weights of a registered model are not on this machine
    ├── DownloadError      (OSError)          a download failed
    ├── SettingsError      (ValueError)       a setting is unknown, missing or invalid
    ├── TrainingError      (ArithmeticError)  the loss or the weights are no longer finite
    ├── MissingExtra       (ImportError)      an optional package is not installed
    ├── DeviceUnavailable  (RuntimeError)     a compute device or a microphone is not available
    └── Overloaded         (RuntimeError)     processing cannot keep up with the input

A wrong argument is a plain `ValueError` or `TypeError`.
"""

from __future__ import annotations


class PannsError(Exception):
    """Base of every error of this package."""


class AudioDecodeError(PannsError, ValueError):
    """A sound cannot be decoded."""


class UnknownModel(PannsError, LookupError):
    """A model name is unknown."""


class UnknownLabel(PannsError, LookupError):
    """A label is not in the label set."""


class DataError(PannsError, ValueError):
    """A clip list or a folder of clips is invalid."""


class CheckpointError(PannsError, ValueError):
    """A checkpoint or a weights file is damaged or does not fit."""


class WeightsMissing(PannsError, LookupError):
    """The weights of a registered model are not on this machine."""


class DownloadError(PannsError, OSError):
    """A download failed."""


class DeviceUnavailable(PannsError, RuntimeError):
    """A compute device or a microphone is not available."""


class Overloaded(PannsError, RuntimeError):
    """Processing cannot keep up with the input."""


class SettingsError(PannsError, ValueError):
    """A setting is unknown, missing or invalid."""


class TrainingError(PannsError, ArithmeticError):
    """The loss or the weights are no longer finite."""


class MissingExtra(PannsError, ImportError):
    """An optional package is not installed."""

    def __init__(self, what: str, *, package: str, extra: str) -> None:
        """Say that `what` needs `package`, which comes with the extra `extra`."""
        super().__init__(f"{what} needs the package {package!r}; install it with: pip install 'panns-audio[{extra}]'")
        self.extra = extra


def one_line(error: BaseException) -> str:
    """Message of a library's error, for use within a sentence."""
    return " ".join(str(error).split())
