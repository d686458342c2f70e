"""Dynamic MobileNets of EfficientAT over a Kaldi log-mel. Schmid et al. 2023, arXiv:2310.15648, section III.

Every block derives a context from its input. The context weights the kernels of the convolutions, shapes the
activation, and weights time and frequency. The blocks have the sizes of MobileNetV3, without squeeze and excitation.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.models.dymn import DynamicMobileNetConfig
from panns.models.efficientat import round_channels
from panns.networks.contract import Network, NetworkOutput
from panns.networks.efficientat import HIDDEN, LARGE, NORM_EPS, NORM_MOMENTUM, Bottleneck, conv_norm
from panns.networks.frontend import LogMel, pad_to_min


class DynamicMobileNet(Network):
    """Dynamic inverted residual blocks over time and frequency, averaged, then a two-layer classifier."""

    config: DynamicMobileNetConfig

    def __init__(self, config: DynamicMobileNetConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        n_in = round_channels(16 * config.width)
        self.stem = conv_norm(1, n_in, 3, activation=nn.Hardswish(), stride=2)
        blocks = []
        for row in LARGE:
            blocks.append(DynamicInvertedResidual(n_in, row, config))
            n_in = round_channels(row.n_out * config.width)
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
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0.0, 0.01)
                nn.init.zeros_(module.bias)
            elif isinstance(module, DynamicPointwise | DynamicDepthwise):
                for kernel in module.kernels.unbind():
                    nn.init.kaiming_normal_(kernel, mode="fan_out")

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


class DynamicInvertedResidual(nn.Module):
    """Expand by a 1x1 convolution, filter each channel, weight time and frequency, project by a 1x1 convolution."""

    def __init__(self, n_in: int, row: Bottleneck, config: DynamicMobileNetConfig) -> None:
        super().__init__()
        n_out, expanded = round_channels(row.n_out * config.width), round_channels(row.expanded * config.width)
        dim = config.context_dim(expanded)
        self.context = Context(n_in, dim, expanded, row.stride)
        self.expand = DynamicPointwise(n_in, expanded, dim, config) if expanded != n_in else None
        self.expand_norm = _norm(expanded) if expanded != n_in else None
        self.activation = nn.Hardswish() if row.has_hardswish else nn.ReLU()
        self.depthwise = DynamicDepthwise(expanded, dim, config, kernel_size=row.kernel_size, stride=row.stride)
        self.depthwise_norm = _norm(expanded)
        self.dynamic_relu = DynamicReLU(expanded, dim)
        self.project = DynamicPointwise(expanded, n_out, dim, config)
        self.project_norm = _norm(n_out)
        self.has_shortcut = row.stride == 1 and n_in == n_out

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, channels, mels, frames)`."""
        context: ContextOutput = self.context(x)
        y: Tensor = x
        if self.expand is not None and self.expand_norm is not None:
            y = self.activation(self.expand_norm(self.expand(y, context.clip)))
        y = self.dynamic_relu(self.depthwise_norm(self.depthwise(y, context.clip)), context.clip)
        y = y * context.mel_weights * context.frame_weights
        y = self.project_norm(self.project(y, context.clip))
        return x + y if self.has_shortcut else y


class ContextOutput(NamedTuple):
    """Summary of the whole input of a block.

    Attributes:
        clip: `(batch, dim)`, for the dynamic convolutions and the dynamic ReLU.
        mel_weights: `(batch, expanded, mels, 1)`, within 0 to 1, for the output of the depthwise convolution.
        frame_weights: `(batch, expanded, 1, frames)`, within 0 to 1, for the same output.
    """

    clip: Tensor
    mel_weights: Tensor
    frame_weights: Tensor


class Context(nn.Module):
    """Context from the means over time and over frequency, with coordinate attention as weights.

    Hou et al. 2021, arXiv:2103.02907.
    """

    def __init__(self, n_in: int, dim: int, expanded: int, stride: int) -> None:
        super().__init__()
        self.squeeze = conv_norm(n_in, dim, 1, activation=nn.Hardswish())
        self.mels = nn.Conv2d(dim, expanded, 1)
        self.frames = nn.Conv2d(dim, expanded, 1)
        self.stride = stride

    def forward(self, x: Tensor) -> ContextOutput:
        """Context of `(batch, channels, mels, frames)`."""
        n_mels = x.shape[2]
        means = torch.cat([x.mean(dim=3), x.mean(dim=2)], dim=2)[..., None]  # (batch, channels, mels + frames, 1)
        sequence = self.squeeze(means)
        mels, frames = sequence[:, :, :n_mels], sequence[:, :, n_mels:].transpose(2, 3)
        if self.stride > 1:  # as the depthwise convolution shrinks the map
            mels = functional.avg_pool2d(mels, (3, 1), (self.stride, 1), (1, 0))
            frames = functional.avg_pool2d(frames, (1, 3), (1, self.stride), (0, 1))
        return ContextOutput(sequence.mean(dim=(2, 3)), self.mels(mels).sigmoid(), self.frames(frames).sigmoid())


class KernelWeights(nn.Module):
    """Weights of the kernels of a dynamic convolution for each clip; they sum to 1."""

    def __init__(self, dim: int, config: DynamicMobileNetConfig) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, config.n_kernels)
        self.temperature = config.temperature

    def forward(self, context: Tensor) -> Tensor:
        """`(batch, dim)` to `(batch, kernels)`."""
        weights: Tensor = (self.linear(context) / self.temperature).softmax(dim=1)
        return weights


class DynamicPointwise(nn.Module):
    """A 1x1 convolution whose kernel is the mean of several, weighted by the context.

    Chen et al. 2020, arXiv:1912.03458.
    """

    def __init__(self, n_in: int, n_out: int, dim: int, config: DynamicMobileNetConfig) -> None:
        super().__init__()
        self.weights = KernelWeights(dim, config)
        self.kernels = nn.Parameter(torch.empty(config.n_kernels, n_out, n_in))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """`(batch, channels, mels, frames)`; a matrix product for each clip."""
        _, n_out, n_in = self.kernels.shape
        kernel = (self.weights(context) @ self.kernels.flatten(1)).reshape(-1, n_out, n_in)
        n_mels, n_frames = x.shape[2:]
        y: Tensor = (kernel @ x.flatten(2)).reshape(-1, n_out, n_mels, n_frames)
        return y


class DynamicDepthwise(nn.Module):
    """A depthwise convolution whose kernel is the mean of several, weighted by the context."""

    def __init__(
        self, channels: int, dim: int, config: DynamicMobileNetConfig, *, kernel_size: int, stride: int
    ) -> None:
        super().__init__()
        self.weights = KernelWeights(dim, config)
        self.kernels = nn.Parameter(torch.empty(config.n_kernels, channels, kernel_size, kernel_size))
        self.stride = stride

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """`(batch, channels, mels, frames)`."""
        weights = self.weights(context)
        return self._mean_of_maps(x, weights) if torch.compiler.is_exporting() else self._map_of_mean(x, weights)

    def _map_of_mean(self, x: Tensor, weights: Tensor) -> Tensor:
        """Convolution with the mean kernel of each clip, with all clips as channels of one convolution."""
        kernel_size = self.kernels.shape[-1]
        kernels = (weights @ self.kernels.flatten(1)).reshape(-1, kernel_size, kernel_size)
        y = self._convolve(x.flatten(0, 1)[None], kernels)
        return y.reshape(*x.shape[:2], *y.shape[2:])

    def _mean_of_maps(self, x: Tensor, weights: Tensor) -> Tensor:
        """Equal to `_map_of_mean`, with fixed kernels: a graph fixes the groups of a convolution, and so the batch.

        For the maps of dymn10, one convolution with all kernels took ONNX Runtime 2.7 times as long, and sums of
        shifted maps took 6 times as long.
        """
        pairs = zip(self.kernels.unbind(), weights[:, :, None, None, None].unbind(dim=1), strict=True)
        maps = [self._convolve(x, kernel) * weight for kernel, weight in pairs]
        return sum(maps[1:], start=maps[0])

    def _convolve(self, x: Tensor, kernels: Tensor) -> Tensor:
        padding = kernels.shape[-1] // 2
        return functional.conv2d(x, kernels[:, None], stride=self.stride, padding=padding, groups=kernels.shape[0])


class DynamicReLU(nn.Module):
    """Maximum of two lines, whose slopes and intercepts come from the context for each channel.

    DyReLU-B of Chen et al. 2020, arXiv:2003.10027: slopes within 1 of those of ReLU, intercepts within 0.5 of 0.
    """

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, 4 * channels)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """`(batch, channels, mels, frames)`."""
        lines = (2 * self.linear(context).sigmoid() - 1).reshape(-1, x.shape[1], 4, 1, 1)
        slope_1, slope_2, intercept_1, intercept_2 = lines.unbind(dim=2)
        return torch.maximum(x * (1 + slope_1) + 0.5 * intercept_1, x * slope_2 + 0.5 * intercept_2)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=NORM_EPS, momentum=NORM_MOMENTUM)
