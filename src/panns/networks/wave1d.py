"""LeeNet, DaiNet and Res1dNet: convolutions over the waveform. Kong et al. 2020, arXiv:1912.10211.

LeeNet after Lee et al. 2017, arXiv:1703.01789; DaiNet after Dai et al. 2017, arXiv:1610.00087; residual blocks after He
et al. 2016, arXiv:1512.03385.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional

from panns.models.wave1d import (
    DAI_KERNEL,
    DAI_STRIDE,
    QUARTER,
    RES1D_KERNEL,
    RES1D_STRIDE,
    DaiNetConfig,
    LeeNetConfig,
    Res1dNetConfig,
)
from panns.networks.blocks import xavier
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import pad_to_min
from panns.networks.heads import ClipHead

LEE_KERNEL = 3  # kernel size of convolutions and maxima, and their reduction of time


class LeeNet(Network):
    """Blocks of plain convolutions that divide time by three, the first by stride, then a clip head."""

    config: LeeNetConfig

    def __init__(self, config: LeeNetConfig) -> None:
        super().__init__()
        self.config = config
        self.blocks = nn.ModuleList(
            conv1d_block(n_in, n_out, stride=1 if i else LEE_KERNEL, dilations=(1,) * config.n_convs)
            for i, (n_in, n_out) in enumerate(itertools.pairwise((1, *config.widths)))
        )
        self.head = ClipHead(config.widths[-1], config.hidden_dim, config.n_classes, config.head_dropout)

    def initialise(self) -> None:
        """Set the initial values of Xavier, as published."""
        xavier(self)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(pad_to_min(waveform, self.config.min_input_samples))

    def forward_features(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)`."""
        x = waveform[:, None]
        for i, block in enumerate(self.blocks):
            x = block(x)
            if 1 <= i <= self.config.n_poolings:
                x = functional.max_pool1d(x, LEE_KERNEL, padding=LEE_KERNEL // 2)
            x = functional.dropout(x, self.config.block_dropout, self.training)
        output: NetworkOutput = self.head(x)
        return output


class DaiNet(Network):
    """A long convolution, residual blocks with a maximum over four between them, then a clip head."""

    config: DaiNetConfig

    def __init__(self, config: DaiNetConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = stem(config.stem_width, DAI_KERNEL, DAI_STRIDE, padding=0)
        self.blocks = nn.ModuleList(
            Residual(_four_convs(n_in, n_out), nn.Identity() if n_in == n_out else _shortcut(n_in, n_out))
            for n_in, n_out in itertools.pairwise((config.stem_width, *config.widths))
        )
        self.head = ClipHead(config.widths[-1], config.hidden_dim, config.n_classes, config.head_dropout)

    def initialise(self) -> None:
        """Set the initial values of Xavier; residual branches start at zero."""
        xavier(self)
        zero_branches(self)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(pad_to_min(waveform, self.config.min_input_samples))

    def forward_features(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)`, at least `config.min_input_samples` of them."""
        x = self.stem(waveform[:, None])
        for i, block in enumerate(self.blocks):
            if i > 0:
                x = functional.max_pool1d(x, QUARTER)
            x = block(x)
        output: NetworkOutput = self.head(x)
        return output


class Res1dNet(Network):
    """A convolution, stages of residual blocks, then a clip head."""

    config: Res1dNetConfig

    def __init__(self, config: Res1dNetConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = stem(config.stem_width, RES1D_KERNEL, RES1D_STRIDE, padding=RES1D_KERNEL // 2)
        n_in = config.stem_width
        stages = []
        for number, (width, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
            blocks = []
            for i in range(depth):
                quarters = number > 0 and i == 0
                branch = _two_convs(n_in, width, config.block_dropout, quarters=quarters)
                is_plain = n_in == width and not quarters
                blocks.append(
                    Residual(branch, nn.Identity() if is_plain else _shortcut(n_in, width, quarters=quarters))
                )
                n_in = width
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.head = ClipHead(n_in, config.hidden_dim, config.n_classes, config.head_dropout)

    def initialise(self) -> None:
        """Set the initial values of Xavier; residual branches start at zero."""
        xavier(self)
        zero_branches(self)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(pad_to_min(waveform, self.config.min_input_samples))

    def forward_features(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)`, at least `config.min_input_samples` of them."""
        output: NetworkOutput = self.head(self.stages(self.stem(waveform[:, None])))
        return output


class Residual(nn.Module):
    """A branch of convolutions with a shortcut."""

    def __init__(self, branch: nn.Sequential, shortcut: nn.Module) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, frames)`."""
        return functional.relu(self.shortcut(x) + self.branch(x))


def zero_branches(network: nn.Module) -> None:
    """Set the last norm of every residual branch to zero (Goyal et al. 2017, arXiv:1706.02677, section 5.1)."""
    for module in network.modules():
        if isinstance(module, Residual):
            last = module.branch[-1]
            assert isinstance(last, nn.BatchNorm1d)
            nn.init.zeros_(last.weight)


def conv1d_block(n_in: int, n_out: int, *, dilations: tuple[int, ...], stride: int = 1) -> nn.Sequential:
    """Convolutions over `(batch, channels, frames)`, each with batch norm and ReLU; the first may have a stride."""
    layers: list[nn.Module] = []
    for dilation in dilations:
        layers += [*_conv_norm(n_in, n_out, 3, stride=stride, dilation=dilation, padding=dilation), nn.ReLU()]
        n_in, stride = n_out, 1
    return nn.Sequential(*layers)


def stem(width: int, kernel_size: int, stride: int, *, padding: int) -> nn.Sequential:
    """The first convolution, with batch norm, over a waveform `(batch, 1, samples)`."""
    return nn.Sequential(*_conv_norm(1, width, kernel_size, stride=stride, padding=padding))


def _four_convs(n_in: int, width: int) -> nn.Sequential:
    """Branch of DaiNet."""
    layers: dict[str, nn.Module] = {}
    for number in (1, 2, 3, 4):
        if number > 1:
            layers[f"relu{number - 1}"] = nn.ReLU()
        conv, norm = _conv_norm(n_in if number == 1 else width, width, 3, padding=1)
        layers |= {f"conv{number}": conv, f"norm{number}": norm}
    return nn.Sequential(OrderedDict(layers))


def _two_convs(n_in: int, width: int, dropout: float, *, quarters: bool) -> nn.Sequential:
    """Branch of Res1dNet; the second convolution has a dilation of 2."""
    layers: dict[str, nn.Module] = {"pool": nn.MaxPool1d(QUARTER)} if quarters else {}
    conv1, norm1 = _conv_norm(n_in, width, 3, padding=1)
    conv2, norm2 = _conv_norm(width, width, 3, dilation=2, padding=2)
    layers |= {"conv1": conv1, "norm1": norm1, "relu": nn.ReLU(), "dropout": nn.Dropout(dropout)}
    return nn.Sequential(OrderedDict(layers | {"conv2": conv2, "norm2": norm2}))


def _shortcut(n_in: int, n_out: int, *, quarters: bool = False) -> nn.Sequential:
    """A convolution of width 1, after a mean if the branch divides time."""
    layers: dict[str, nn.Module] = {"pool": nn.AvgPool1d(QUARTER)} if quarters else {}
    conv, norm = _conv_norm(n_in, n_out, 1)
    return nn.Sequential(OrderedDict(layers | {"conv": conv, "norm": norm}))


def _conv_norm(
    n_in: int, n_out: int, kernel_size: int, *, stride: int = 1, dilation: int = 1, padding: int = 0
) -> tuple[nn.Conv1d, nn.BatchNorm1d]:
    conv = nn.Conv1d(n_in, n_out, kernel_size, stride, padding, dilation, bias=False)
    return conv, nn.BatchNorm1d(n_out)
