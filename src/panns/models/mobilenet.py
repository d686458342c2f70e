"""MobileNetV1 and MobileNetV2 over a log-mel. Kong et al. 2020, arXiv:1912.10211, section III-A."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.registry import ModelEntry, register
from panns.models.weights import Weights
from panns.models.zenodo import zenodo_weights

N_HALVINGS = 5  # halvings of time and frequency before the head


@dataclass(frozen=True)
class PannsMobileNetConfig(BaseConfig):
    """Settings of a network of depthwise-separable convolutions.

    Attributes:
        frontend: The log-mel.
        version: 1 has separable convolutions (Howard et al. 2017, arXiv:1704.04861), 2 inverted residuals (Sandler et
            al. 2018, arXiv:1801.04381).
        width: Factor of every number of channels except those of the head.
        hidden_dim: Length of the embedding.
        n_classes: Number of classes.
        dropout: Dropout before the hidden layer, in training.
    """

    frontend: LogMelConfig = LogMelConfig()
    version: Literal[1, 2] = 1
    width: float = 1.0
    hidden_dim: int = 1024
    n_classes: int = 527
    dropout: float = 0.5

    def __post_init__(self) -> None:
        if self.version not in (1, 2):
            raise ValueError(f"version={self.version!r} must be 1 or 2")
        if self.width <= 0:
            raise ValueError(f"width={self.width} must be positive")
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


def channels(base: int, width: float) -> int:
    """Channels of a layer at a width, at least 8."""
    return max(8, round(base * width))


def _register(name: str, config: PannsMobileNetConfig, about: str, weights: Weights) -> None:
    register(
        ModelEntry(
            name=name,
            family="mobilenet",
            config=config,
            network="panns.networks.mobilenet:PannsMobileNet",
            converter="panns.published.mobilenet:from_published",
            weights=weights,
            about=about,
        )
    )


_register(
    "mobilenetv1",
    PannsMobileNetConfig(version=1),
    "13 depthwise-separable convolutions",
    zenodo_weights(
        "MobileNetV1_mAP=0.389.pth",
        0.389,
        n_bytes=23_639_473,
        md5="a419303e1c88aa1b9d2ac3811563d371",
        note="md5 from four public download scripts, size from one",
    ),
)
_register(
    "mobilenetv2",
    PannsMobileNetConfig(version=2, dropout=0.0),
    "17 inverted residuals",
    zenodo_weights("MobileNetV2_mAP=0.383.pth", 0.383, note="address from public code"),
)
