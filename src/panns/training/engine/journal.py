"""What is written down while a network learns: `metrics.jsonl`, and the same for TensorBoard."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING

from panns.system.extras import require
from panns.system.files import replacing

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

logger = logging.getLogger(__name__)

METRICS_FILE = "metrics.jsonl"
TENSORBOARD_FOLDER = "tensorboard"


class Journal:
    """One JSON object a line; lines after the step that is resumed from are dropped.

    Args:
        folder: Where to.
        first: The step that is resumed from.
        tensorboard: Whether to write event files for TensorBoard too.
    """

    def __init__(self, folder: Path, first: int, *, tensorboard: bool = False) -> None:
        self._path = folder / METRICS_FILE
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.is_file() else []
        # A process that was killed may have left half a last line.
        kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= first]
        with replacing(self._path) as partial:
            partial.write_text("".join(line + "\n" for line in kept), encoding="utf-8")
        self._writer = _tensorboard(folder / TENSORBOARD_FOLDER, first) if tensorboard else None

    def write(self, step: int, values: dict[str, float]) -> None:
        """Note what is known after so many steps."""
        line = {"step": step, **{name: _number(value) for name, value in values.items()}}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        logger.info("%s", line)
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write out what is left."""
        if self._writer is not None:
            self._writer.close()


def _number(value: float) -> float | None:
    """So many digits as are of use; None for what JSON has no word for, such as an overflow in half precision."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _tensorboard(folder: Path, first: int) -> SummaryWriter:
    require("tensorboard", what="writing for TensorBoard", extra="train")
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=first)
