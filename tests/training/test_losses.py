"""Every term by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from panns.networks.output import NetworkOutput
from panns.training.batch import Batch
from panns.training.losses import LossConfig, Objective, category_loss, multi_label_loss, set_prior


def test_multi_label_loss_sums_classes_and_averages_clips():
    loss = multi_label_loss(torch.zeros(2, 3), torch.tensor([[1.0, 0.0, 0.5], [0.0, 0.0, 0.0]]))
    assert loss.item() == pytest.approx(3 * math.log(2))


def test_categories_compete_as_their_classes_together():
    members = torch.tensor([[True, True, False], [False, False, True]])
    logits = torch.tensor([[math.log(1.0), math.log(2.0), math.log(1.0)]])  # 3 against 1
    loss = category_loss(logits, torch.tensor([[1.0, 0.0]]), members)
    assert loss.item() == pytest.approx(-math.log(0.75))


def test_clips_of_no_category_add_nothing():
    members = torch.eye(2, dtype=torch.bool)
    logits = torch.tensor([[1.0, -1.0], [5.0, 9.0]], requires_grad=True)
    loss = category_loss(logits, torch.tensor([[1.0, 0.0], [0.0, 0.0]]), members)
    alone = category_loss(logits[:1], torch.tensor([[1.0, 0.0]]), members)
    assert loss.item() == pytest.approx(alone.item())
    loss.backward()
    assert logits.grad[1].abs().sum() == 0
    assert category_loss(logits, torch.zeros(2, 2), members).item() == 0


def test_the_objective_weighs_its_terms():
    output = NetworkOutput(torch.zeros(1, 2), torch.tensor([[[0.0, -20.0], [20.0, -20.0]]]), torch.ones(1, 3))
    batch = Batch(torch.zeros(1, 8, 4), torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2))
    config = LossConfig(clip=2.0, frames=1.0, categories=3.0, embedding=0.5)
    objective = Objective(config, category_classes=torch.eye(2, dtype=torch.bool), embedding_dims=(3, 2))
    nn.init.zeros_(objective.to_teacher.weight)
    nn.init.constant_(objective.to_teacher.bias, 2.0)
    terms = {name: term.item() for name, term in objective(output, batch).items()}
    assert terms["clip"] == pytest.approx(2 * 2 * math.log(2))
    assert terms["frames"] == pytest.approx(0.0, abs=1e-6)
    assert terms["categories"] == pytest.approx(3 * math.log(2))
    assert terms["embedding"] == pytest.approx(0.5 * 4.0)


def test_terms_without_weight_are_left_out():
    terms = Objective(LossConfig())(NetworkOutput(torch.zeros(1, 2)), Batch(torch.zeros(1, 8, 4), torch.zeros(1, 2)))
    assert list(terms) == ["clip"]


def test_a_classifier_starts_at_the_mean_probabilities():
    classifier = nn.Linear(4, 3)
    set_prior(classifier, torch.tensor([0.5, 0.01, 0.0]))
    torch.testing.assert_close(torch.sigmoid(classifier.bias.detach()), torch.tensor([0.5, 0.01, 1e-4]))
