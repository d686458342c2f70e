"""Teacher with its maps: scores, embedding and the outputs of five blocks, in one graph of ONNX Runtime."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.networks.efficientat import MobileNet
from panns.system.arrays import Array

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
        network: The teacher.
        n_bands: Bands of the teacher for one band of the student.
    """

    def __init__(self, network: MobileNet, *, n_bands: int) -> None:
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
                maps.append(self._select_bands(x))
        embedding = network.last(x).mean(dim=(2, 3))
        hidden = functional.hardswish(network.hidden(embedding))
        return network.classifier(hidden).sigmoid(), embedding, *maps

    def _select_bands(self, x: Tensor) -> Tensor:
        """Mean around every n-th band, centred as a strided convolution with an odd kernel is."""
        n = self.n_bands
        size, padding = (n // 2 * 2 + 1, 1), (n // 2, 0)
        return functional.avg_pool2d(x, size, (n, 1), padding, count_include_pad=False)


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
