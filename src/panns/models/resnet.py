"""ResNet22, ResNet38 and ResNet54 over a log-mel. Kong et al. 2020, arXiv:1912.10211, section III-A and table II."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.registry import ModelEntry, register
from panns.models.weights import Weights
from panns.models.zenodo import zenodo_weights

N_HALVINGS = 5  # halvings of time and frequency: by the stem, three stages and the last pooling


@dataclass(frozen=True)
class ResNetConfig(BaseConfig):
    """Settings of a residual network between two blocks of plain convolutions.

    Attributes:
        frontend: The log-mel.
        widths: Channels of the convolutions of each stage; the stem has those of the first.
        depths: Number of residual blocks of each stage.
        block: "basic" for two 3x3 convolutions, "bottleneck" for a 3x3 between two 1x1, with four times the channels.
        hidden_dim: Channels of the last block of convolutions, and length of the embedding.
        n_classes: Number of classes.
        block_dropout: Dropout after each block of convolutions, in training; residual blocks use half of it.
        head_dropout: Dropout before the hidden layer, in training.
    """

    frontend: LogMelConfig = LogMelConfig()
    widths: tuple[int, int, int, int] = (64, 128, 256, 512)
    depths: tuple[int, int, int, int] = (2, 2, 2, 2)
    block: Literal["basic", "bottleneck"] = "basic"
    hidden_dim: int = 2048
    n_classes: int = 527
    block_dropout: float = 0.2
    head_dropout: float = 0.5

    def __post_init__(self) -> None:
        if self.block not in ("basic", "bottleneck"):
            raise ValueError(f"block={self.block!r} must be 'basic' or 'bottleneck'")
        if len(self.widths) != 4 or len(self.depths) != 4:
            raise ValueError(f"widths={self.widths} and depths={self.depths} must have four values, one for each stage")
        if min(*self.widths, *self.depths) < 1:
            raise ValueError(f"widths={self.widths} and depths={self.depths} must be at least 1")
        if self.frontend.n_mels >> N_HALVINGS < 1:
            raise ValueError(f"n_mels={self.frontend.n_mels} cannot be halved {N_HALVINGS} times; use more bands")

    @property
    def min_input_samples(self) -> int:
        """Length of one frame after the last halving."""
        return self.frontend.samples_for(2**N_HALVINGS)

    @property
    def embedding_dim(self) -> int:
        """Width of the hidden layer."""
        return self.hidden_dim


def _register(name: str, config: ResNetConfig, about: str, weights: Weights) -> None:
    register(
        ModelEntry(
            name=name,
            family="resnet",
            config=config,
            network="panns.networks.resnet:ResNet",
            converter="panns.published.resnet:from_published",
            weights=weights,
            about=about,
        )
    )


_RESNET22 = ResNetConfig()
_RESNET38 = replace(_RESNET22, depths=(3, 4, 6, 3))
_IN_PUBLIC_CODE = "md5 from public code that took it from the Zenodo record"

_register(
    "resnet22",
    _RESNET22,
    "8 residual blocks of two convolutions",
    zenodo_weights("ResNet22_mAP=0.430.pth", 0.430, md5="cf36d413096793c4e15dc752a3abd599", note=_IN_PUBLIC_CODE),
)
_register(
    "resnet38",
    _RESNET38,
    "16 residual blocks of two convolutions",
    zenodo_weights("ResNet38_mAP=0.434.pth", 0.434, md5="bf12f36aaabac4e0855e22d3c3239c1b", note=_IN_PUBLIC_CODE),
)
_register(
    "resnet54",
    replace(_RESNET38, block="bottleneck"),
    "16 residual blocks of three convolutions",
    zenodo_weights("ResNet54_mAP=0.429.pth", 0.429, md5="4f1f1406d37a29e2379916885e18c5f3", note=_IN_PUBLIC_CODE),
)
