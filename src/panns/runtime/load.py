"""Load a checkpoint on a backend."""

from __future__ import annotations

from panns.checkpoints.checkpoint import Checkpoint
from panns.checkpoints.manifest import ModelManifest
from panns.runtime.backend import Backend, BackendName, check_choices
from panns.runtime.model import ClipModel, Model
from panns.runtime.streaming_model import StreamingModel


def load_model(
    checkpoint: Checkpoint, *, backend: BackendName = "onnx", device: str = "auto", n_threads: int | None = None
) -> Model:
    """Load a checkpoint.

    Args:
        checkpoint: The checkpoint.
        backend: "onnx" (the default), "torch" or "openvino".
        device: "auto", "cpu", "cuda" or "mps".
        n_threads: Threads for one call; None for all cores, or one for a model with a state.

    Raises:
        ValueError: An unknown backend or device, or an invalid number of threads.
        DeviceUnavailable: The device is missing on this machine, or the backend does not support it.
        MissingExtra: The backend is not installed.
        CheckpointError: The checkpoint's file for this backend is missing or damaged.
    """
    check_choices(backend, device, n_threads)
    return make_model(checkpoint.manifest, _start(checkpoint, backend, device, n_threads))


def make_model(manifest: ModelManifest, backend: Backend) -> Model:
    """The model of a manifest on a started backend."""
    return ClipModel(manifest, backend) if manifest.streaming is None else StreamingModel(manifest, backend)


def _start(checkpoint: Checkpoint, backend: BackendName, device: str, n_threads: int | None) -> Backend:
    if backend == "onnx":
        from panns.runtime.onnx_backend import OnnxBackend

        return OnnxBackend(checkpoint, device, n_threads)
    if backend == "openvino":
        from panns.runtime.openvino_backend import OpenVinoBackend

        return OpenVinoBackend(checkpoint, device, n_threads)
    from panns.runtime.torch_backend import TorchBackend

    return TorchBackend.load(checkpoint, device, n_threads)
