"""Several networks of one architecture, whose scores are averaged."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from panns.models.ensemble import EnsembleConfig
from panns.networks.build import construct_network
from panns.networks.contract import NetworkOutput


class Ensemble(nn.Module):
    """The mean of the members' logits: the geometric mean of their odds, or of their softmax probabilities."""

    def __init__(self, config: EnsembleConfig) -> None:
        super().__init__()
        self.config = config
        self.members = nn.ModuleList(
            construct_network(config.base, config.base_config) for _ in range(config.n_members)
        )

    def initialise(self) -> None:
        """Give all members their initial values, each its own."""
        for member in self.members:
            member.initialise()  # type: ignore[operator] # every network has it

    @property
    def frontend(self) -> nn.Module:
        """The same in all members."""
        frontend: nn.Module = self.members[0].frontend  # type: ignore[assignment] # a module of a module
        return frontend

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return _mean([member(waveform) for member in self.members])

    def forward_features(self, *inputs: Tensor) -> NetworkOutput:
        """Scores of what every member reads."""
        return _mean([member.forward_features(*inputs) for member in self.members])  # type: ignore[operator] # as above


def _mean(outputs: Sequence[NetworkOutput]) -> NetworkOutput:
    return NetworkOutput(
        clip_logits=torch.stack([output.clip_logits for output in outputs]).mean(dim=0),
        frame_logits=_mean_of([output.frame_logits for output in outputs]),
        embedding=_joined([output.embedding for output in outputs]),
        patch_weights=_mean_of([output.patch_weights for output in outputs]),
    )


def _mean_of(tensors: Sequence[Tensor | None]) -> Tensor | None:
    known = [tensor for tensor in tensors if tensor is not None]
    return torch.stack(known).mean(dim=0) if known else None


def _joined(tensors: Sequence[Tensor | None]) -> Tensor | None:
    known = [tensor for tensor in tensors if tensor is not None]
    return torch.cat(known, dim=1) if known else None
