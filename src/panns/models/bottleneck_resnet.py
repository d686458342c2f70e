"""The standard ResNet50 over a log-mel, as a baseline. He et al. 2016, arXiv:1512.03385, table 1.

The residual networks of the PANNs are in `resnet`.
"""

from __future__ import annotations

from dataclasses import dataclass

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.registry import ModelEntry, register

EXPANSION = 4  # output channels of a bottleneck, in multiples of its width
REDUCTION = 32  # reduction of time and frequency: the stem, its pooling and the last three stages halve both


@dataclass(frozen=True)
class BottleneckResNetConfig(BaseConfig):
    """Settings of a residual network of bottlenecks.

    Attributes:
        frontend: The log-mel.
        stem_channels: Width of the first convolution, 7x7.
        widths: Channels of the 3x3 convolutions of each stage; the output has four times as many.
        depths: Number of bottlenecks of each stage.
        n_classes: Number of classes.
    """

    frontend: LogMelConfig = LogMelConfig()
    stem_channels: int = 64
    widths: tuple[int, int, int, int] = (64, 128, 256, 512)
    depths: tuple[int, int, int, int] = (3, 4, 6, 3)
    n_classes: int = 527

    def __post_init__(self) -> None:
        if len(self.widths) != 4 or len(self.depths) != 4:
            raise ValueError(f"widths={self.widths} and depths={self.depths} must have four values, one for each stage")
        if min(*self.widths, *self.depths) < 1:
            raise ValueError(f"widths={self.widths} and depths={self.depths} must be at least 1")
        if self.stem_channels < 1 or self.n_classes < 1:
            raise ValueError(
                f"stem_channels={self.stem_channels} and n_classes={self.n_classes} must be at least 1 each"
            )

    @property
    def min_input_samples(self) -> int:
        """Length of one complete frame of the last map, although padding would allow for less."""
        return self.frontend.samples_for(REDUCTION)

    @property
    def embedding_dim(self) -> int:
        """Channels of the last map, averaged over time and frequency."""
        return EXPANSION * self.widths[-1]


register(
    ModelEntry(
        name="resnet50",
        family="bottleneck_resnet",
        config=BottleneckResNetConfig(),
        network="panns.networks.bottleneck_resnet:BottleneckResNet",
        converter=None,
        weights=None,
        about="standard ResNet50 on a log-mel, a baseline",
    )
)
