"""The torch backend: the trained network itself, on the CPU, CUDA or Apple's Metal."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from panns.checkpoints.checkpoint import Checkpoint
from panns.errors import DeviceUnavailable
from panns.frontend import InputName
from panns.models.base import StreamingConfig
from panns.results import Scores
from panns.runtime.backend import scores_from_fields
from panns.system.arrays import Array
from panns.system.extras import require

if TYPE_CHECKING:
    from panns.networks.contract import Network


class TorchBackend:
    """A network in torch, with its log-mel on the device.

    Attributes:
        device: "cpu", "cuda" or "mps".
        inputs: Always the waveform.
        state_size: Numbers in the state of a stream; 0 for a network without one.
    """

    inputs: tuple[InputName, ...] = ("waveform",)

    def __init__(self, network: Network, activation: Literal["sigmoid", "softmax"], device: str = "cpu") -> None:
        self.device = device.partition(":")[0]
        self._place = device
        self._activation = activation
        self._network = network.to(device).eval()
        config = network.config
        self.state_size = config.state_size + config.n_overlap if isinstance(config, StreamingConfig) else 0

    @classmethod
    def load(cls, checkpoint: Checkpoint, device: str = "auto", n_threads: int | None = None) -> TorchBackend:
        """Load the network of a checkpoint; "auto" selects the fastest device."""
        require("torch", "safetensors", what="the backend 'torch'", extra="train")
        import torch

        from panns.networks.saving import load_network

        _use_one_thread_after_forks()
        device = usable_device(device)
        if n_threads is not None:
            torch.set_num_threads(n_threads)  # torch has one setting for the whole process
        return cls(load_network(checkpoint), checkpoint.manifest.activation, device)

    def __call__(self, *batch: Array) -> Scores:
        """Score a batch of waveforms `(batch, samples)`."""
        import torch

        from panns.networks.contract import score_fields

        with torch.inference_mode():
            (waveforms,) = batch
            output = self._network(torch.from_numpy(np.ascontiguousarray(waveforms)).to(self._place))
            fields = score_fields(output, self._activation)
            return scores_from_fields(list(fields), [field.cpu().numpy() for field in fields.values()])

    def step(self, batch: Array, state: Array) -> tuple[Scores, Array]:
        """Score whole blocks of streams; returns the scores and the next states `(batch, numbers)`.

        Args:
            batch: `(batch, samples)`, whole blocks.
            state: Numbers of the network, then the samples that the next frame looks back at.
        """
        import torch

        from panns.networks.contract import StreamingNetwork, score_fields

        assert isinstance(self._network, StreamingNetwork)
        with torch.inference_mode():
            waveforms, states = (
                torch.from_numpy(np.ascontiguousarray(array)).to(self._place) for array in (batch, state)
            )
            output, after = self._network.step_waveform(waveforms, states)
            fields = score_fields(output, self._activation)
            scores = scores_from_fields(list(fields), [field.cpu().numpy() for field in fields.values()])
            return scores, after.cpu().numpy()


@cache
def _use_one_thread_after_forks() -> None:
    """Let forked children of this process compute with one thread; with more they would wait forever.

    The threads of OpenMP do not exist in the child of a fork, but torch would hand work to them.
    """
    import torch

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: torch.set_num_threads(1))


def usable_device(device: str) -> str:
    """Resolve a device; "auto" is the fastest one on this machine.

    Raises:
        DeviceUnavailable: The device is not on this machine.
    """
    import torch

    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if available[name])
    if not available.get(device):
        usable = ", ".join(name for name, is_available in available.items() if is_available)
        raise DeviceUnavailable(
            f"device={device!r} is not available on the backend 'torch'; this machine has {usable}; use one of these"
        )
    return device
