"""MobileNetV1 and MobileNetV2 over a log-mel, as in the PANNs. Kong et al. 2020, arXiv:1912.10211, section III-A.

Howard et al. 2017, arXiv:1704.04861, table 1; Sandler et al. 2018, arXiv:1801.04381, table 2. Instead of
strides, the PANNs have a mean over 2x2 after the convolution.
"""

from __future__ import annotations

from torch import Tensor, nn

from panns.models.mobilenet import PannsMobileNetConfig, channels
from panns.networks.blocks import norm_bands, xavier
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import LogMel, pad_to_min
from panns.networks.heads import ClipHead

# Channels, and division of time and frequency, of each separable convolution.
V1_STEM = 32
V1_LAYERS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
# Expansion, channels, number of blocks, division by the first block.
V2_STEM, V2_LAST = 32, 1280
V2_LAYERS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 2), (6, 160, 3, 1), (6, 320, 1, 1))


class PannsMobileNet(Network):
    """Depthwise convolutions over time and frequency, then a clip head."""

    config: PannsMobileNetConfig

    def __init__(self, config: PannsMobileNetConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        self.input_norm = nn.BatchNorm2d(config.frontend.n_mels)
        self.features, n_out = (_version_1 if config.version == 1 else _version_2)(config.width)
        self.head = ClipHead(n_out, config.hidden_dim, config.n_classes, config.dropout)

    def initialise(self) -> None:
        """Set the initial values of Xavier, as published."""
        xavier(self)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`."""
        output: NetworkOutput = self.head(self.features(norm_bands(self.input_norm, features)).mean(dim=3))
        return output


def _version_1(width: float) -> tuple[nn.Sequential, int]:
    """Layers, and number of their output channels."""
    n_in = channels(V1_STEM, width)
    layers = [nn.Sequential(*_conv(1, n_in, 3, division=2), nn.ReLU())]
    for base, division in V1_LAYERS:
        n_out = channels(base, width)
        depthwise = _conv(n_in, n_in, 3, division=division, groups=n_in)
        layers.append(nn.Sequential(*depthwise, nn.ReLU(), *_conv(n_in, n_out, 1), nn.ReLU()))
        n_in = n_out
    return nn.Sequential(*layers), n_in


def _version_2(width: float) -> tuple[nn.Sequential, int]:
    """Layers, and number of their output channels."""
    n_in = channels(V2_STEM, width)
    layers: list[nn.Module] = [nn.Sequential(*_conv(1, n_in, 3, division=2), nn.ReLU6())]
    for expansion, base, n_blocks, division in V2_LAYERS:
        for i in range(n_blocks):
            n_out = channels(base, width)
            layers.append(InvertedResidual(n_in, n_out, expansion, division if i == 0 else 1))
            n_in = n_out
    n_out = channels(V2_LAST, max(1.0, width))
    layers.append(nn.Sequential(*_conv(n_in, n_out, 1), nn.ReLU6()))
    return nn.Sequential(*layers), n_out


class InvertedResidual(nn.Module):
    """Expand by a 1x1 convolution, filter each channel, project by a 1x1 convolution; a shortcut if sizes are equal."""

    def __init__(self, n_in: int, n_out: int, expansion: int, division: int) -> None:
        super().__init__()
        hidden = n_in * expansion
        expand = () if expansion == 1 else (*_conv(n_in, hidden, 1), nn.ReLU6())
        depthwise = _conv(hidden, hidden, 3, division=division, groups=hidden)
        self.conv = nn.Sequential(*expand, *depthwise, nn.ReLU6(), *_conv(hidden, n_out, 1))
        self.has_shortcut = division == 1 and n_in == n_out

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, frames, mels)`."""
        y: Tensor = self.conv(x)
        return x + y if self.has_shortcut else y


def _conv(n_in: int, n_out: int, kernel_size: int, *, division: int = 1, groups: int = 1) -> tuple[nn.Module, ...]:
    """A convolution, the mean that divides time and frequency, and a batch norm."""
    conv = nn.Conv2d(n_in, n_out, kernel_size, padding=kernel_size // 2, groups=groups, bias=False)
    # The published 3x3 layers have a mean even if it covers one value, which shifts the numbers of later layers.
    mean = (nn.AvgPool2d(division) if division > 1 else nn.Identity(),) if kernel_size > 1 else ()
    return conv, *mean, nn.BatchNorm2d(n_out)
