"""The torch backend: the network as it was trained, on the CPU, CUDA or Apple's Metal."""

from __future__ import annotations

import numpy as np

from panns.errors import DeviceUnavailable
from panns.extras import require
from panns.frontend import InputName
from panns.models.checkpoint import Checkpoint
from panns.results import Array, Scores
from panns.runtime.backend import scores_from_fields


class TorchBackend:
    """A checkpoint in torch; the log-mel is computed on the device too."""

    device: str
    inputs: tuple[InputName, ...] = ("waveform",)

    def __init__(self, checkpoint: Checkpoint, device: str = "auto", n_threads: int | None = None) -> None:
        require("torch", "safetensors", what="the backend 'torch'", extra="train")
        import torch

        from panns.networks.checkpoint import load_network

        available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        if device == "auto":
            device = next(name for name in ("cuda", "mps", "cpu") if available[name])
        if not available[device]:
            usable = ", ".join(name for name, is_available in available.items() if is_available)
            raise DeviceUnavailable(
                f"device={device!r} asked of the backend 'torch', which has here: {usable}; use one of these"
            )
        if n_threads is not None:
            torch.set_num_threads(n_threads)  # torch knows only one number for the whole process
        self.device = device
        self._activation = checkpoint.manifest.activation
        self._network = load_network(checkpoint).to(device)

    def __call__(self, *batch: Array) -> Scores:
        """The scores of a batch of waveforms `(batch, samples)`."""
        import torch

        from panns.networks.activation import present_fields

        with torch.inference_mode():
            (waveforms,) = batch
            output = self._network(torch.from_numpy(np.ascontiguousarray(waveforms)).to(self.device))
            fields = present_fields(output, self._activation)
            return scores_from_fields(list(fields), [field.cpu().numpy() for field in fields.values()])
