"""What the steps of a training have come to since the last line of the metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch import Tensor

from panns.errors import TrainingError
from panns.training.engine.batch import Batch
from panns.training.engine.distributed import World


class Meter:
    """Means over the steps since the last line of the metrics.

    Attributes:
        latest: The last line.
    """

    def __init__(self, world: World) -> None:
        self.latest: dict[str, float] = {}
        self._world = world
        self._sums: dict[str, Tensor] = {}
        self._n_steps = self._n_clips = 0
        self._since_s = time.monotonic()
        self._waited_s = 0.0

    def add(self, values: dict[str, Tensor], n_clips: int) -> None:
        """Note a step.

        Args:
            values: By name, one number each, wherever they were computed.
            n_clips: In the batch, of this process.
        """
        # The sums stay on the device: asking for a number would make the processor wait for the GPU in every step.
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value
        self._n_steps += 1
        self._n_clips += n_clips

    def waiting_for(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same batches; how long each was waited for is noted."""
        while True:
            begun_s = time.monotonic()
            batch = next(batches, None)
            self._waited_s += time.monotonic() - begun_s
            if batch is None:
                return
            yield batch

    def mean(self, done: int) -> dict[str, float]:
        """The line after so many steps."""
        self.check(done)
        means = self._world.sum(torch.stack(list(self._sums.values()))) / (self._n_steps * self._world.size)
        duration_s = time.monotonic() - self._since_s
        self.latest = dict(zip(self._sums, means.tolist(), strict=True)) | {
            "clips_per_s": self._n_clips * self._world.size / duration_s,
            "waiting_share": self._waited_s / duration_s,
        }
        self._sums, self._n_steps, self._n_clips = {}, 0, 0
        self._since_s, self._waited_s = time.monotonic(), 0.0
        return dict(self.latest)

    def check(self, done: int) -> None:
        """Raise an error if the loss of a step since the last line was no finite number."""
        loss = self._sums.get("loss")
        if loss is not None and not torch.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss.item()} in one of the steps {done - self._n_steps + 1} to {done}; "
                "lower optim.lr or optim.max_grad_norm, or use precision='float32'"
            )
