"""The processes that train one network: this one alone, or several that `torchrun` starts, one for each GPU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed

ValueT = TypeVar("ValueT")

# The first process checks and decodes a large data set while the others wait; torchrun ends them if it dies.
_LONGEST_WAIT = timedelta(hours=24)


@dataclass(frozen=True)
class World:
    """The processes that train one network, as one of them sees it.

    Attributes:
        rank: Number of this process, from 0.
        size: Number of processes.
        device: Device of this process, such as "cpu" or "cuda:1".
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def is_first(self) -> bool:
        """True for the process that writes files and shows progress."""
        return self.rank == 0

    @property
    def device_type(self) -> str:
        """Type of the device, without its number."""
        return self.device.partition(":")[0]

    def sum(self, values: Tensor) -> Tensor:
        """Sum values over all processes, in place."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def any(self, value: bool) -> bool:
        """True if the value is true in one of the processes."""
        if self.size == 1:
            return value
        return bool(self.sum(torch.tensor(float(value), device=self.device)).item())

    def wait(self) -> None:
        """Wait until every process calls this."""
        if self.size > 1:
            distributed.barrier()

    @contextmanager
    def first_process_first(self) -> Iterator[None]:
        """Run a block in the first process while the others wait, then in the others: for files that one makes."""
        if not self.is_first:
            self.wait()
        yield
        if self.is_first:
            self.wait()

    def broadcast(self, value: ValueT) -> ValueT:
        """The value of the first process, in every process."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0, device=torch.device(self.device))
        return box[0]


def is_first_process() -> bool:
    """True if this process shows progress and results, also outside of `join_world`."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def join_world(device: str) -> Iterator[World]:
    """Join the processes that `torchrun` started, or train alone.

    Args:
        device: "cpu" or "cuda"; with "cuda" every process takes the GPU of its local rank.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield World(device=device)
        return
    rank, local_rank = int(os.environ["RANK"]), int(os.environ["LOCAL_RANK"])
    if device == "cuda":
        torch.cuda.set_device(local_rank)
        device = f"cuda:{local_rank}"
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=_LONGEST_WAIT)
    try:
        yield World(rank, distributed.get_world_size(), device)
    finally:
        distributed.destroy_process_group()
