"""Which backend runs a checkpoint."""

from __future__ import annotations

from panns.models.checkpoint import Checkpoint
from panns.runtime.backend import BACKENDS, DEVICES, Backend, BackendName
from panns.runtime.model import Model


def load_model(
    checkpoint: Checkpoint, *, backend: BackendName = "onnx", device: str = "auto", n_threads: int | None = None
) -> Model:
    """A checkpoint, ready to be asked.

    Raises:
        ValueError: An unknown backend or device.
        DeviceUnavailable: The device is not on this machine, or not for this backend.
        MissingExtra: The backend is not installed.
        CheckpointError: The checkpoint's file for this backend is missing or damaged.
    """
    if device not in DEVICES:
        raise ValueError(f"device={device!r} is not one of {', '.join(DEVICES)}")
    return Model(checkpoint.manifest, _start(checkpoint, backend, device, n_threads))


def _start(checkpoint: Checkpoint, backend: BackendName, device: str, n_threads: int | None) -> Backend:
    if backend == "onnx":
        from panns.runtime.onnx import OnnxBackend

        return OnnxBackend(checkpoint, device, n_threads)
    if backend == "openvino":
        from panns.runtime.openvino import OpenVinoBackend

        return OpenVinoBackend(checkpoint, device, n_threads)
    if backend == "torch":
        from panns.runtime.torch import TorchBackend

        return TorchBackend(checkpoint, device, n_threads)
    raise ValueError(f"backend={backend!r} is not one of {', '.join(BACKENDS)}")
