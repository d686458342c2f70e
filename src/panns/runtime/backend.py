"""The interface of backends, and the checks that they share."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol, get_args

from panns.checkpoints.checkpoint import Checkpoint
from panns.checkpoints.manifest import STATE, ModelManifest
from panns.errors import CheckpointError
from panns.frontend import InputName
from panns.results import Scores
from panns.system.arrays import Array
from panns.system.cores import n_cores

BackendName = Literal["onnx", "torch", "openvino"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
DEVICES = ("auto", "cpu", "cuda", "mps")


class Backend(Protocol):
    """A checkpoint that is ready to run. Many threads may call it at once.

    Attributes:
        device: Its device: "cpu", "cuda" or "mps".
        inputs: Its inputs, in order: "features", a log-mel `(batch, frames, mels)`, "waveform", `(batch, samples)`, or
            both.
        state_size: Numbers in the state of one stream; 0 for a model without a state.
    """

    device: str
    inputs: tuple[InputName, ...]
    state_size: int

    def __call__(self, *batch: Array) -> Scores:
        """Score a batch: one array for each of `inputs`."""

    def step(self, batch: Array, state: Array) -> tuple[Scores, Array]:
        """Score the next blocks of streams, for a model with a state.

        Args:
            batch: Whole blocks for the single one of `inputs`.
            state: `(batch, state_size)`, zeros at the start of a stream.

        Returns:
            The scores, and the next state.
        """


def scores_from_fields(names: list[str], arrays: list[Array]) -> Scores:
    """Scores from named arrays."""
    fields = dict(zip(names, arrays, strict=True))
    return Scores(
        fields["clip_probs"],
        fields.get("frame_probs"),
        fields.get("embedding"),
        patch_weights=fields.get("patch_weights"),
    )


def check_graph(path: Path, checkpoint: Checkpoint, inputs: list[str], outputs: list[str]) -> None:
    """Check that an ONNX graph has the inputs and outputs of its manifest.

    Raises:
        CheckpointError: Its inputs or outputs differ.
    """
    state = () if checkpoint.manifest.streaming is None else (STATE,)
    expected_inputs, expected = (*checkpoint.onnx_inputs, *state), checkpoint.manifest.onnx_outputs
    if tuple(inputs) != expected_inputs or outputs != expected:
        raise CheckpointError(
            f"{path} has the inputs {', '.join(inputs)} and outputs {', '.join(outputs)}, but its manifest lists "
            f"{', '.join(expected_inputs)} and {', '.join(expected)}; export it again"
        )


def choose_n_threads(n_threads: int | None, manifest: ModelManifest) -> int:
    """Number of threads of one call; None means all cores, or one for a model with a state.

    A block of 40 ms is too small to divide: threads would spin while they wait for each other.
    """
    if n_threads is not None:
        return n_threads
    return n_cores() if manifest.streaming is None else 1


def check_choices(backend: str, device: str, n_threads: int | None) -> None:
    """Refuse an invalid backend, device or number of threads before anything is loaded or converted.

    Raises:
        ValueError: An unknown backend or device, or an invalid number of threads.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r} is not one of {', '.join(BACKENDS)}")
    if device not in DEVICES:
        raise ValueError(f"device={device!r} is not one of {', '.join(DEVICES)}")
    if n_threads is not None and (not isinstance(n_threads, int) or isinstance(n_threads, bool) or n_threads < 1):
        raise ValueError(f"n_threads={n_threads!r} must be a whole number of at least 1, or None for all cores")
