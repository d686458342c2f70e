"""Residual networks over a log-mel, between two blocks of plain convolutions.

Kong et al. 2020, arXiv:1912.10211, table II; residual blocks: He et al. 2016, arXiv:1512.03385, figure 5. Stages halve
the map by a mean over 2x2 instead of a stride.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional

from panns.models.resnet import ResNetConfig
from panns.networks.blocks import conv_block, norm_bands, xavier
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import LogMel, pad_to_min
from panns.networks.heads import ClipHead

EXPANSION = 4  # output channels of a bottleneck, in multiples of its width


class ResNet(Network):
    """A block of convolutions, four stages of residual blocks, a block of convolutions, and a clip head."""

    config: ResNetConfig

    def __init__(self, config: ResNetConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        self.input_norm = nn.BatchNorm2d(config.frontend.n_mels)
        self.stem = conv_block(1, config.widths[0])
        make_branch, expansion = (_basic, 1) if config.block == "basic" else (_bottleneck, EXPANSION)
        n_in = config.widths[0]
        stages = []
        for number, (width, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
            blocks = []
            for i in range(depth):
                branch = make_branch(n_in, width, config.block_dropout / 2)
                blocks.append(Residual(n_in, expansion * width, branch, halves=number > 0 and i == 0))
                n_in = expansion * width
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.last = conv_block(n_in, config.hidden_dim)
        self.head = ClipHead(config.hidden_dim, config.hidden_dim, config.n_classes, config.head_dropout)

    def initialise(self) -> None:
        """Set the initial values of Xavier, as published; residual branches start at zero."""
        xavier(self)
        for module in self.modules():
            if isinstance(module, Residual):
                last = module.branch[-1]
                assert isinstance(last, nn.BatchNorm2d)
                nn.init.zeros_(last.weight)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`."""
        x = functional.avg_pool2d(self.stem(norm_bands(self.input_norm, features)), 2)
        x = functional.avg_pool2d(self.stages(self._dropout(x)), 2)
        x = self._dropout(self.last(self._dropout(x)))
        output: NetworkOutput = self.head(x.mean(dim=3))
        return output

    def _dropout(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.config.block_dropout, self.training)


class Residual(nn.Module):
    """A branch of convolutions with a shortcut, after a mean over 2x2 if the block `halves` the map."""

    def __init__(self, n_in: int, n_out: int, branch: nn.Sequential, *, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.branch = branch
        self.shortcut: nn.Module = nn.Identity()
        if halves or n_in != n_out:
            self.shortcut = nn.Sequential(OrderedDict(_named(n_in, n_out, 1)))

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, frames, mels)`."""
        if self.halves:
            x = functional.avg_pool2d(x, 2)
        return functional.relu(self.shortcut(x) + self.branch(x))


def _basic(n_in: int, width: int, dropout: float) -> nn.Sequential:
    """Two 3x3 convolutions."""
    layers = {**_named(n_in, width, 3, "1"), "relu1": nn.ReLU(), "dropout": nn.Dropout(dropout)}
    return nn.Sequential(OrderedDict(layers | _named(width, width, 3, "2")))


def _bottleneck(n_in: int, width: int, dropout: float) -> nn.Sequential:
    """A 3x3 convolution between two 1x1 convolutions."""
    layers = {**_named(n_in, width, 1, "1"), "relu1": nn.ReLU()}
    layers |= {**_named(width, width, 3, "2"), "relu2": nn.ReLU(), "dropout": nn.Dropout(dropout)}
    return nn.Sequential(OrderedDict(layers | _named(width, EXPANSION * width, 1, "3")))


def _named(n_in: int, n_out: int, kernel_size: int, number: str = "") -> dict[str, nn.Module]:
    """A convolution with batch norm, with numbered names."""
    conv = nn.Conv2d(n_in, n_out, kernel_size, padding=kernel_size // 2, bias=False)
    return {f"conv{number}": conv, f"norm{number}": nn.BatchNorm2d(n_out)}
