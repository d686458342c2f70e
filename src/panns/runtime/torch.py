"""The torch backend: the network as it was trained, on the CPU, CUDA or Apple's Metal."""

from __future__ import annotations

from typing import Literal

import numpy as np

from panns.errors import DeviceUnavailable
from panns.extras import require
from panns.models.checkpoint import Checkpoint
from panns.results import Array, Scores


class TorchBackend:
    """A checkpoint in torch; the log-mel is computed on the device too."""

    device: str
    input: Literal["features", "waveform"] = "waveform"

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

    def __call__(self, batch: Array) -> Scores:
        """The scores of a batch."""
        import torch

        from panns.networks.activation import activate

        with torch.inference_mode():
            output = self._network(torch.from_numpy(np.ascontiguousarray(batch)).to(self.device))
            frame_logits = output.frame_logits
            return Scores(
                clip_probs=activate(output.clip_logits, self._activation).cpu().numpy(),
                frame_probs=None if frame_logits is None else activate(frame_logits, self._activation).cpu().numpy(),
                embedding=None if output.embedding is None else output.embedding.cpu().numpy(),
            )
