"""Metrics of a training: `metrics.jsonl`, and event files for TensorBoard."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING

from panns.system.extras import require
from panns.system.files import replacing
from panns.system.json_files import parse_json, to_json

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

logger = logging.getLogger(__name__)

METRICS_FILE = "metrics.jsonl"
TENSORBOARD_FOLDER = "tensorboard"


class Journal:
    """Writer of metrics, one JSON object a line; a resumed run drops the lines after its first step.

    Args:
        folder: The folder of the run.
        first: Steps done before.
        tensorboard: True to write event files for TensorBoard too.
        is_kept: False in all processes but the first; nothing is written then.
    """

    def __init__(self, folder: Path, first: int, *, tensorboard: bool = False, is_kept: bool = True) -> None:
        self._is_kept, self._writer = is_kept, None
        if not is_kept:
            return
        self._path = folder / METRICS_FILE
        lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines() if self._path.is_file() else []
        # A killed process may leave half a line at the end.
        kept = [line for line in lines if (step := _step_of(line)) is not None and step <= first]
        with replacing(self._path) as partial:
            partial.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
        self._writer = _open_tensorboard(folder / TENSORBOARD_FOLDER, first) if tensorboard else None

    def write(self, step: int, values: dict[str, float]) -> None:
        """Write metrics after `step` steps."""
        if not self._is_kept:
            return
        line = {"step": step, **{name: _round(value) for name, value in values.items()}}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(to_json(line) + "\n")
        logger.info("%s", line)
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write pending events."""
        if self._writer is not None:
            self._writer.close()


def _step_of(line: str) -> int | None:
    """Step of a line of metrics; None for a damaged line."""
    try:
        step = parse_json(line)["step"]
    except (ValueError, KeyError, TypeError):
        return None
    return step if isinstance(step, int) else None


def _round(value: float) -> float | None:
    """Six digits; None for infinity and NaN, which JSON lacks and an overflow in half precision gives."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _open_tensorboard(folder: Path, first: int) -> SummaryWriter:
    require("tensorboard", what="writing event files for TensorBoard", extra="train")
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=first)
