"""Which backend runs a checkpoint."""

from __future__ import annotations

from panns.checkpoints.checkpoint import Checkpoint
from panns.runtime.backend import Backend, BackendName, check_choices
from panns.runtime.model import Model


def load_model(
    checkpoint: Checkpoint, *, backend: BackendName = "onnx", device: str = "auto", n_threads: int | None = None
) -> Model:
    """A checkpoint, ready to be asked.

    Raises:
        ValueError: An unknown backend or device, or no number of threads.
        DeviceUnavailable: The device is not on this machine, or not for this backend.
        MissingExtra: The backend is not installed.
        CheckpointError: The checkpoint's file for this backend is missing or damaged.
    """
    check_choices(backend, device, n_threads)
    return Model(checkpoint.manifest, _start(checkpoint, backend, device, n_threads))


def _start(checkpoint: Checkpoint, backend: BackendName, device: str, n_threads: int | None) -> Backend:
    if backend == "onnx":
        from panns.runtime.onnx_backend import OnnxBackend

        return OnnxBackend(checkpoint, device, n_threads)
    if backend == "openvino":
        from panns.runtime.openvino_backend import OpenVinoBackend

        return OpenVinoBackend(checkpoint, device, n_threads)
    from panns.runtime.torch_backend import TorchBackend

    return TorchBackend.load(checkpoint, device, n_threads)
