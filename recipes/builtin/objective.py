"""The loss of the student: the usual terms, and the distance to the maps of the teacher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from panns.networks.contract import Network, NetworkOutput
from panns.networks.strided_mobilenet import StridedMobileNet
from panns.training.engine.batch import Batch
from panns.training.engine.losses import LossConfig, Objective
from recipes.builtin.mixtures import MapBatch
from recipes.builtin.teacher import MAP_BLOCKS

NETWORK_PREFIX = "network."  # of the keys in the state dict of `MapNetwork`


class MapNetwork(Network):
    """A network that keeps the maps of its last forward pass, for the loss.

    Attributes:
        network: The network.
        maps: `(batch, channels, mels, frames)` each, the outputs of the blocks `MAP_BLOCKS`.
    """

    def __init__(self, network: StridedMobileNet) -> None:
        super().__init__()
        self.config = network.config
        self.network = network
        self.maps: list[Tensor] = []

    def initialise(self) -> None:
        """Set the initial values of the network."""
        self.network.initialise()

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)`."""
        return self.network(waveform)

    def forward_features(self, features: Tensor, lead: Tensor | None = None, *teacher_maps: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`.

        Args:
            features: The log-mel.
            lead: `(batch,)`, share of the teacher's maps in the input of the following blocks. With 1 every part of the
                network learns from correct inputs from the first step; with 0 the network runs alone.
            teacher_maps: Maps of the teacher; needed with `lead`.
        """
        x = self.network.stem(features[:, None].transpose(2, 3))
        self.maps = []
        for i, block in enumerate(self.network.blocks):
            x = block(x)
            if i in MAP_BLOCKS:
                self.maps.append(x)
                if lead is not None:
                    x = blend(x, teacher_maps[len(self.maps) - 1], lead)
        return self.network.forward_map(x)


def blend(own: Tensor, teacher: Tensor, share: Tensor) -> Tensor:
    """Weighted mean of two maps; the teacher's is averaged or repeated to the frames of the network's own."""
    if teacher.shape[3] > own.shape[3]:
        teacher = pool_frames(teacher, round(teacher.shape[3] / own.shape[3]))
    times = torch.arange(own.shape[3], device=own.device) * teacher.shape[3] // own.shape[3]
    share = share[:, None, None, None]
    return own * (1 - share) + teacher[..., times] * share


class MapObjective(Objective):
    """The usual terms of a batch, and the distance of maps.

    Args:
        config: Weights of the usual terms.
        network: The network whose maps are compared.
        category_classes: `(categories, classes)`, true where a class belongs to a category.
        scales: Deviation of every channel of the teacher's maps, `(channels,)` each.
        embedding: Mean and deviation of the teacher's embedding, `(dim,)` each.
        weight: Weight of the distance of maps.
    """

    embedding_mean: Tensor
    embedding_scale: Tensor

    def __init__(
        self,
        config: LossConfig,
        network: MapNetwork,
        *,
        category_classes: Tensor,
        scales: Sequence[Tensor],
        embedding: tuple[Tensor, Tensor],
        weight: float,
    ) -> None:
        mean, scale = embedding
        dims = (network.network.config.embedding_dim, len(mean))
        super().__init__(config, category_classes=category_classes, embedding_dims=dims)
        self.initialise_as_standardisation(mean, scale)
        self._network = (network,)  # a tuple, so that the network is not a submodule of its own loss
        self.weight = weight
        self.register_buffer("embedding_mean", mean, persistent=False)
        self.register_buffer("embedding_scale", scale, persistent=False)
        for i, values in enumerate(scales):
            self.register_buffer(f"scale_{i}", values, persistent=False)

    def forward(self, output: NetworkOutput, batch: Batch) -> dict[str, Tensor]:
        """Terms by name, as scalars; the loss is their sum."""
        assert isinstance(batch, MapBatch)
        assert batch.teacher_embedding is not None
        distances = [
            map_distance(own, teacher, getattr(self, f"scale_{i}"))
            for i, (own, teacher) in enumerate(zip(self._network[0].maps, batch.maps, strict=True))
        ]
        standardised = (batch.teacher_embedding - self.embedding_mean) / self.embedding_scale
        terms = super().forward(output, replace(batch, teacher_embedding=standardised))
        return {**terms, "maps": self.weight * torch.stack(distances).mean()}


def map_distance(own: Tensor, teacher: Tensor, scale: Tensor) -> Tensor:
    """Mean squared distance of two maps `(batch, channels, mels, frames)`, on the coarser of their time grids."""
    n_own, n_teacher = own.shape[3], teacher.shape[3]
    own, teacher = pool_frames(own, round(n_own / n_teacher)), pool_frames(teacher, round(n_teacher / n_own))
    return functional.mse_loss(own / scale[:, None, None], teacher / scale[:, None, None])


def pool_frames(x: Tensor, stride: int) -> Tensor:
    """Mean over the frames around every `stride`-th one, centred as a strided convolution with an odd kernel is.

    Examples:
        >>> pool_frames(torch.arange(4.0)[None, None, None], 2).flatten().tolist()
        [0.5, 2.0]
    """
    if stride <= 1:
        return x
    return functional.avg_pool2d(x, (1, stride + 1), (1, stride), (0, stride // 2), count_include_pad=False)
