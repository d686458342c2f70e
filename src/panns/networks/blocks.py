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
