"""YAMNet: MobileNetV1 over overlapping patches of a log-mel. tensorflow/models, research/audioset/yamnet.

Convolutions have biases in place of batch norms: converting the published weights folds one into the other.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.models.yamnet import YamnetConfig, channels
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import LogMel, pad_to_min
from panns.networks.heads import logit_of_mean_probability

STEM = 32
# Channels and stride of each separable convolution (Howard et al. 2017, arXiv:1704.04861, table 1).
LAYERS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))


class Yamnet(Network):
    """Depthwise-separable convolutions over each patch; the clip score is the mean over patches."""

    config: YamnetConfig

    def __init__(self, config: YamnetConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        n_in = channels(STEM, config.width)
        self.stem = SameConv(1, n_in, stride=2)
        blocks = []
        for base, stride in LAYERS:
            n_out = channels(base, config.width)
            blocks.append(SeparableConv(n_in, n_out, stride=stride))
            n_in = n_out
        self.blocks = nn.Sequential(*blocks)
        self.classifier = nn.Linear(n_in, config.n_classes)

    def initialise(self) -> None:
        """Set the initial values of He et al. 2015 (arXiv:1502.01852), which keep the variance without batch norms."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                assert module.bias is not None
                nn.init.zeros_(module.bias)
        nn.init.xavier_uniform_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`."""
        size, step = self.config.patch_frames, self.config.patch_step
        n_patches = (features.shape[1] - size) // step + 1
        # Indices rather than unfold(), which exporters turn into a loop.
        starts = step * torch.arange(n_patches, device=features.device)
        patches = features[:, starts[:, None] + torch.arange(size, device=features.device)]
        x = self.blocks(functional.relu(self.stem(patches.flatten(0, 1)[:, None])))
        embeddings = x.mean(dim=(2, 3)).reshape(features.shape[0], -1, x.shape[1])  # (batch, patches, dim)
        frame_logits = self.classifier(embeddings)
        equal = torch.zeros_like(frame_logits[..., :1]).log_softmax(dim=1)
        return NetworkOutput(
            logit_of_mean_probability(frame_logits, equal), frame_logits, embedding=embeddings.mean(dim=1)
        )


class SameConv(nn.Conv2d):
    """A 3x3 convolution over `(batch, channels, frames, mels)` of even size, with the padding of TensorFlow.

    With a stride of 2 all of the padding is at the end.
    """

    def __init__(self, n_in: int, n_out: int, *, stride: int, groups: int = 1) -> None:
        super().__init__(n_in, n_out, 3, stride, padding=1 if stride == 1 else 0, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, n_in, frames, mels)` to `(batch, n_out, frames / stride, mels / stride)`."""
        return super().forward(functional.pad(x, (0, 1, 0, 1)) if self.stride[0] == 2 else x)


class SeparableConv(nn.Module):
    """A depthwise 3x3 and a pointwise 1x1 convolution, each with ReLU."""

    def __init__(self, n_in: int, n_out: int, *, stride: int) -> None:
        super().__init__()
        self.depthwise = SameConv(n_in, n_in, stride=stride, groups=n_in)
        self.pointwise = nn.Conv2d(n_in, n_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, n_in, frames, mels)` to `(batch, n_out, frames / stride, mels / stride)`."""
        return functional.relu(self.pointwise(functional.relu(self.depthwise(x))))
