"""Recurrent layers, against torch's own."""

from __future__ import annotations

import math

import pytest
import torch

from panns.networks.recurrent import MinGRU


@torch.inference_mode()
def test_minimal_gru_is_a_gru_with_stateless_gates():
    torch.manual_seed(0)
    ours, torchs = MinGRU(6, memory=math.inf), torch.nn.GRU(6, 6, batch_first=True)
    for parameter in torchs.parameters():
        parameter.zero_()
    # Torch's update gate is the share that stays, which is 1 minus ours.
    torchs.weight_ih_l0[6:12], torchs.weight_ih_l0[12:] = -ours.gate.weight, ours.candidate.weight
    torchs.bias_ih_l0[6:12], torchs.bias_ih_l0[12:] = -ours.gate.bias, ours.candidate.bias
    x, initial = torch.randn(3, 20, 6), torch.randn(3, 6)
    torch.testing.assert_close(ours(x, initial), torchs(x, initial[None])[0], atol=1e-6, rtol=0)


@torch.inference_mode()
@pytest.mark.parametrize("memory", [4.0, 25.0])
def test_memory_is_limited(memory):
    torch.manual_seed(0)
    layer = MinGRU(6, memory)
    layer.initialise()
    torch.nn.init.constant_(layer.gate.bias, -50.0)  # as little is let in as can be
    x = torch.randn(1, 200, 6)
    apart = (layer(x, torch.ones(1, 6)) - layer(x, -torch.ones(1, 6)))[0, :, 0]
    kept = 2 * (1 - 1 / memory) ** torch.arange(1, 201)
    torch.testing.assert_close(apart, kept, atol=1e-5, rtol=0)
    assert apart[round(memory) - 1] <= 2 / math.e


def test_units_start_with_memories_of_all_lengths():
    torch.manual_seed(0)
    layer = MinGRU(1_000, memory=250.0)
    layer.initialise()
    steps = 1 / layer.gate.bias.sigmoid()
    assert 2 <= steps.min() < 3
    assert 100 < steps.max() < 130
    assert 9 < steps.median() < 15
