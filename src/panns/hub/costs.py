"""Costs of the registered models, from `costs.json`, which `benchmarks/models.py` writes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from panns.system.json_files import parse_json

COSTS_FILE = Path(__file__).with_name("costs.json")


@dataclass(frozen=True)
class Cost:
    """Costs of one model.

    Attributes:
        n_parameters: Number of trainable parameters.
        multiply_adds: Multiply-adds of the network for 10 s of sound, without the log-mel.
        n_bytes: Size of the `.onnx` file.
        cpu_ms: Milliseconds from 10 s of waveform to scores, with ONNX Runtime on one thread of `measured_on()`.
        measured_on: Processor and date of `cpu_ms`, if they differ from `measured_on()`.
    """

    n_parameters: int
    multiply_adds: int
    n_bytes: int
    cpu_ms: float
    measured_on: str | None = None


def cost_of(name: str) -> Cost | None:
    """Costs of a registered model; None if they were not measured."""
    cost = _read()["models"].get(name)
    return None if cost is None else Cost(**cost)


def measured_on() -> str:
    """Processor and date of the measurements."""
    record = _read()
    return f"{record['processor']}, {record['date']}"


@lru_cache(maxsize=1)
def _read() -> dict[str, Any]:
    record: dict[str, Any] = parse_json(COSTS_FILE.read_text(encoding="utf-8"))
    return record
