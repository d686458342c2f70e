"""The residual network of image recognition over a log-mel. He et al. 2016, arXiv:1512.03385, table 1 and figure 5.

Stages halve the map by the stride of a 3x3 convolution, because a stride of the 1x1 before it would skip three quarters
of the map: the form of Goyal et al. 2017, arXiv:1706.02677, section 5.1, often called v1.5.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from panns.models.bottleneck_resnet import EXPANSION, BottleneckResNetConfig
from panns.networks.blocks import conv_norm, norm_bands
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import LogMel, pad_to_min


class BottleneckResNet(Network):
    """A strided stem and four stages of bottlenecks, averaged over the map, then a linear classifier."""

    config: BottleneckResNetConfig

    def __init__(self, config: BottleneckResNetConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        self.input_norm = nn.BatchNorm2d(config.frontend.n_mels)
        self.stem = nn.Sequential(
            conv_norm(1, config.stem_channels, 7, stride=2), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)
        )
        n_in = config.stem_channels
        stages = []
        for number, (width, depth) in enumerate(zip(config.widths, config.depths, strict=True)):
            blocks = []
            for i in range(depth):
                blocks.append(Bottleneck(n_in, width, stride=2 if number > 0 and i == 0 else 1))
                n_in = EXPANSION * width
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.classifier = nn.Linear(config.embedding_dim, config.n_classes)

    def initialise(self) -> None:
        """Set the initial values of Goyal et al. 2017, arXiv:1706.02677, section 5.1; branches start at zero."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, Bottleneck):
                nn.init.zeros_(module.last_norm.weight)
        nn.init.normal_(self.classifier.weight, 0.0, 0.01)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`."""
        x = self.stages(self.stem(norm_bands(self.input_norm, features)))  # (batch, channels, frames / 32, mels / 32)
        embedding = x.mean(dim=(2, 3))
        return NetworkOutput(clip_logits=self.classifier(embedding), embedding=embedding)


class Bottleneck(nn.Module):
    """A 3x3 convolution between two 1x1 convolutions, with a shortcut."""

    def __init__(self, n_in: int, width: int, *, stride: int) -> None:
        super().__init__()
        n_out = EXPANSION * width
        self.reduce = conv_norm(n_in, width, 1)
        self.spatial = conv_norm(width, width, 3, stride=stride)
        self.expand = nn.Conv2d(width, n_out, 1, bias=False)
        self.last_norm = nn.BatchNorm2d(n_out)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or n_in != n_out:
            self.shortcut = conv_norm(n_in, n_out, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, frames, mels)`."""
        branch = functional.relu(self.spatial(functional.relu(self.reduce(x))))
        return functional.relu(self.shortcut(x) + self.last_norm(self.expand(branch)))
