"""CNN6, CNN10, CNN14 and their variants over a log-mel.

Kong et al. 2020, arXiv:1912.10211, section III-A and table I.
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from torch.nn import functional

from panns.models.cnn import CnnConfig
from panns.networks.blocks import conv_block, norm_bands, xavier
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import LogMel, pad_to_min
from panns.networks.heads import ClipHead, DecisionLevelHead


class Cnn(Network):
    """Convolution blocks that halve time and frequency, then a clip head or a decision-level head."""

    config: CnnConfig

    def __init__(self, config: CnnConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        self.input_norm = nn.BatchNorm2d(config.frontend.n_mels)
        self.blocks = nn.ModuleList(
            conv_block(n_in, n_out, config.kernel_sizes) for n_in, n_out in itertools.pairwise((1, *config.channels))
        )
        sizes = (config.channels[-1], config.hidden_dim, config.n_classes)
        self.head: nn.Module
        if config.head == "clip":
            self.head = ClipHead(*sizes, dropout=config.head_dropout)
        else:
            self.head = DecisionLevelHead(*sizes, dropout=config.head_dropout, pooling=config.head)

    def initialise(self) -> None:
        """Set the initial values of Xavier, as published."""
        xavier(self)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`."""
        output: NetworkOutput = self.head(self.feature_map(features).mean(dim=3))
        return output

    def feature_map(self, features: Tensor) -> Tensor:
        """The last map, `(batch, channels, frames, mels)`, of a log-mel `(batch, frames, mels)`."""
        x = norm_bands(self.input_norm, features)
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i < self.config.n_poolings:
                x = functional.avg_pool2d(x, 2)
            x = functional.dropout(x, self.config.block_dropout, self.training)
        return x
