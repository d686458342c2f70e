"""CPU cores available to this process."""

from __future__ import annotations

import os


def n_cores() -> int:
    """Number of CPU cores that this process may use; an affinity mask can leave fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
