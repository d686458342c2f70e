"""What a backend offers, and which one runs a checkpoint."""

from __future__ import annotations

import os
from typing import Literal, Protocol, get_args

from panns.results import Array, Scores

BackendName = Literal["onnx", "torch", "openvino"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
DEVICES = ("auto", "cpu", "cuda", "mps")


class Backend(Protocol):
    """A checkpoint that is ready to run. May be called from many threads at once.

    Attributes:
        device: Where it runs: "cpu", "cuda" or "mps".
        input: What it reads: "features", a log-mel `(batch, frames, mels)`, or "waveform", `(batch, samples)`.
    """

    device: str
    input: Literal["features", "waveform"]

    def __call__(self, batch: Array) -> Scores:
        """The scores of a batch."""


def scores_from_fields(names: list[str], arrays: list[Array]) -> Scores:
    """Scores from the named outputs of an ONNX graph."""
    fields = dict(zip(names, arrays, strict=True))
    return Scores(fields["clip_probs"], fields.get("frame_probs"), fields.get("embedding"))


def n_threads_or_all(n_threads: int | None) -> int:
    """The number of threads to compute with: as asked, else every core this process may use.

    Raises:
        ValueError: Fewer than one.
    """
    if n_threads is not None and n_threads < 1:
        raise ValueError(f"n_threads={n_threads} must be at least 1, or None for all cores")
    if n_threads is not None:
        return n_threads
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
