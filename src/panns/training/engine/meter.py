"""Means of losses and speeds over several steps of a training."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from panns.errors import TrainingError
from panns.training.engine.batch import Batch
from panns.training.engine.distributed import World


class Meter:
    """Means over the steps since the last summary."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sums: dict[str, Tensor] = {}
        self._n_steps = self._n_clips = 0
        self._since_s = time.monotonic()
        self._waited_s = 0.0

    def add(self, values: dict[str, Tensor], n_clips: int) -> None:
        """Add a step.

        Args:
            values: Scalars by name, on any device.
            n_clips: Number of clips in the batch of this process.
        """
        # The sums stay on the device: reading a number would make the processor wait for the GPU in every step.
        for name, value in values.items():
            self._sums[name] = self._sums.get(name, torch.zeros_like(value)) + value
        self._n_steps += 1
        self._n_clips += n_clips

    def time_waits(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Yield the batches, and add up the time spent waiting for them."""
        while True:
            start_s = time.monotonic()
            batch = next(batches, None)
            self._waited_s += time.monotonic() - start_s
            if batch is None:
                return
            yield batch

    def summarise(self, done: int) -> dict[str, float]:
        """Means, clips a second and the share of time spent waiting, since the last summary; `done` steps in all."""
        self.check_loss(done)
        means = self._world.sum(torch.stack(list(self._sums.values()))) / (self._n_steps * self._world.size)
        duration_s = time.monotonic() - self._since_s
        summary = dict(zip(self._sums, means.tolist(), strict=True)) | {
            "clips_per_s": self._n_clips * self._world.size / duration_s,
            "waiting_share": self._waited_s / duration_s,
        }
        self._sums, self._n_steps, self._n_clips = {}, 0, 0
        self._since_s, self._waited_s = time.monotonic(), 0.0
        return summary

    def state(self) -> dict[str, Any]:
        """Sums since the last summary, as a share of each process, to continue from after an interruption."""
        if not self._sums:
            return {"sums": {}, "n_steps": 0, "n_clips": 0}
        totals = self._world.sum(torch.stack(list(self._sums.values()))) / self._world.size
        sums = dict(zip(self._sums, totals.cpu(), strict=True))
        return {"sums": sums, "n_steps": self._n_steps, "n_clips": self._n_clips}

    def resume(self, state: dict[str, Any] | None) -> None:
        """Go on from the sums of `state`; None for none."""
        if state is not None:
            self._sums = {name: value.to(self._world.device) for name, value in state["sums"].items()}
            self._n_steps, self._n_clips = state["n_steps"], state["n_clips"]

    def check_loss(self, done: int) -> None:
        """Refuse a loss that is not finite.

        Raises:
            TrainingError: A step since the last summary had a loss of infinity or NaN.
        """
        loss = self._sums.get("loss")
        if loss is not None and not torch.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss.item()} in one of the steps {done - self._n_steps + 1} to {done}; "
                "lower optim.lr or optim.max_grad_norm, or use precision='float32'"
            )
