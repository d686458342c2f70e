"""What a backend offers, and which one runs a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol, get_args

from panns.checkpoints.checkpoint import Checkpoint
from panns.checkpoints.manifest import STATE
from panns.errors import CheckpointError
from panns.frontend import InputName
from panns.results import Array, Scores
from panns.system.cores import n_cores

BackendName = Literal["onnx", "torch", "openvino"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
DEVICES = ("auto", "cpu", "cuda", "mps")


class Backend(Protocol):
    """A checkpoint that is ready to run. May be called from many threads at once.

    Attributes:
        device: Where it runs: "cpu", "cuda" or "mps".
        inputs: What it reads, in order: "features", a log-mel `(batch, frames, mels)`, "waveform", `(batch, samples)`,
            or both.
        state_size: Numbers in the state of one stream, 0 at its start; 0 where the model has no state.
    """

    device: str
    inputs: tuple[InputName, ...]
    state_size: int

    def __call__(self, *batch: Array) -> Scores:
        """The scores of a batch: one array for each of `inputs`."""

    def step(self, batch: Array, state: Array) -> tuple[Scores, Array]:
        """The scores of the next stretch of streams, for a model that has a state.

        Args:
            batch: For the one of `inputs`: whole blocks.
            state: `(batch, state_size)`.

        Returns:
            The scores, and the state after them.
        """


def scores_from_fields(names: list[str], arrays: list[Array]) -> Scores:
    """Scores from arrays by name."""
    fields = dict(zip(names, arrays, strict=True))
    return Scores(
        fields["clip_probs"],
        fields.get("frame_probs"),
        fields.get("embedding"),
        patch_weights=fields.get("patch_weights"),
    )


def check_graph(path: Path, checkpoint: Checkpoint, inputs: list[str], outputs: list[str]) -> None:
    """Make sure that an ONNX graph is the one that its manifest describes.

    Raises:
        CheckpointError: Its inputs or outputs are others.
    """
    state = () if checkpoint.manifest.streaming is None else (STATE,)
    expected_inputs, expected = (*checkpoint.onnx_inputs, *state), checkpoint.manifest.onnx_outputs
    if tuple(inputs) != expected_inputs or outputs != expected:
        raise CheckpointError(
            f"{path} reads {', '.join(inputs)} and gives {', '.join(outputs)}, where its manifest says "
            f"{', '.join(expected_inputs)} and {', '.join(expected)}; export it again"
        )


def n_threads_or_all(n_threads: int | None) -> int:
    """The number of threads to compute with: as asked, else every core this process may use."""
    return n_cores() if n_threads is None else n_threads


def check_choices(backend: str, device: str, n_threads: int | None) -> None:
    """Refuse what no backend offers, before anything is loaded or converted.

    Raises:
        ValueError: An unknown backend or device, or a number of threads that is none.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r} is not one of {', '.join(BACKENDS)}")
    if device not in DEVICES:
        raise ValueError(f"device={device!r} is not one of {', '.join(DEVICES)}")
    if n_threads is not None and (not isinstance(n_threads, int) or isinstance(n_threads, bool) or n_threads < 1):
        raise ValueError(f"n_threads={n_threads!r} must be a whole number of at least 1, or None for all cores")
