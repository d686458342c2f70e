"""Blocks of transformers that normalise first: Dosovitskiy et al. 2021, arXiv:2010.11929, equations 1 to 4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional


class BlockSettings(Protocol):
    """Settings of a block, from the config of a network."""

    @property
    def dim(self) -> int:
        """Length of the vector of a token."""

    @property
    def mlp_ratio(self) -> int:
        """Hidden width of the two-layer network, in multiples of `dim`."""

    @property
    def dropout(self) -> float:
        """Dropout of the output of each branch."""

    @property
    def drop_path(self) -> float:
        """Probability that a clip skips a branch."""


class Block(nn.Module):
    """Self-attention, then a two-layer network, each on the norm of its input and added to the input.

    Args:
        config: Sizes and dropout.
        attention: From `(batch, tokens, dim)` to that shape.
        norm: Makes the norm of vectors of a length.
    """

    def __init__(self, config: BlockSettings, attention: nn.Module, norm: Callable[[int], nn.Module]) -> None:
        super().__init__()
        dim, hidden = config.dim, config.mlp_ratio * config.dim
        self.dropout, self.drop_path = config.dropout, config.drop_path
        self.attention_norm = norm(dim)
        self.attention = attention
        self.mlp_norm = norm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, tokens, dim)`."""
        x = x + self._dropped(self.attention(self.attention_norm(x)))
        return x + self._dropped(self.mlp(self.mlp_norm(x)))

    def _dropped(self, branch: Tensor) -> Tensor:
        """Apply dropout to a branch in training, and drop the whole branch for some clips.

        Huang et al. 2016, arXiv:1603.09382.
        """
        if not self.training:
            return branch
        kept = functional.dropout(torch.ones_like(branch[:, :1, :1]), self.drop_path)
        return functional.dropout(branch, self.dropout) * kept


class SelfAttention(nn.Module):
    """Multi-head attention between all tokens (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2)."""

    def __init__(self, dim: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.projection = nn.Linear(dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """`(batch, tokens, dim)`."""
        attended = functional.scaled_dot_product_attention(*split_heads(self.qkv(x), self.n_heads))
        projected: Tensor = self.projection(attended.transpose(1, 2).flatten(2))
        return projected


def split_heads(qkv: Tensor, n_heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values `(batch, heads, tokens, dim / heads)` of `(batch, tokens, 3 * dim)`."""
    split: Tensor = qkv.unflatten(2, (3, n_heads, -1))  # type: ignore[no-untyped-call] # torch has no types for it
    query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
    return query, key, value


def set_small_weights(network: nn.Module) -> None:
    """Initialise convolutions and linear layers of a transformer: weights of 0.02, no biases."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
