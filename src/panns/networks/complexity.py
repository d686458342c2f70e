"""Complexity of a network: parameters and multiply-adds, counted rather than timed."""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from panns.frontend import InputName
from panns.models.base import ModelConfig
from panns.networks.contract import Network


def n_parameters(network: nn.Module) -> int:
    """Number of trainable parameters, without the statistics of batch norms."""
    return sum(parameter.numel() for parameter in network.parameters())


def multiply_adds(network: Network, duration_s: float) -> int:
    """Multiply-adds of the convolutions and matrix products for one sound, without the front end.

    Args:
        network: The network; it stays unchanged.
        duration_s: Length of the sound, in seconds.
    """
    config = network.config
    # On the meta device, which computes nothing and splits recurrent layers into products that the counter knows.
    hollow = copy.deepcopy(network).to("meta").eval()
    n_samples = round(duration_s * config.frontend.sample_rate)
    inputs = [torch.zeros(_shape(name, config, n_samples), device="meta") for name in config.frontend.inputs]
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        hollow.forward_features(*inputs)
    total: int = counter.get_total_flops()
    return total // 2


def _shape(name: InputName, config: ModelConfig, n_samples: int) -> tuple[int, ...]:
    log_mel = config.frontend.log_mel
    if name == "waveform" or log_mel is None:
        return 1, n_samples
    return 1, log_mel.n_frames(n_samples), log_mel.n_mels
