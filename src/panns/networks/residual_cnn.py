"""A small residual CNN with frame scores. Residual blocks: He et al. 2016, arXiv:1512.03385, figure 2."""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from torch.nn import functional

from panns.models.residual_cnn import ResidualCnnConfig
from panns.networks.blocks import AttentionPool, conv_norm, norm_bands
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import LogMel, pad_to_min


class ResidualCnn(Network):
    """Strided convolutions with residual blocks, then one classifier for the frames and for their weighted mean."""

    config: ResidualCnnConfig

    def __init__(self, config: ResidualCnnConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        self.input_norm = nn.BatchNorm2d(config.frontend.n_mels)
        self.stem = nn.Sequential(conv_norm(1, config.stem_channels, 5, stride=(2, 2)), nn.ReLU())
        widths = (config.stem_channels, *config.channels)
        strides = ((2, 2), (2, 2), (1, 2))  # of time and frequency
        self.stages = nn.Sequential(
            *(
                nn.Sequential(conv_norm(n_in, n_out, 3, stride=stride), nn.ReLU(), ResidualBlock(n_out))
                for (n_in, n_out), stride in zip(itertools.pairwise(widths), strides, strict=True)
            )
        )
        self.projection = nn.Linear(config.channels[-1], config.embedding_dim)
        self.pool = AttentionPool(config.embedding_dim, config.n_heads)
        self.classifier = nn.Linear(config.embedding_dim, config.n_classes)

    def initialise(self) -> None:
        """Set the initial values of convolutions and the classifier."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        nn.init.normal_(self.classifier.weight, 0.0, 0.01)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`; with one score frame for every 8 log-mel frames."""
        x = self.stages(self.stem(norm_bands(self.input_norm, features))).mean(dim=3)  # (batch, channels, frames)
        frames = functional.relu(self.projection(x.transpose(1, 2)))  # (batch, frames, dim)
        embedding = self.pool(frames)
        dropped = functional.dropout(embedding, self.config.dropout, self.training)
        return NetworkOutput(self.classifier(dropped), self.classifier(frames), embedding)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv_norm(channels, channels, 3)
        self.second = conv_norm(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, frames, mels)`."""
        return functional.relu(x + self.second(functional.relu(self.first(x))))
