"""Everything this package raises on purpose; each message says what was given, what is allowed, what to do.

    PannsError
    ├── AudioDecodeError   (ValueError)    the sound cannot be read, or is not what a sound file may be
    ├── UnknownModel       (LookupError)   no registered model and no checkpoint of that name
    ├── UnknownLabel       (LookupError)   a label set has no such label
    ├── DataError          (ValueError)    a manifest or folder of clips says what cannot be, or cannot be used as asked
    ├── CheckpointError    (ValueError)    a weights file or checkpoint is damaged, foreign or does not fit
    ├── WeightsMissing     (LookupError)   a registered model whose weights are not on this machine
    ├── DownloadError      (OSError)       weights could not be fetched
    ├── SettingsError      (ValueError)    a settings file, or a setting in it, asks for what cannot be
    ├── TrainingError      (ArithmeticError)  a training has left the finite numbers
    ├── MissingExtra       (ImportError)   an optional package is not installed
    ├── DeviceUnavailable  (RuntimeError)  the device asked for, one that computes or records, is not on this machine
    └── Overloaded         (RuntimeError)  more is asked than can be answered in time

A wrong argument is a plain `ValueError` or `TypeError`.
"""

from __future__ import annotations


class PannsError(Exception):
    """Base of every error of this package."""


class AudioDecodeError(PannsError, ValueError):
    """The sound cannot be read."""


class UnknownModel(PannsError, LookupError):
    """No model of that name."""


class UnknownLabel(PannsError, LookupError):
    """No label of that name."""


class DataError(PannsError, ValueError):
    """A manifest or folder of clips says what cannot be, or cannot be used as asked."""


class CheckpointError(PannsError, ValueError):
    """A checkpoint or weights file is damaged, foreign or does not fit."""


class WeightsMissing(PannsError, LookupError):
    """The model is known, its weights are not on this machine."""


class DownloadError(PannsError, OSError):
    """Weights could not be fetched."""


class DeviceUnavailable(PannsError, RuntimeError):
    """The device asked for is not on this machine."""


class Overloaded(PannsError, RuntimeError):
    """More is asked than can be answered in time."""


class SettingsError(PannsError, ValueError):
    """A setting is unknown, missing or impossible."""


class TrainingError(PannsError, ArithmeticError):
    """A training has left the finite numbers."""


class MissingExtra(PannsError, ImportError):
    """An optional package is not installed."""

    def __init__(self, what: str, *, package: str, extra: str) -> None:
        """Say that `what` needs `package`, which comes with the extra `extra`."""
        super().__init__(f"{what} needs the package {package!r}; install it with: pip install 'panns-audio[{extra}]'")
        self.extra = extra
