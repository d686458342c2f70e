"""The mean of several networks of one architecture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from panns.models.ensemble import EnsembleConfig
from panns.networks.build import construct_network
from panns.networks.contract import Network, NetworkOutput


class Ensemble(Network):
    """Mean of the logits of the members: the geometric mean of their odds, or of their softmax probabilities."""

    config: EnsembleConfig

    def __init__(self, config: EnsembleConfig) -> None:
        super().__init__()
        self.config = config
        self.members = nn.ModuleList(
            construct_network(config.base, config.base_config) for _ in range(config.n_members)
        )

    def initialise(self) -> None:
        """Set the initial values of every member."""
        for member in self._networks:
            member.initialise()

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return _mean([member(waveform) for member in self._networks])

    def forward_features(self, *inputs: Tensor) -> NetworkOutput:
        """Scores of the inputs of the members."""
        return _mean([member.forward_features(*inputs) for member in self._networks])

    @property
    def _networks(self) -> Iterable[Network]:
        return cast("Iterable[Network]", self.members)  # torch types the items of a `ModuleList` as plain modules


def _mean(outputs: Sequence[NetworkOutput]) -> NetworkOutput:
    return NetworkOutput(
        clip_logits=torch.stack([output.clip_logits for output in outputs]).mean(dim=0),
        frame_logits=_mean_of([output.frame_logits for output in outputs]),
        embedding=_concatenate([output.embedding for output in outputs]),
        patch_weights=_mean_of([output.patch_weights for output in outputs]),
    )


def _mean_of(tensors: Sequence[Tensor | None]) -> Tensor | None:
    known = [tensor for tensor in tensors if tensor is not None]
    return torch.stack(known).mean(dim=0) if known else None


def _concatenate(tensors: Sequence[Tensor | None]) -> Tensor | None:
    known = [tensor for tensor in tensors if tensor is not None]
    return torch.cat(known, dim=1) if known else None
