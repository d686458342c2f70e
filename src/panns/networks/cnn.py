"""CNN6, CNN10, CNN14 and their variants over a log-mel.

Kong et al. 2020, arXiv:1912.10211, section III-A and table I.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.models.cnn import CnnConfig
from panns.networks.frontend import LogMel, pad_to_min
from panns.networks.heads import AttentionHead, logit_of_mean_probability
from panns.networks.output import NetworkOutput
from panns.networks.published import StateDict


class Cnn(nn.Module):
    """Convolution blocks that halve time and frequency, then a clip head or a decision-level head."""

    def __init__(self, config: CnnConfig) -> None:
        super().__init__()
        self.config = config
        self.frontend = LogMel(config.frontend)
        self.input_norm = nn.BatchNorm2d(config.frontend.n_mels)
        widths = (1, *config.channels)
        self.blocks = nn.ModuleList(
            conv_block(n_in, n_out, config.kernel_sizes) for n_in, n_out in zip(widths, config.channels, strict=False)
        )
        self.projection = nn.Linear(config.channels[-1], config.hidden_dim)
        self.head: nn.Module
        if config.head == "attention":
            self.head = AttentionHead(config.hidden_dim, config.n_classes)
        else:
            self.head = nn.Linear(config.hidden_dim, config.n_classes)

    def initialise(self) -> None:
        """Give convolutions and linear layers their initial values: Xavier's, as published."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`."""
        config = self.config
        x = self.input_norm(features[:, None].transpose(1, 3)).transpose(1, 3)  # the norm is per mel band
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i < config.n_poolings:
                x = functional.avg_pool2d(x, 2)
            x = functional.dropout(x, config.block_dropout, self.training)
        x = x.mean(dim=3)  # (batch, channels, frames)
        return self._clip_head(x) if config.head == "clip" else self._decision_level_head(x)

    def _clip_head(self, x: Tensor) -> NetworkOutput:
        x = functional.dropout(x.amax(dim=2) + x.mean(dim=2), self.config.head_dropout, self.training)
        embedding = functional.relu(self.projection(x))
        return NetworkOutput(clip_logits=self.head(embedding), embedding=embedding)

    def _decision_level_head(self, x: Tensor) -> NetworkOutput:
        """Scores of every frame of the last block, and of the clip from these."""
        x = functional.max_pool1d(x, 3, stride=1, padding=1) + functional.avg_pool1d(x, 3, stride=1, padding=1)
        x = functional.dropout(x, self.config.head_dropout, self.training)
        x = functional.relu(self.projection(x.transpose(1, 2)))  # (batch, frames, dim)
        x = functional.dropout(x, self.config.head_dropout, self.training)
        if self.config.head == "attention":
            output: NetworkOutput = self.head(x)
            return output
        frame_logits = self.head(x)
        if self.config.head == "max":
            return NetworkOutput(frame_logits.amax(dim=1), frame_logits)
        equal_weights = torch.zeros_like(frame_logits[..., :1]).log_softmax(dim=1)
        return NetworkOutput(logit_of_mean_probability(frame_logits, equal_weights), frame_logits)


def conv_block(n_in: int, n_out: int, kernel_sizes: tuple[int, ...]) -> nn.Sequential:
    """Convolutions that keep the size of `(batch, channels, frames, mels)`, each with batch norm and ReLU."""
    layers: list[nn.Module] = []
    for i, kernel_size in enumerate(kernel_sizes):
        conv = nn.Conv2d(n_in if i == 0 else n_out, n_out, kernel_size, padding=kernel_size // 2, bias=False)
        layers += [conv, nn.BatchNorm2d(n_out), nn.ReLU()]
    return nn.Sequential(*layers)


def from_published(state_dict: StateDict) -> StateDict:
    """Our names for the entries of a state dict of the published PANNs.

    `conv_block3.bn1.weight` becomes `blocks.2.1.weight`; the attention convolutions of width 1 become linear layers.
    The published attention block holds a batch norm that its forward pass never uses; it is left out.
    """
    renamed = {}
    for key, tensor in state_dict.items():
        if key.startswith("att_block.bn_att."):
            continue
        new_key = re.sub(r"^conv_block(\d+)\.(conv|bn)(\d*)\.", _layer_name, key)
        for old, new in _PUBLISHED_PREFIXES.items():
            if key.startswith(old):
                new_key = new + key.removeprefix(old)
        is_pointwise_conv = key in ("att_block.att.weight", "att_block.cla.weight")
        renamed[new_key] = tensor[..., 0] if is_pointwise_conv else tensor
    return renamed


_PUBLISHED_PREFIXES = {
    "bn0.": "input_norm.",
    "fc1.": "projection.",
    "fc_audioset.": "head.",
    "att_block.att.": "head.attention.",
    "att_block.cla.": "head.classifier.",
}


def _layer_name(match: re.Match[str]) -> str:
    block, kind, number = match[1], match[2], match[3] or "1"
    return f"blocks.{int(block) - 1}.{3 * (int(number) - 1) + (kind == 'bn')}."
