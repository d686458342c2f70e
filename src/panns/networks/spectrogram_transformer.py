"""The Audio Spectrogram Transformer (AST). Gong et al. 2021, arXiv:2104.01778, section 2.1.

The tokens of classification and distillation are those of Touvron et al. 2021, arXiv:2012.12877, section 4.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.models.spectrogram_transformer import SpectrogramTransformerConfig
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import LogMel, pad_to_min
from panns.networks.transformer import Block, SelfAttention, set_small_weights

N_TOKENS = 2  # of classification and distillation, before the patches


class SpectrogramTransformer(Network):
    """Overlapping patches and two tokens with learned positions, through a transformer; the tokens are classified."""

    config: SpectrogramTransformerConfig

    def __init__(self, config: SpectrogramTransformerConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        self.projection = nn.Conv2d(1, config.dim, config.patch[::-1], config.stride[::-1])  # bands, then frames
        self.tokens = nn.Parameter(torch.zeros(N_TOKENS, config.dim))
        self.positions = nn.Parameter(torch.zeros(N_TOKENS + config.n_patches, config.dim))
        norm = partial(nn.LayerNorm, eps=config.norm_eps)
        self.blocks = nn.Sequential(
            *(Block(config, SelfAttention(config.dim, config.n_heads), norm) for _ in range(config.depth))
        )
        self.norm = norm(config.dim)
        self.head = TokenHead(config)

    def initialise(self) -> None:
        """Set small initial values of weights, tokens and positions."""
        set_small_weights(self)
        nn.init.trunc_normal_(self.tokens, std=0.02)
        nn.init.trunc_normal_(self.positions, std=0.02)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length up to `max_input_samples`."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`.

        Raises:
            ValueError: The log-mel is longer than `n_input_frames`. An exported graph leaves out the end.
        """
        config = self.config
        if not torch.compiler.is_exporting() and features.shape[1] > config.n_input_frames:
            raise ValueError(
                f"{features.shape[1]} log-mel frames are more than the n_input_frames={config.n_input_frames} of one "
                f"pass, {config.max_input_samples / config.frontend.sample_rate:g} s; give a shorter sound, or use "
                "panns.load(), which uses windows"
            )
        patches = self.projection(self._filled(features).transpose(1, 2)[:, None])  # (batch, dim, rows, columns)
        tokens = self.tokens.expand(features.shape[0], -1, -1)
        x = torch.cat([tokens, patches.flatten(2).transpose(1, 2)], dim=1) + self.positions
        x = self.blocks(functional.dropout(x, config.dropout, self.training))
        output: NetworkOutput = self.head(self.norm(x[:, :N_TOKENS]))
        return output

    def _filled(self, features: Tensor) -> Tensor:
        """The log-mel in its fixed length: what is missing has the value 0 before `shift` and `scale`."""
        n_frames, frontend = self.config.n_input_frames, self.config.frontend
        return functional.pad(features, (0, 0, 0, n_frames), value=frontend.shift * frontend.scale)[:, :n_frames]


class TokenHead(nn.Module):
    """Classifier of the normalised mean of the tokens."""

    def __init__(self, config: SpectrogramTransformerConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.dim, eps=config.norm_eps)
        self.classifier = nn.Linear(config.dim, config.n_classes)

    def forward(self, tokens: Tensor) -> NetworkOutput:
        """Tokens `(batch, tokens, dim)` to clip scores and embedding."""
        embedding = tokens.mean(dim=1)
        return NetworkOutput(clip_logits=self.classifier(self.norm(embedding)), embedding=embedding)
