"""Wavegram-CNN14: a learned time-frequency map instead of a log-mel, or beside one.

Kong et al. 2020, arXiv:1912.10211.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.models.wavegram import BLOCK_STRIDE, MAP_STRIDE, STEM_STRIDE, WavegramConfig
from panns.networks.blocks import conv_block, norm_bands, xavier
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import LogMel, pad_to_min
from panns.networks.heads import ClipHead
from panns.networks.wave1d import conv1d_block, stem

STEM_KERNEL = 11


class Wavegram(Network):
    """Convolution blocks over a wavegram, with the map of a log-mel, if any, as further channels."""

    config: WavegramConfig

    def __init__(self, config: WavegramConfig) -> None:
        super().__init__()
        self.config = config
        n_in = config.channels[0]
        self.wavegram = WavegramMap(config.wave_widths, config.n_rows, n_in)
        log_mel = config.frontend.log_mel
        self.frontend = None if log_mel is None else LogMel(log_mel)
        if log_mel is not None:
            self.input_norm = nn.BatchNorm2d(log_mel.n_mels)
            self.stem = conv_block(1, n_in)
            n_in *= 2
        self.blocks = nn.ModuleList(
            conv_block(n_before, n_out) for n_before, n_out in itertools.pairwise((n_in, *config.channels[1:]))
        )
        self.head = ClipHead(config.channels[-1], config.hidden_dim, config.n_classes, config.head_dropout)

    def initialise(self) -> None:
        """Set the initial values of Xavier, as published."""
        xavier(self)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        waveform = pad_to_min(waveform, self.config.min_input_samples)
        return self.forward_features(waveform, *(() if self.frontend is None else (self.frontend(waveform),)))

    def forward_features(self, waveform: Tensor, features: Tensor | None = None) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` and its log-mel `(batch, frames, mels)`, if any."""
        x = self.wavegram(waveform)
        if features is not None:
            x = self._dropout(self._beside_log_mel(x, features))
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i < self.config.n_poolings:
                x = functional.avg_pool2d(x, 2)
            x = self._dropout(x)
        output: NetworkOutput = self.head(x.mean(dim=3))
        return output

    def _beside_log_mel(self, wavegram: Tensor, features: Tensor) -> Tensor:
        """Channels of the map of a log-mel, then those of a wavegram `(batch, channels, frames, rows)`."""
        log_mel = functional.avg_pool2d(self.stem(norm_bands(self.input_norm, features)), MAP_STRIDE)
        # Column c of both maps covers the 20 ms from sample 640 c on. For its last column a log-mel, whose frames are
        # centred, needs the first 320 of these samples, and a wavegram 636. In between, the log-mel has one column
        # more, and the original fails. Without that column the maps stay aligned; other lengths do not change.
        return torch.cat([log_mel[:, :, : wavegram.shape[2]], wavegram], dim=1)

    def _dropout(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.config.block_dropout, self.training)


class WavegramMap(nn.Module):
    """A map learned from the waveform: channels of one-dimensional convolutions become rows and channels."""

    def __init__(self, widths: tuple[int, ...], n_rows: int, n_out: int) -> None:
        super().__init__()
        self.n_rows = n_rows
        self.stem = stem(widths[0], STEM_KERNEL, STEM_STRIDE, padding=STEM_KERNEL // 2)
        self.blocks = nn.ModuleList(
            conv1d_block(n_before, n_after, dilations=(1, 2)) for n_before, n_after in itertools.pairwise(widths)
        )
        self.last = conv_block(widths[-1] // n_rows, n_out)

    def forward(self, waveform: Tensor) -> Tensor:
        """A waveform `(batch, samples)` to a map `(batch, channels, frames, rows)`."""
        x = functional.relu(self.stem(waveform[:, None]))
        for block in self.blocks:
            x = functional.max_pool1d(block(x), BLOCK_STRIDE)
        x = x.reshape(x.shape[0], x.shape[1] // self.n_rows, self.n_rows, x.shape[2]).transpose(2, 3)
        return functional.avg_pool2d(self.last(x), (MAP_STRIDE, 1))
