"""Averages of parameters over the steps."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from panns.training.engine.averaging import AverageConfig, WeightAverage


def filled(value: float) -> nn.Linear:
    network = nn.Linear(1, 1)
    for parameter in network.parameters():
        nn.init.constant_(parameter, value)
    return network


def test_it_forgets_the_first_values_fast_and_then_slowly():
    average = WeightAverage(filled(0.0), AverageConfig(decay=0.5), 100)
    average.update(filled(1.0), 0)  # keeps a tenth
    torch.testing.assert_close(average.network.weight.item(), 0.9)
    for step in range(1, 51):
        average.update(filled(1.0), step)
    average.update(filled(0.0), 51)
    torch.testing.assert_close(average.network.weight.item(), 0.5)


def test_the_tail_is_a_plain_mean():
    average = WeightAverage(filled(0.0), AverageConfig("tail", tail_share=0.3), 10)
    for step in range(10):
        average.update(filled(float(step)), step)
        if step < 7:
            assert average.network.weight.item() == step
    torch.testing.assert_close(average.network.weight.item(), (7 + 8 + 9) / 3)


def test_none_is_the_last():
    average = WeightAverage(filled(0.0), AverageConfig("none"), 10)
    average.update(filled(4.0), 9)
    assert average.network.weight.item() == 4.0


def test_its_state_comes_back():
    average = WeightAverage(filled(0.0), AverageConfig(), 10)
    average.update(filled(3.0), 0)
    again = WeightAverage(filled(7.0), AverageConfig(), 10)
    again.load_state_dict(average.state_dict())
    assert again.network.weight.item() == average.network.weight.item()


def test_impossible_averages_are_refused():
    with pytest.raises(ValueError, match=r"decay=1\.0 must be at least 0 and below 1"):
        AverageConfig(decay=1.0)
    with pytest.raises(ValueError, match=r"tail_share=0\.0 must be above 0"):
        AverageConfig(tail_share=0.0)


def test_the_network_beside_it_is_not_touched():
    network = filled(2.0)
    average = WeightAverage(network, AverageConfig(), 10)
    average.update(filled(3.0), 0)
    assert network.weight.item() == 2.0
    assert network.weight.requires_grad
    assert not average.network.weight.requires_grad
