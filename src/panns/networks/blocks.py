"""Convolution blocks and initial values that families share."""

from __future__ import annotations

from torch import Tensor, nn


def conv_block(n_in: int, n_out: int, kernel_sizes: tuple[int, ...] = (3, 3)) -> nn.Sequential:
    """Convolutions that keep the size of `(batch, channels, frames, mels)`, each with batch norm and ReLU."""
    layers: list[nn.Module] = []
    for kernel_size in kernel_sizes:
        conv = nn.Conv2d(n_in, n_out, kernel_size, padding=kernel_size // 2, bias=False)
        layers += [conv, nn.BatchNorm2d(n_out), nn.ReLU()]
        n_in = n_out
    return nn.Sequential(*layers)


def conv_norm(n_in: int, n_out: int, kernel_size: int, *, stride: int | tuple[int, int] = 1) -> nn.Sequential:
    """A convolution over `(batch, channels, frames, mels)` with batch norm; a stride of 2 halves, rounded up."""
    conv = nn.Conv2d(n_in, n_out, kernel_size, stride, padding=kernel_size // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(n_out))


def norm_bands(norm: nn.BatchNorm2d, features: Tensor) -> Tensor:
    """A log-mel `(batch, frames, mels)` as a map `(batch, 1, frames, mels)`, each mel band normalised separately."""
    normed: Tensor = norm(features[:, None].transpose(1, 3))
    return normed.transpose(1, 3)


def xavier(network: nn.Module) -> None:
    """Set the initial values of Xavier for convolutions and linear layers, as in the published PANNs."""
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class AttentionPool(nn.Module):
    """Mean of frames over time, weighted by a separate attention for each part of the vector.

    The parts are the heads of multi-head attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2), with one
    learned query for each head.
    """

    def __init__(self, dim: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.attention = nn.Linear(dim, n_heads)

    def forward(self, frames: Tensor) -> Tensor:
        """`(batch, frames, dim)` to `(batch, dim)`."""
        weights = self.attention(frames).softmax(dim=1)
        parts = frames.reshape(*frames.shape[:2], self.n_heads, -1)  # (batch, frames, heads, dim / heads)
        pooled: Tensor = (parts * weights[..., None]).sum(dim=1)
        return pooled.flatten(1)
