"""Transformers over patches of a log-mel, among them CED.

Gong et al. 2021, arXiv:2104.01778, section 2.1; Dinkel et al. 2024, arXiv:2308.11957.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.frontend import silence
from panns.models.patch_attention import PatchAttentionConfig
from panns.networks.blocks import norm_bands
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import LogMel, pad_to_min
from panns.networks.transformer import Block, SelfAttention, set_small_weights

NORM_EPS = 1e-6  # every layer norm except that of the mean head, as published


class PatchAttention(Network):
    """Patches projected by one convolution, with learned positions, through a transformer into a pooling head."""

    config: PatchAttentionConfig

    def __init__(self, config: PatchAttentionConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        self.input_norm = nn.BatchNorm2d(config.frontend.n_mels)
        self.projection = nn.Conv2d(1, config.dim, config.patch, config.stride)
        self.time_positions = nn.Parameter(torch.zeros(config.n_columns, config.dim))
        self.band_positions = nn.Parameter(torch.zeros(config.n_rows, config.dim))
        norm = partial(nn.LayerNorm, eps=NORM_EPS)
        self.blocks = nn.Sequential(
            *(Block(config, SelfAttention(config.dim, config.n_heads), norm) for _ in range(config.depth))
        )
        self.norm = norm(config.dim)
        self.head: nn.Module = {"attention": AttentionHead, "mean": MeanHead}[config.pooling](
            config.dim, config.n_classes
        )

    def initialise(self) -> None:
        """Set small initial values of weights and positions; attention pooling starts as a mean."""
        set_small_weights(self)
        nn.init.trunc_normal_(self.time_positions, std=0.02)
        nn.init.trunc_normal_(self.band_positions, std=0.02)
        if isinstance(self.head, AttentionHead):
            nn.init.zeros_(self.head.attention.weight)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length up to `max_patches`."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`.

        Raises:
            ValueError: The log-mel has more patches than `max_patches`. An exported graph does not check this.
        """
        config = self.config
        x = norm_bands(self.input_norm, self._filled(features))
        x = self.projection(x).permute(0, 2, 3, 1)  # (batch, columns, rows, dim)
        n_columns, n_rows = x.shape[1:3]
        if not torch.compiler.is_exporting() and n_columns * n_rows > config.max_patches:
            max_frames = config.patches.max_frames(config.frontend.n_mels)
            raise ValueError(
                f"{features.shape[1]} log-mel frames make {n_columns * n_rows} patches, more than the "
                f"max_patches={config.max_patches} of one pass; give at most {max_frames} frames, "
                f"{(max_frames - 1) * config.frontend.hop_s:g} s, or use panns.load(), which uses windows"
            )
        x = x + interpolated(self.time_positions, n_columns)[:, None] + self.band_positions
        x = functional.dropout(x, config.dropout, self.training)
        x = self.norm(self.blocks(x.flatten(1, 2)))
        output: NetworkOutput = self.head(x.unflatten(1, (n_columns, n_rows)))
        return output

    def _filled(self, features: Tensor) -> Tensor:
        """The log-mel, with silence to fill the last patch in time."""
        if not self.config.fills_last:
            return features
        missing = (self.config.patch[0] - features.shape[1]) % self.config.stride[0]
        return functional.pad(features, (0, 0, 0, missing), value=silence(self.config.frontend))


def interpolated(positions: Tensor, n: int) -> Tensor:
    """The first `n` of the learned `(positions, dim)`, or all of them, stretched linearly to a larger `n`."""
    last = positions.shape[0] - 1
    # One computation for both cases, so that an exported graph is right for both.
    index = torch.arange(n, device=positions.device, dtype=torch.float32)
    index = index * (last / index[-1].clamp(min=1.0)).clamp(max=1.0)
    left = index.long().clamp(max=last)
    right = (left + 1).clamp(max=last)
    before, after = positions.index_select(0, left), positions.index_select(0, right)
    return before + (after - before) * (index - left)[:, None]


class AttentionHead(nn.Module):
    """Classifier of every patch, with an attention weight of each patch for each class.

    Kong et al. 2018, arXiv:1711.00927, with the mean taken of logits. The weights of a class sum to 1 over the clip.
    The score of a frame uses weights that sum to 1 within its column, so the score of the clip is the mean of the
    frames, weighted by column.
    """

    def __init__(self, dim: int, n_classes: int) -> None:
        super().__init__()
        self.attention = nn.Linear(dim, n_classes, bias=False)  # a bias would change no weight: they are relative
        self.classifier = nn.Linear(dim, n_classes)

    def forward(self, x: Tensor) -> NetworkOutput:
        """Patches `(batch, columns, rows, dim)` to clip and frame scores, embedding and weights."""
        patch_logits, attention = self.classifier(x), self.attention(x)  # (batch, columns, rows, classes)
        weights = attention.flatten(1, 2).softmax(dim=1).unflatten(1, attention.shape[1:3])
        return NetworkOutput(
            clip_logits=(weights * patch_logits).sum(dim=(1, 2)),
            frame_logits=(attention.softmax(dim=2) * patch_logits).sum(dim=2),
            embedding=x.mean(dim=(1, 2)),
            patch_weights=weights.permute(0, 3, 1, 2),
        )


class MeanHead(nn.Module):
    """Classifier of the normalised mean of the patches."""

    def __init__(self, dim: int, n_classes: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.classifier = nn.Linear(dim, n_classes)

    def forward(self, x: Tensor) -> NetworkOutput:
        """Patches `(batch, columns, rows, dim)` to clip scores and embedding."""
        embedding = x.mean(dim=(1, 2))
        return NetworkOutput(clip_logits=self.classifier(self.norm(embedding)), embedding=embedding)
