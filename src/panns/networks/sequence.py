"""Networks over the score frames of another network, which relate the frames to each other.

Morocutti et al. 2025, arXiv:2503.11373, section 3.2.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from panns.models.frame_mobilenet import SequenceConfig
from panns.networks.recurrent import BidirectionalMinGRU, recur
from panns.networks.transformer import Block, split_heads

ROTARY_BASE = 10_000.0  # the slowest rotation, in frames for one radian
# The published norms have no such number; this one stays out of float32 and keeps silence from dividing by 0.
RmsNorm = partial(nn.RMSNorm, eps=1e-12)


def sequence_network(config: SequenceConfig, n_in: int) -> nn.Module:
    """Network from `(batch, frames, n_in)` to `(batch, frames, config.n_out)`."""
    return Recurrence(config, n_in) if config.kind == "gru" else SequenceTransformer(config, n_in)


class Recurrence(nn.Module):
    """Bidirectional gated recurrent units, one layer after the other (Cho et al. 2014, arXiv:1406.1078)."""

    def __init__(self, config: SequenceConfig, n_in: int) -> None:
        super().__init__()
        widths = [n_in] + [2 * config.dim] * (config.depth - 1)
        self.layers = nn.ModuleList(nn.GRU(width, config.dim, batch_first=True, bidirectional=True) for width in widths)
        self.dropout = config.dropout

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, frames, n_in)` to `(batch, frames, 2 * dim)`."""
        for i, layer in enumerate(self.layers):
            assert isinstance(layer, nn.GRU)
            x = recur(layer, functional.dropout(x, self.dropout, self.training and i > 0))
        return x


class SequenceTransformer(nn.Module):
    """A projection, transformer blocks that normalise first, and a norm."""

    def __init__(self, config: SequenceConfig, n_in: int) -> None:
        super().__init__()
        attention = RotaryAttention if config.kind == "transformer" else RecurrentAttention
        self.projection = nn.Linear(n_in, config.dim)
        self.blocks = nn.Sequential(
            *(Block(config, attention(config.dim, config.n_heads), RmsNorm) for _ in range(config.depth))
        )
        self.norm = RmsNorm(config.dim)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, frames, n_in)` to `(batch, frames, dim)`."""
        normed: Tensor = self.norm(self.blocks(self.projection(x)))
        return normed


class RotaryAttention(nn.Module):
    """Multi-head attention with rotary positions and a gate for each head.

    Rotary positions: Su et al. 2021, arXiv:2104.09864, section 3.2.2; gates: Bondarenko et al. 2023, arXiv:2306.12929,
    section 4.2.
    """

    def __init__(self, dim: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.gates = nn.Linear(dim, n_heads)
        self.projection = nn.Linear(dim, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, frames, dim)`."""
        query, key, value = split_heads(self.qkv(x), self.n_heads)
        angles = rotary_angles(x.shape[1], query.shape[-1] // 2, device=x.device)
        attended = functional.scaled_dot_product_attention(rotate(query, angles), rotate(key, angles), value)
        gated = attended.transpose(1, 2) * self.gates(x).sigmoid()[..., None]  # (batch, frames, heads, dim / heads)
        projected: Tensor = self.projection(gated.flatten(2))
        return projected


def rotary_angles(n_frames: int, n_pairs: int, device: torch.device | None = None) -> Tensor:
    """Angles of every frame, in radians: `(frames, pairs)`."""
    speeds = ROTARY_BASE ** (-torch.arange(n_pairs, device=device) / n_pairs)
    return torch.arange(n_frames, device=device)[:, None] * speeds


def rotate(vectors: Tensor, angles: Tensor) -> Tensor:
    """Rotate neighbouring pairs of numbers.

    Args:
        vectors: `(batch, heads, frames, dim)`.
        angles: `(frames, dim / 2)`, in radians.
    """
    pairs: Tensor = vectors.unflatten(-1, (-1, 2))  # type: ignore[no-untyped-call] # torch has no types for it
    x, y = pairs.unbind(-1)
    cos, sin = angles.cos(), angles.sin()
    return torch.stack([x * cos - y * sin, y * cos + x * sin], dim=-1).flatten(-2)


class RecurrentAttention(nn.Module):
    """Mean of multi-head attention and of minimal gated recurrent units, both normalised in every head.

    Dong et al. 2024, arXiv:2411.13676, section 2.1.
    """

    def __init__(self, dim: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.recurrence = BidirectionalMinGRU(dim)
        self.attention_norm = RmsNorm(dim // n_heads)
        self.recurrence_norm = RmsNorm(dim // n_heads)
        self.projection = nn.Linear(dim, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, frames, dim)`."""
        attended = functional.scaled_dot_product_attention(*split_heads(self.qkv(x), self.n_heads)).transpose(1, 2)
        states = self.recurrence(x).unflatten(2, (self.n_heads, -1))  # (batch, frames, heads, dim / heads)
        mean = (self.attention_norm(attended) + self.recurrence_norm(states)) / 2
        projected: Tensor = self.projection(mean.flatten(2))
        return projected
