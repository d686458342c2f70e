"""The running average of parameters."""

from __future__ import annotations

import torch
from torch import nn

from panns.training.averaging import WeightAverage


def filled(value: float) -> nn.Linear:
    network = nn.Linear(1, 1)
    for parameter in network.parameters():
        nn.init.constant_(parameter, value)
    return network


def test_it_forgets_the_first_values_fast_and_then_slowly():
    average = WeightAverage(filled(0.0), decay=0.5)
    average.update(filled(1.0))  # keeps a tenth
    torch.testing.assert_close(average.network.weight.item(), 0.9)
    for _ in range(50):
        average.update(filled(1.0))
    average.update(filled(0.0))
    torch.testing.assert_close(average.network.weight.item(), 0.5)


def test_its_state_comes_back():
    average = WeightAverage(filled(0.0), decay=0.9)
    average.update(filled(3.0))
    again = WeightAverage(filled(7.0), decay=0.9)
    again.load_state_dict(average.state_dict())
    assert again.n_updates == 1
    assert again.network.weight.item() == average.network.weight.item()


def test_the_network_beside_it_is_not_touched():
    network = filled(2.0)
    average = WeightAverage(network, decay=0.9)
    average.update(filled(3.0))
    assert network.weight.item() == 2.0
    assert network.weight.requires_grad
    assert not average.network.weight.requires_grad
