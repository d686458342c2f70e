"""Bounds on the numbers of a config, because a checkpoint may come from anywhere.

A config decides how much memory and time a network and a front end take before a single weight is compared. The bounds
are far beyond every published model: ten times the largest number of each kind, or more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from panns.models.base import ModelConfig, StreamingConfig

MAX_CLASSES = 100_000
MAX_STATE = 10_000_000  # numbers in the state of one stream, 40 MB
_MAX_NUMBER = 100_000  # channels, widths, depths, heads
_MAX_MEMBERS = 32  # values of a tuple, such as the channels of all blocks
_MAX_OF = {
    "sample_rate": 4_000_000,
    "n_fft": 1 << 18,
    "window_samples": 1 << 18,
    "hop_samples": 1 << 20,
    "f_min_hz": 2_000_000,
    "f_max_hz": 2_000_000,
    "n_mels": 2048,
    "n_classes": MAX_CLASSES,
    "depth": 200,
    "depths": 200,
    "n_convs": 200,
    "n_poolings": 32,
    "n_recurrent": 32,
    "n_time_strides": 32,
    "n_members": 100,
    "n_kernels": 100,
    "n_heads": 1024,
    "mlp_ratio": 64,
    "width": 20,
    "memory_s": 3600,
}
_MAX_FILTERS = 1 << 26  # values of the mel filters, 256 MB


def check_bounds(config: ModelConfig) -> None:
    """Refuse a config that no machine could run.

    Raises:
        ValueError: A number is beyond its bound.
    """
    for name, value in _numbers(config):
        limit = _MAX_OF.get(name.rpartition(".")[2], _MAX_NUMBER)
        if not -limit <= value <= limit:  # False for NaN
            raise ValueError(f"{name}={value:g} is beyond the bound of {limit:,}")
    log_mel = config.frontend.log_mel
    if log_mel is not None and log_mel.n_mels * (log_mel.n_fft // 2 + 1) > _MAX_FILTERS:
        raise ValueError(
            f"n_mels={log_mel.n_mels} and n_fft={log_mel.n_fft} give more than {_MAX_FILTERS:,} filter values"
        )
    if isinstance(config, StreamingConfig) and not 0 <= config.state_size + config.n_overlap <= MAX_STATE:
        raise ValueError(f"a state of {config.state_size:,} numbers is beyond the bound of {MAX_STATE:,}")


def _numbers(config: Any, prefix: str = "") -> Iterator[tuple[str, float]]:  # noqa: ANN401 - any dataclass
    """Dotted name and value of every number in a config and the configs inside it."""
    for field in fields(config):
        name, value = f"{prefix}{field.name}", getattr(config, field.name)
        values = value if isinstance(value, tuple) else (value,)
        if len(values) > _MAX_MEMBERS:
            raise ValueError(f"{name} has {len(values):,} values, more than {_MAX_MEMBERS}")
        for one in values:
            if is_dataclass(one) and not isinstance(one, type):
                yield from _numbers(one, f"{name}.")
            elif isinstance(one, int | float) and not isinstance(one, bool):
                yield name, one
