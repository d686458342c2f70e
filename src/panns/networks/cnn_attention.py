"""A CNN with a residual branch over its time-frequency map.

Multi-head attention: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2; gated recurrent units: Cho et al. 2014,
arXiv:1406.1078; branches that start at zero: Bachlechner et al. 2021, arXiv:2003.04887.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.models.cnn_attention import CnnAttentionConfig
from panns.networks.cnn import Cnn
from panns.networks.contract import Network, NetworkOutput
from panns.networks.frontend import LogMel, pad_to_min
from panns.networks.heads import ClipHead
from panns.networks.recurrent import recur


class CnnAttention(Network):
    """A CNN with a residual branch over its map; the head scores the clip and every column of the map."""

    config: CnnAttentionConfig

    def __init__(self, config: CnnAttentionConfig) -> None:
        super().__init__()
        self.config = config
        self.cnn = Cnn(config.cnn)
        n_channels, n_rows = config.cnn.channels[-1], config.frontend.n_mels >> config.cnn.n_poolings
        self.branch: MapAttention | MapRecurrence
        if config.branch == "attention":
            self.branch = MapAttention(n_channels, n_rows, config.dim, config.n_heads)
        else:
            self.branch = MapRecurrence(n_channels, config.dim)

    @property
    def frontend(self) -> LogMel:
        """Front end of the CNN."""
        return self.cnn.frontend

    def initialise(self) -> None:
        """Set the initial values; the branch starts at zero."""
        self.cnn.initialise()
        for module in self.branch.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)
        nn.init.zeros_(self.branch.restore.weight)

    def forward(self, waveform: Tensor) -> NetworkOutput:
        """Scores of a waveform `(batch, samples)` of any length."""
        return self.forward_features(self.frontend(pad_to_min(waveform, self.config.min_input_samples)))

    def forward_features(self, features: Tensor) -> NetworkOutput:
        """Scores of a log-mel `(batch, frames, mels)`; with one score frame for every column of the map."""
        x = self.cnn.feature_map(features)
        columns = (x + self.branch(x)).mean(dim=3)
        head = self.cnn.head
        assert isinstance(head, ClipHead)
        clip: NetworkOutput = head(columns)
        return clip._replace(frame_logits=head.frame_logits(columns))


class MapAttention(nn.Module):
    """Attention between all positions of a map `(batch, channels, frames, mels)`, in fewer dimensions.

    A learned vector encodes the row of a position. The sinusoids of section 3.5 of the paper, which work for any
    length, encode its time.
    """

    def __init__(self, n_channels: int, n_rows: int, dim: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm = nn.LayerNorm(n_channels)
        self.reduce = nn.Linear(n_channels, dim)
        self.rows = nn.Parameter(torch.zeros(n_rows, dim))
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.restore = nn.Linear(dim, n_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Values to add to the map."""
        places = self.reduce(self.norm(x.permute(0, 2, 3, 1)))  # (batch, frames, mels, dim)
        n_clips, n_frames, n_rows, dim = places.shape
        places = places + self.rows + sinusoids(n_frames, dim, like=places)[:, None]
        heads = self.query_key_value(places).reshape(n_clips, n_frames * n_rows, 3, self.n_heads, dim // self.n_heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind(0)  # (batch, heads, frames * mels, dim / heads)
        mixed = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2)
        added: Tensor = self.restore(mixed.reshape(n_clips, n_frames, n_rows, dim))
        return added.permute(0, 3, 1, 2)


def sinusoids(n_frames: int, dim: int, *, like: Tensor) -> Tensor:
    """Sines, then cosines, of the frame index at `dim / 2` frequencies from 1 to 1/10,000: `(frames, dim)`."""
    speeds = torch.exp(torch.arange(dim // 2, device=like.device) * (-math.log(10_000.0) / (dim // 2)))
    angles = torch.arange(n_frames, device=like.device)[:, None] * speeds
    return torch.cat([angles.sin(), angles.cos()], dim=1).to(like.dtype)


class MapRecurrence(nn.Module):
    """A bidirectional recurrent layer over the columns of a map `(batch, channels, frames, mels)`."""

    def __init__(self, n_channels: int, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(n_channels)
        self.reduce = nn.Linear(n_channels, dim)
        self.gru = nn.GRU(dim, dim // 2, batch_first=True, bidirectional=True)
        self.restore = nn.Linear(dim, n_channels)

    def forward(self, x: Tensor) -> Tensor:
        """Values to add to the map, equal for all rows of a column."""
        columns = self.reduce(self.norm(x.mean(dim=3).transpose(1, 2)))  # (batch, frames, dim)
        added: Tensor = self.restore(recur(self.gru, columns))
        return added.transpose(1, 2)[..., None]
