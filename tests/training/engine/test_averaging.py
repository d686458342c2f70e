"""Averages of parameters over the steps."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from panns.training.engine.averaging import AverageConfig, WeightAverage


def constant(value: float) -> nn.Linear:
    network = nn.Linear(1, 1)
    for parameter in network.parameters():
        nn.init.constant_(parameter, value)
    return network


def test_a_moving_average_forgets_initial_values_quickly():
    average = WeightAverage(constant(0.0), AverageConfig(decay=0.5), 100)
    average.update(constant(1.0), 0)  # keeps a tenth
    torch.testing.assert_close(average.network.weight.item(), 0.9)
    for step in range(1, 51):
        average.update(constant(1.0), step)
    average.update(constant(0.0), 51)
    torch.testing.assert_close(average.network.weight.item(), 0.5)


def test_tail_is_the_mean_of_the_last_steps():
    average = WeightAverage(constant(0.0), AverageConfig("tail", tail_share=0.3), 10)
    for step in range(10):
        average.update(constant(float(step)), step)
        if step < 7:
            assert average.network.weight.item() == step
    torch.testing.assert_close(average.network.weight.item(), (7 + 8 + 9) / 3)


def test_none_keeps_the_last_parameters():
    average = WeightAverage(constant(0.0), AverageConfig("none"), 10)
    average.update(constant(4.0), 9)
    assert average.network.weight.item() == 4.0


def test_a_state_is_restored():
    average = WeightAverage(constant(0.0), AverageConfig(), 10)
    average.update(constant(3.0), 0)
    again = WeightAverage(constant(7.0), AverageConfig(), 10)
    again.load_state_dict(average.state_dict())
    assert again.network.weight.item() == average.network.weight.item()


def test_values_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"decay=1\.0"):
        AverageConfig(decay=1.0)
    with pytest.raises(ValueError, match=r"tail_share=0\.0"):
        AverageConfig(tail_share=0.0)


def test_the_averaged_network_is_a_copy():
    network = constant(2.0)
    average = WeightAverage(network, AverageConfig(), 10)
    average.update(constant(3.0), 0)
    assert network.weight.item() == 2.0
    assert network.weight.requires_grad
    assert not average.network.weight.requires_grad
