"""Teacher with its maps: scores, embedding and the outputs of five blocks, in one graph of ONNX Runtime."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.models.registry import find_model
from panns.networks.build import load_published
from panns.networks.efficientat import MobileNet

Array = npt.NDArray[np.float32]

MAP_BLOCKS = (2, 5, 9, 11, 14)  # the last blocks of five widths
BATCH = 8  # activations of larger batches exceed the second-level cache


@dataclass(frozen=True)
class TeacherOutput:
    """Output of the teacher for a batch.

    Attributes:
        probs: `(batch, classes)`.
        embedding: `(batch, dim)`.
        maps: `(batch, channels, mels, frames)` each, the outputs of the blocks `MAP_BLOCKS`.
    """

    probs: Array
    embedding: Array
    maps: tuple[Array, ...]


class MapTeacher:
    """A published MobileNet that also returns its maps, averaged over frequency to the bands of the student.

    Args:
        name: Registered name.
        weights: Published file of its weights.
        n_bands: Neighbouring bands of a map that are averaged.
    """

    def __init__(self, name: str, weights: Path, *, n_bands: int) -> None:
        network = load_published(find_model(name), weights)
        assert isinstance(network, MobileNet), f"{name} is not a MobileNet of EfficientAT"
        self._session = _start_session(_Maps(network, n_bands).eval(), network.config.frontend.n_mels)

    def __call__(self, features: Array) -> TeacherOutput:
        """Score log-mels `(batch, frames, mels)`."""
        batches = [
            self._session.run(None, {"features": features[i : i + BATCH]}) for i in range(0, len(features), BATCH)
        ]
        probs, embedding, *maps = (np.concatenate(parts) for parts in zip(*batches, strict=True))
        return TeacherOutput(probs, embedding, tuple(maps))


class _Maps(nn.Module):
    """Probabilities, embedding and maps of a MobileNet, for export."""

    def __init__(self, network: MobileNet, n_bands: int) -> None:
        super().__init__()
        self.network = network
        self.n_bands = n_bands

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        network = self.network
        x = network.stem(features[:, None].transpose(2, 3))
        maps = []
        for i, block in enumerate(network.blocks):
            x = block(x)
            if i in MAP_BLOCKS:
                maps.append(functional.avg_pool2d(x, (self.n_bands, 1)))
        embedding = network.last(x).mean(dim=(2, 3))
        hidden = functional.hardswish(network.hidden(embedding))
        return network.classifier(hidden).sigmoid(), embedding, *maps


def _start_session(network: nn.Module, n_mels: int) -> onnxruntime.InferenceSession:
    graph = io.BytesIO()
    torch.onnx.export(
        network,
        (torch.zeros(BATCH, 400, n_mels),),
        graph,  # type: ignore[arg-type] # this exporter also writes to a buffer
        dynamo=False,
        opset_version=17,
        input_names=["features"],
        dynamic_axes={"features": {0: "batch", 1: "frames"}},
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(graph.getvalue(), options, providers=["CPUExecutionProvider"])
