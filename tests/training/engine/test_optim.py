"""Trainable parameters and their learning rates."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from panns.training.engine.optim import (
    OptimConfig,
    Trainable,
    build_optimiser,
    learning_rate,
    set_learning_rate,
    set_trainable,
)

CONFIG = OptimConfig(lr=0.02, warmup_steps=4)


def network():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))


def test_the_learning_rate_warms_up_and_decays_to_0():
    rates = [learning_rate(step, 24, CONFIG) for step in range(24)]
    assert rates[:4] == pytest.approx([0.005, 0.01, 0.015, 0.02])
    assert rates[4] == max(rates)
    assert rates[-1] < 0.01 * max(rates)


def test_groups_have_their_rates_and_weight_decay():
    trainable = Trainable(frozenset({"2.weight", "2.bias"}), frozenset({"0.weight", "1.weight"}))
    objective = nn.Linear(1, 1)
    optimiser = build_optimiser(
        network(), objective, trainable, OptimConfig(lr=1.0, backbone_share=0.1, weight_decay=0.3)
    )
    set_learning_rate(optimiser, 0.5)
    found = {
        tuple(parameter.shape): (group["lr"], group["weight_decay"])
        for group in optimiser.param_groups
        for parameter in group["params"]
    }
    assert found == {
        (2, 3): (0.5, 0.3),
        (2,): (0.5, 0.0),
        (3, 2): (0.05, 0.3),
        (3,): (0.05, 0.0),
        (1, 1): (0.5, 0.3),  # parameters of the loss learn like the head
        (1,): (0.5, 0.0),
    }


def test_the_backbone_learns_after_the_head():
    trainable = Trainable(frozenset("h"), frozenset("b"))
    config = OptimConfig(head_only_steps=3)
    assert [set(trainable.at(step, config)) for step in (0, 2, 3)] == [{"h"}, {"h"}, {"h", "b"}]
    assert trainable.at(9, OptimConfig(backbone_share=0.0)) == {"h"}


def test_frozen_norms_keep_their_statistics():
    small = network()
    set_trainable(small, {"2.weight"})
    assert [one.training for one in small] == [True, False, True]
    assert [name for name, one in small.named_parameters() if one.requires_grad] == ["2.weight"]
    set_trainable(small, {"1.weight"})
    assert small[1].training
    set_trainable(small, {"1.weight", "2.weight"}, keep_statistics={"2.weight"})
    assert small[1].training
    set_trainable(small, {"1.weight"}, keep_statistics={"1.weight"})
    assert not small[1].training
    assert torch.equal(small(torch.ones(2, 2)), small(torch.ones(2, 2)))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lr": 0.0}, r"lr=0\.0 and max_grad_norm=5\.0"),
        ({"backbone_share": 2.0}, r"backbone_share=2\.0"),
        ({"head_only_steps": -1}, "head_only_steps=-1"),
    ],
)
def test_values_out_of_range_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        OptimConfig(**settings)
