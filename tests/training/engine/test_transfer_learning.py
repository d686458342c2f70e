"""Transfer from a pretrained network, for every family of networks."""

from __future__ import annotations

import pytest
import torch

from panns.models.base import with_n_classes
from panns.networks.build import build_network, construct_network
from panns.training.engine.transfer_learning import (
    TransferSettings,
    from_scratch,
    from_trained,
    head_parameters,
    parameter_blocks,
)
from tests.small_models import first_of_each_network, small_config

each_network = pytest.mark.parametrize("name", first_of_each_network())


@each_network
def test_only_the_head_depends_on_the_classes(name):
    head = head_parameters(name, small_config(name))
    assert head
    assert all("head" in key or "classifier" in key for key in head)


@each_network
def test_all_parameters_but_the_head_are_copied(name):
    torch.manual_seed(1)
    trained = build_network(name, small_config(name))
    for value in trained.state_dict().values():
        if value.is_floating_point():
            value += 0.125
    start = from_trained(name, trained, 3, TransferSettings(), seed=0)
    mine, theirs = start.network.state_dict(), trained.state_dict()
    head = head_parameters(name, trained.config)
    assert all(torch.equal(mine[key], theirs[key]) for key in mine if key not in head)
    assert start.config == with_n_classes(trained.config, 3)
    assert start.trainable.head == head
    assert start.trainable.head | start.trainable.backbone == {key for key, _ in start.network.named_parameters()}
    again = from_trained(name, trained, 3, TransferSettings(), seed=0).network.state_dict()
    assert all(torch.equal(mine[key], again[key]) for key in mine)


@each_network
def test_blocks_hold_every_parameter_once(name):
    with torch.device("meta"):
        network = construct_network(name, small_config(name))
    names = [key for block in parameter_blocks(network) for key in block]
    assert sorted(names) == sorted(key for key, _ in network.named_parameters())
    assert len(parameter_blocks(network)) >= 5


def test_the_last_blocks_come_before_the_head():
    trained = build_network("mn01_as")
    start = from_trained("mn01_as", trained, 3, TransferSettings(trained="last", n_last_blocks=3), seed=0)
    assert start.trainable.head == {"classifier.weight", "classifier.bias"}
    parts = {key.split(".")[0] + key.split(".")[1] * key.startswith("blocks") for key in start.trainable.backbone}
    assert parts == {"blocks14", "last", "hidden"}
    alone = from_trained("mn01_as", trained, 3, TransferSettings(trained="head"), seed=0)
    assert alone.trainable.backbone == set()


@pytest.mark.parametrize(
    ("head", "shapes"), [("linear", {(3, 96)}), ("bands", {(3, 384)}), ("mlp", {(1024, 527), (3, 1024)})]
)
def test_a_new_head_goes_on_top(head, shapes):
    trained = build_network("mn01_as")
    start = from_trained("mn01_as", trained, 3, TransferSettings(head, trained="head"), seed=0)
    assert start.architecture == "transfer"
    assert {
        tuple(value.shape)
        for key, value in start.network.named_parameters()
        if key in start.trainable.head and value.ndim == 2
    } == shapes
    for key, value in trained.state_dict().items():
        assert torch.equal(start.network.state_dict()[f"base.{key}"], value)


def test_from_scratch_all_parameters_learn():
    start = from_scratch("mn01_as", small_config("mn01_as"), 4, seed=3)
    assert start.network.config.n_classes == 4
    assert start.trainable.head == {key for key, _ in start.network.named_parameters()}
    again = from_scratch("mn01_as", small_config("mn01_as"), 4, seed=3)
    assert all(
        torch.equal(one, other)
        for one, other in zip(start.network.parameters(), again.network.parameters(), strict=True)
    )
