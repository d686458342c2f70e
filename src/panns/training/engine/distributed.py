"""One process, or several that train one network together: started by `torchrun`, a process for each GPU."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import Tensor, distributed

Anything = TypeVar("Anything")

# The first process reads and decodes the clips of a large set while the others wait; if it dies, torchrun ends them.
_LONGEST_WAIT = timedelta(hours=24)


@dataclass(frozen=True)
class World:
    """Which of the processes this is.

    Attributes:
        rank: From 0.
        size: How many there are.
        device: Where this one computes.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes and speaks."""
        return self.rank == 0

    @property
    def device_type(self) -> str:
        """The kind of device, without its number."""
        return self.device.partition(":")[0]

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, in place."""
        if self.size > 1:
            distributed.all_reduce(values)
        return values

    def wait(self) -> None:
        """Go on when all processes are here."""
        if self.size > 1:
            distributed.barrier()

    def of_first(self, value: Anything) -> Anything:
        """What the first process holds."""
        if self.size == 1:
            return value
        box = [value]
        distributed.broadcast_object_list(box, src=0, device=torch.device(self.device))
        return box[0]


def is_first_process() -> bool:
    """Whether this process is the one that speaks, also before and after it trains with others."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def joined_world(device: str) -> Iterator[World]:
    """The processes that `torchrun` started, or this one alone.

    Args:
        device: "cpu" or "cuda", of which every process takes the one with its number on the machine.
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
