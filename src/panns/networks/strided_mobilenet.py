"""MobileNetV3 with frame scores: the blocks of EfficientAT with fewer strides in time.

Schmid et al. 2022, arXiv:2211.04772, section 2.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from panns.models.efficientat import round_channels
from panns.models.strided_mobilenet import N_STRIDED, StridedMobileNetConfig
from panns.networks.blocks import AttentionPool
from panns.networks.contract import Network, NetworkOutput
from panns.networks.efficientat import LARGE, InvertedResidual, conv_norm
from panns.networks.frontend import LogMel, pad_to_min


class StridedMobileNet(Network):
    """Inverted residual blocks, averaged over frequency; one classifier for the frames and for their weighted mean."""

    config: StridedMobileNetConfig

    def __init__(self, config: StridedMobileNetConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        n_in = round_channels(16 * config.width)
        # The stem and four rows halve frequency; the first of them halve time too.
        strides = iter([(2, 2)] * config.n_time_strides + [(2, 1)] * (N_STRIDED - config.n_time_strides))
        self.stem = conv_norm(1, n_in, 3, activation=nn.Hardswish(), stride=next(strides))
        blocks = []
        for row in LARGE:
            stride = None if row.stride == 1 else next(strides)
            block = InvertedResidual(n_in, row, config.width, stride=stride)
            blocks.append(block)
            n_in = block.n_out
        self.blocks = nn.Sequential(*blocks)
        self.last = conv_norm(n_in, config.embedding_dim, 1, activation=nn.Hardswish())
        self.pool = AttentionPool(config.embedding_dim, config.n_heads)
        self.hidden = nn.Linear(config.embedding_dim, config.hidden_dim)
        self.classifier = nn.Linear(config.hidden_dim, config.n_classes)

    def initialise(self) -> None:
        """Set the initial values of convolutions and linear layers; the pool starts as a plain mean."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        for linear in (self.hidden, self.classifier):
            nn.init.normal_(linear.weight, 0.0, 0.01)
            nn.init.zeros_(linear.bias)
        nn.init.zeros_(self.pool.attention.weight)
        nn.init.zeros_(self.pool.attention.bias)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`."""
        return self.forward_map(self.blocks(self.stem(features[:, None].transpose(2, 3))))

    def forward_map(self, x: Tensor) -> NetworkOutput:
        """Scores of the output of the last block, `(batch, channels, mels, frames)`."""
        frames = self.last(x).mean(dim=2).transpose(1, 2)  # (batch, frames, dim)
        embedding = self.pool(frames)
        return NetworkOutput(self._classify(embedding), self._classify(frames), embedding)

    def _classify(self, vectors: Tensor) -> Tensor:
        hidden = functional.hardswish(self.hidden(vectors))
        logits: Tensor = self.classifier(functional.dropout(hidden, self.config.dropout, self.training))
        return logits
