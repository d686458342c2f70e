"""What the registered models cost, as `benchmarks/models.py` counted and measured it, from `costs.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

COSTS_FILE = Path(__file__).with_name("costs.json")


@dataclass(frozen=True)
class Cost:
    """Of one model.

    Attributes:
        n_parameters: What training changes.
        multiply_adds: Of the network for 10 s of sound, without its log-mel.
        n_bytes: Size of the `.onnx` file.
        cpu_ms: For 10 s of sound from the waveform to scores: ONNX Runtime, one thread of `measured_on()`.
        measured_on: The processor and the date, where these are not those of `measured_on()`.
    """

    n_parameters: int
    multiply_adds: int
    n_bytes: int
    cpu_ms: float
    measured_on: str | None = None


def cost_of(name: str) -> Cost | None:
    """The cost of a registered model; None where it was not measured."""
    cost = _read()["models"].get(name)
    return None if cost is None else Cost(**cost)


def measured_on() -> str:
    """The processor and the date of the measurement."""
    record = _read()
    return f"{record['processor']}, {record['date']}"


@lru_cache(maxsize=1)
def _read() -> dict[str, Any]:
    record: dict[str, Any] = json.loads(COSTS_FILE.read_text(encoding="utf-8"))
    return record
