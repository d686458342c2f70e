"""A causal convolutional-recurrent network with a state.

Whole sounds and blocks of a stream share the code: a sound starts from a state of zeros, a block from the state after
the block before it.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.frontend import silence
from panns.models.causal_crnn import STEM_KERNEL, CausalCrnnConfig
from panns.networks.blocks import AttentionPool
from panns.networks.contract import NetworkOutput, StreamingNetwork
from panns.networks.frontend import LogMel
from panns.networks.recurrent import MinGRU


class Memory:
    """State of a stream, read and rewritten in the order of the layers.

    Args:
        state: `(batch, numbers)`.
        shapes: Shapes of the parts of the state.
    """

    def __init__(self, state: Tensor, shapes: Sequence[tuple[int, ...]]) -> None:
        sizes = [math.prod(shape) for shape in shapes]
        pieces: tuple[Tensor, ...] = torch.split(state, sizes, dim=1)
        self._past = iter([piece.reshape(-1, *shape) for piece, shape in zip(pieces, shapes, strict=True)])
        self._kept: list[Tensor] = []

    def recall(self) -> Tensor:
        """State of the next layer: `(batch, ...)`."""
        return next(self._past)

    def keep(self, piece: Tensor) -> None:
        """Store the state of a layer for the next block."""
        self._kept.append(piece.flatten(1))

    def state(self) -> Tensor:
        """The new state, after all layers."""
        return torch.cat([piece.float() for piece in self._kept], dim=1)


class CausalCrnn(StreamingNetwork):
    """Causal convolutions, recurrent layers, and one classifier for every block and the weighted mean of blocks.

    Attributes:
        scores_ends_only: True to score only the last frame of every block, for faster training: the interpolated frames
            between them add cost but no information.
    """

    config: CausalCrnnConfig

    def __init__(self, config: CausalCrnnConfig) -> None:
        super().__init__()
        self.config = config
        self.scores_ends_only = False
        self.frontend = LogMel(config.frontend)
        n_mels = config.frontend.n_mels
        self.input_norm = nn.BatchNorm1d(n_mels)
        self.stem = CausalConv(1, config.stem_channels, (STEM_KERNEL, 5), stride=(2, 2))
        widths = (config.stem_channels, *config.channels)
        self.stages = nn.ModuleList(
            Stage(n_in, n_out, halves_time=stage == 0) for stage, (n_in, n_out) in enumerate(itertools.pairwise(widths))
        )
        n_left = n_mels // 2 ** len(widths)
        self.projection = nn.Linear(config.channels[-1] * n_left, config.embedding_dim)
        memory = config.memory_s / config.frontend.hop_s / config.block_frames
        self.recurrent = nn.ModuleList(MinGRU(config.embedding_dim, memory) for _ in range(config.n_recurrent))
        self.pool = AttentionPool(config.embedding_dim, config.n_heads)
        self.classifier = nn.Linear(config.embedding_dim, config.n_classes)

    def initialise(self) -> None:
        """Set the initial values of convolutions, recurrent layers and the classifier."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if isinstance(module, MinGRU):
                module.initialise()
        nn.init.normal_(self.classifier.weight, 0.0, 0.01)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length; silence fills the last block."""
        n_samples = max(waveform.shape[1], self.config.min_input_samples)
        missing = n_samples - waveform.shape[1] + -n_samples % self.config.block_samples
        output = self.forward_features(self.frontend(functional.pad(waveform, (0, missing))))
        assert output.frame_logits is not None
        return output._replace(frame_logits=output.frame_logits[:, : self.config.n_frames(n_samples)])

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of the log-mel `(batch, frames, mels)` of a whole sound; one score frame for each log-mel frame."""
        n_frames = features.shape[1]
        missing = -n_frames % self.config.block_frames
        features = functional.pad(features, (0, 0, 0, missing), value=silence(self.config.frontend))
        output, _ = self.step(features, features.new_zeros(len(features), self.config.state_size))
        assert output.frame_logits is not None
        return output._replace(frame_logits=output.frame_logits[:, :n_frames])

    def step_waveform(self, waveform: Tensor, state: Tensor) -> tuple[NetworkOutput, Tensor]:
        """Scores of the next blocks of a stream from its waveform, and the state after them.

        Args:
            waveform: `(batch, samples)`, whole blocks of `config.block_samples`.
            state: The state of `step`, then the `config.n_overlap` samples that the next frame overlaps.
        """
        size, overlap = self.config.state_size, self.config.n_overlap
        samples = torch.cat([state[:, size:], waveform], dim=1)
        output, after = self.step(self.frontend.of_padded(samples), state[:, :size])
        return output, torch.cat([after, samples[:, -overlap:]], dim=1)

    def step(self, features: Tensor, state: Tensor) -> tuple[NetworkOutput, Tensor]:
        """Scores of the next blocks of a stream from their log-mel, and the state after them."""
        memory = Memory(state, self.config.state_shapes)
        normed = self.input_norm(features.transpose(1, 2)).transpose(1, 2)
        x = functional.relu(self.stem(normed[:, None], memory))
        for stage in self.stages:
            x = stage(x, memory)
        x = x.transpose(1, 2).flatten(2)  # (batch, blocks, channels * mels)
        with _without_autocast(x):
            blocks = functional.relu(self.projection(x.float()))
            for layer in self.recurrent:
                states = layer(blocks, memory.recall())
                memory.keep(states[:, -1])
                blocks = blocks + states
        frame_logits = self._frame_logits(functional.dropout(blocks, self.config.dropout, self.training), memory)
        embedding = self.pool(blocks)
        dropped = functional.dropout(embedding, self.config.dropout, self.training)
        return NetworkOutput(self.classifier(dropped), frame_logits, embedding), memory.state()

    def _frame_logits(self, blocks: Tensor, memory: Memory) -> Tensor:
        """Linear interpolation from the logits at the end of the previous block to those at the end of this one."""
        # Without the bias, so that the zeros of the first state mean the scores of the bias alone.
        ends = functional.linear(blocks, self.classifier.weight)  # (batch, blocks, classes)
        starts = torch.cat([memory.recall()[:, None].to(ends.dtype), ends[:, :-1]], dim=1)
        memory.keep(ends[:, -1])
        bias = self.classifier.bias.to(ends.dtype)
        if self.scores_ends_only:
            return ends + bias
        n = self.config.block_frames
        shares = torch.arange(1, n + 1, device=blocks.device, dtype=ends.dtype)[:, None] / n
        rises = (ends - starts)[:, :, None] * shares  # (batch, blocks, frames, classes)
        return ((starts + bias)[:, :, None] + rises).flatten(1, 2)


def _without_autocast(x: Tensor) -> contextlib.AbstractContextManager[object]:
    """Full precision, even in half-precision training: rounding errors would add up in the recurrent state."""
    # The meta device, used for counting, has no autocast.
    return contextlib.nullcontext() if x.is_meta else torch.autocast(x.device.type, enabled=False)


class CausalConv(nn.Module):
    """A causal convolution with batch norm over `(batch, channels, frames, mels)`."""

    def __init__(
        self, n_in: int, n_out: int, kernel_size: tuple[int, int], *, stride: tuple[int, int] = (1, 1)
    ) -> None:
        super().__init__()
        self.n_past = kernel_size[0] - stride[0]
        self.conv = nn.Conv2d(n_in, n_out, kernel_size, stride, padding=(0, kernel_size[1] // 2), bias=False)
        self.norm = nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor, memory: Memory) -> Tensor:
        """`(batch, channels, frames, mels)`; frames a multiple of the stride in time."""
        if self.n_past:
            x = torch.cat([memory.recall().to(x.dtype), x], dim=2)
            memory.keep(x[:, :, -self.n_past :])
        normed: Tensor = self.norm(self.conv(x))
        return normed


class Stage(nn.Module):
    """A convolution that halves frequency, then a residual block (after He et al. 2016, arXiv:1512.03385, figure 2).

    Only two convolutions use past frames: the first one if it halves time too, and the first one of the block.
    """

    def __init__(self, n_in: int, n_out: int, *, halves_time: bool) -> None:
        super().__init__()
        self.reduce = CausalConv(n_in, n_out, (3 if halves_time else 1, 3), stride=(2 if halves_time else 1, 2))
        self.first = CausalConv(n_out, n_out, (3, 3))
        self.second = CausalConv(n_out, n_out, (1, 3))

    def forward(self, x: Tensor, memory: Memory) -> Tensor:
        """`(batch, channels, frames, mels)` to half the frequency resolution."""
        x = functional.relu(self.reduce(x, memory))
        return functional.relu(x + self.second(functional.relu(self.first(x, memory)), memory))
