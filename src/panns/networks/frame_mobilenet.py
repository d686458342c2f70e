"""Frame-wise MobileNets: the blocks of EfficientAT with a frame every 40 ms. Schmid et al. 2024, arXiv:2409.09546.

With a network over the frames: Morocutti et al. 2025, arXiv:2503.11373.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from panns.models.efficientat import round_channels
from panns.models.frame_mobilenet import FrameMobileNetConfig
from panns.networks.contract import Network, NetworkOutput
from panns.networks.efficientat import LARGE, InvertedResidual, conv_norm
from panns.networks.frontend import LogMel, pad_to_min
from panns.networks.sequence import sequence_network

# Strides of frequency bring 128 bands to one; the stem and block 1 alone stride in time.
BAND_STRIDES = (1, 2, 2, 1, 1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 2)
STRIDED_BLOCK = 1


class FrameMobileNet(Network):
    """Inverted residual blocks down to one band, and a linear classifier of each frame.

    In between, a network over the frames can relate them to each other. The score of a clip is the highest of its
    frames. The published files also have a classifier of the mean of the frames, without training on clips.
    """

    config: FrameMobileNetConfig

    def __init__(self, config: FrameMobileNetConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        n_in = round_channels(16 * config.width)
        self.stem = conv_norm(1, n_in, 3, activation=nn.Hardswish(), stride=2)
        blocks = []
        for i, (row, band_stride) in enumerate(zip(LARGE, BAND_STRIDES, strict=True)):
            block = InvertedResidual(n_in, row, config.width, stride=(band_stride, 2 if i == STRIDED_BLOCK else 1))
            blocks.append(block)
            n_in = block.n_out
        self.blocks = nn.Sequential(*blocks)
        self.last = conv_norm(n_in, config.n_channels, 1, activation=nn.Hardswish())
        # Identity, because `None` in its place would be one more case of `forward_features`.
        self.sequence = (
            nn.Identity() if config.sequence is None else sequence_network(config.sequence, config.n_channels)
        )
        self.classifier = nn.Linear(config.embedding_dim, config.n_classes)

    def initialise(self) -> None:
        """Set the initial values of convolutions and of the classifier."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
        nn.init.normal_(self.classifier.weight, 0.0, 0.01)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)`."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`."""
        x = self.last(self.blocks(self.stem(features[:, None].transpose(2, 3))))  # (batch, channels, mels, frames)
        frames = self.sequence(x.mean(dim=2).transpose(1, 2))
        logits = self.classifier(functional.dropout(frames, self.config.dropout, self.training))
        return NetworkOutput(logits.amax(dim=1), logits, frames.mean(dim=1))
