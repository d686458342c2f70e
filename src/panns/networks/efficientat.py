"""EfficientAT: MobileNetV3 over a Kaldi log-mel. Schmid et al. 2022, arXiv:2211.04772, section 2.

The backbone is MobileNetV3-Large: Howard et al. 2019, arXiv:1905.02244, table 1.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional

from panns.models.efficientat import MobileNetConfig, round_channels
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import LogMel, pad_to_min


class Bottleneck(NamedTuple):
    """One row of MobileNetV3's table 1; channels are for width 1."""

    kernel_size: int
    expanded: int
    n_out: int
    has_squeeze_excitation: bool
    has_hardswish: bool
    stride: int


LARGE = (
    Bottleneck(3, 16, 16, False, False, 1),
    Bottleneck(3, 64, 24, False, False, 2),
    Bottleneck(3, 72, 24, False, False, 1),
    Bottleneck(5, 72, 40, True, False, 2),
    Bottleneck(5, 120, 40, True, False, 1),
    Bottleneck(5, 120, 40, True, False, 1),
    Bottleneck(3, 240, 80, False, True, 2),
    Bottleneck(3, 200, 80, False, True, 1),
    Bottleneck(3, 184, 80, False, True, 1),
    Bottleneck(3, 184, 80, False, True, 1),
    Bottleneck(3, 480, 112, True, True, 1),
    Bottleneck(3, 672, 112, True, True, 1),
    Bottleneck(5, 672, 160, True, True, 2),
    Bottleneck(5, 960, 160, True, True, 1),
    Bottleneck(5, 960, 160, True, True, 1),
)
HIDDEN = 1280
# The published models were trained with the batch-norm constants of TensorFlow.
NORM_EPS, NORM_MOMENTUM = 1e-3, 0.01


class MobileNet(Network):
    """Inverted residual blocks over time and frequency, averaged, then a two-layer classifier."""

    config: MobileNetConfig

    def __init__(self, config: MobileNetConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        n_stem = round_channels(16 * config.width)
        self.stem = conv_norm(1, n_stem, 3, activation=nn.Hardswish(), stride=2)
        blocks = []
        n_in = n_stem
        for row in LARGE:
            block = InvertedResidual(n_in, row, config.width)
            blocks.append(block)
            n_in = block.n_out
        self.blocks = nn.Sequential(*blocks)
        self.last = conv_norm(n_in, config.embedding_dim, 1, activation=nn.Hardswish())
        hidden = round_channels(HIDDEN * config.width)
        self.hidden = nn.Linear(config.embedding_dim, hidden)
        self.classifier = nn.Linear(hidden, config.n_classes)

    def initialise(self) -> None:
        """Set the initial values of convolutions and linear layers, as published."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0.0, 0.01)
                nn.init.zeros_(module.bias)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`."""
        x = self.last(self.blocks(self.stem(features[:, None].transpose(2, 3))))  # (batch, channels, mels, frames)
        embedding, bands = x.mean(dim=(2, 3)), x.mean(dim=3).transpose(1, 2)
        x = functional.hardswish(self.hidden(embedding))
        x = functional.dropout(x, self.config.dropout, self.training)
        return NetworkOutput(clip_logits=self.classifier(x), embedding=embedding, bands=bands)


class InvertedResidual(nn.Module):
    """Expand by a 1x1 convolution, filter each channel, weight the channels, project by a 1x1 convolution.

    Args:
        n_in: Channels of the input.
        row: Row of MobileNetV3's table.
        width: Multiplies every number of channels.
        stride: Stride of frequency and time; None for that of the row.
    """

    def __init__(self, n_in: int, row: Bottleneck, width: float, *, stride: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.n_out = round_channels(row.n_out * width)
        strides = stride or (row.stride, row.stride)
        expanded = round_channels(row.expanded * width)
        activation = nn.Hardswish() if row.has_hardswish else nn.ReLU()
        self.expand = conv_norm(n_in, expanded, 1, activation=activation) if expanded != n_in else nn.Identity()
        self.depthwise = conv_norm(
            expanded, expanded, row.kernel_size, activation=activation, stride=strides, groups=expanded
        )
        self.squeeze_excitation = SqueezeExcitation(expanded) if row.has_squeeze_excitation else nn.Identity()
        self.project = conv_norm(expanded, self.n_out, 1, activation=nn.Identity())
        self.has_shortcut = strides == (1, 1) and n_in == self.n_out

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, mels, frames)`."""
        y: Tensor = self.project(self.squeeze_excitation(self.depthwise(self.expand(x))))
        return x + y if self.has_shortcut else y


class SqueezeExcitation(nn.Module):
    """Channel weights from the channels' means, with the sigmoid of Hu et al. 2018 (arXiv:1709.01507)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        squeezed = round_channels(channels / 4)
        self.reduce = nn.Linear(channels, squeezed)
        self.restore = nn.Linear(squeezed, channels)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, mels, frames)`."""
        weights = self.restore(functional.relu(self.reduce(x.mean(dim=(2, 3)))))
        weighted: Tensor = x * weights.sigmoid()[:, :, None, None]
        return weighted


def conv_norm(
    n_in: int,
    n_out: int,
    kernel_size: int,
    *,
    activation: nn.Module,
    stride: int | tuple[int, int] = 1,
    groups: int = 1,
) -> nn.Sequential:
    """A convolution with batch norm and activation."""
    padding = (kernel_size - 1) // 2
    conv = nn.Conv2d(n_in, n_out, kernel_size, stride, padding, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(n_out, eps=NORM_EPS, momentum=NORM_MOMENTUM), activation)
