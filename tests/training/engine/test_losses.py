"""Terms of the loss, compared with values by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from panns.networks.contract import NetworkOutput
from panns.training.engine.batch import Batch
from panns.training.engine.losses import LossConfig, Objective, category_loss, multi_label_loss, set_prior


def test_multi_label_loss_sums_classes_and_averages_clips():
    loss = multi_label_loss(torch.zeros(2, 3), torch.tensor([[1.0, 0.0, 0.5], [0.0, 0.0, 0.0]]))
    assert loss.item() == pytest.approx(3 * math.log(2))


def test_a_category_scores_the_sum_of_its_classes():
    members = torch.tensor([[True, True, False], [False, False, True]])
    logits = torch.tensor([[math.log(1.0), math.log(2.0), math.log(1.0)]])  # 3 against 1
    loss = category_loss(logits, torch.tensor([[1.0, 0.0]]), members)
    assert loss.item() == pytest.approx(-math.log(0.75))


def test_clips_without_category_add_nothing():
    members = torch.eye(2, dtype=torch.bool)
    logits = torch.tensor([[1.0, -1.0], [5.0, 9.0]], requires_grad=True)
    loss = category_loss(logits, torch.tensor([[1.0, 0.0], [0.0, 0.0]]), members)
    alone = category_loss(logits[:1], torch.tensor([[1.0, 0.0]]), members)
    assert loss.item() == pytest.approx(alone.item())
    loss.backward()
    assert logits.grad[1].abs().sum() == 0
    assert category_loss(logits, torch.zeros(2, 2), members).item() == 0


def batch_of(targets, **more):
    return Batch(
        (torch.zeros(1, 8, 4),), torch.tensor(targets), **{name: torch.tensor(one) for name, one in more.items()}
    )


def test_the_objective_weights_its_terms():
    output = NetworkOutput(torch.zeros(1, 2), torch.tensor([[[0.0, -20.0], [20.0, -20.0]]]), torch.ones(1, 3))
    batch = batch_of([[1.0, 0.0]], categories=[[1.0, 0.0]], teacher_embedding=[[0.0, 0.0]], teacher_probs=[[0.5, 0.5]])
    config = LossConfig(clip=2.0, best_frames=1.0, categories=3.0, embedding=0.5, teacher=4.0)
    objective = Objective(config, category_classes=torch.eye(2, dtype=torch.bool), embedding_dims=(3, 2))
    nn.init.zeros_(objective.to_teacher.weight)
    nn.init.constant_(objective.to_teacher.bias, 2.0)
    terms = {name: term.item() for name, term in objective(output, batch).items()}
    assert terms["clip"] == pytest.approx(2 * 2 * math.log(2))
    assert terms["best_frames"] == pytest.approx(0.0, abs=1e-6)
    assert terms["categories"] == pytest.approx(3 * math.log(2))
    assert terms["embedding"] == pytest.approx(0.5 * 4.0)
    assert terms["teacher"] == pytest.approx(4 * 2 * math.log(2))


def test_the_map_to_the_teacher_starts_as_standardisation():
    mean, scale = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 4.0])
    embedding = torch.tensor([[3.0, 5.0]])
    objective = Objective(LossConfig(embedding=1.0), embedding_dims=(2, 2))
    objective.initialise_as_standardisation(mean, scale)
    batch = batch_of([[1.0, 0.0]], teacher_embedding=((embedding - mean) / scale).tolist())
    assert objective(NetworkOutput(torch.zeros(1, 2), embedding=embedding), batch)["embedding"].item() == 0
    with pytest.raises(ValueError, match="different widths"):
        Objective(LossConfig(embedding=1.0), embedding_dims=(3, 2)).initialise_as_standardisation(mean, scale)


def test_frames_have_their_own_targets():
    output = NetworkOutput(torch.zeros(1, 1), torch.tensor([[[20.0], [-20.0], [0.0]]]))
    frames = [[[1.0], [0.0], [0.0]]]
    config = LossConfig(clip=0.0, frames=3.0, teacher_frames=6.0)
    terms = Objective(config)(output, batch_of([[1.0]], frame_targets=frames, teacher_frames=[[[1.0], [0.0], [1.0]]]))
    assert terms["frames"].item() == pytest.approx(math.log(2), abs=1e-6)  # one frame of three is undecided
    assert terms["teacher_frames"].item() == pytest.approx(2 * math.log(2), abs=1e-6)


def test_a_single_label_loss_uses_a_softmax():
    output = NetworkOutput(torch.tensor([[math.log(3.0), 0.0]]))
    loss = Objective(LossConfig(task="single-label"))(output, batch_of([[1.0, 0.0]]))["clip"]
    assert loss.item() == pytest.approx(-math.log(0.75))
    smoothed = Objective(LossConfig(task="single-label", label_smoothing=0.2))(output, batch_of([[1.0, 0.0]]))["clip"]
    assert smoothed.item() == pytest.approx(-0.9 * math.log(0.75) - 0.1 * math.log(0.25))


def test_temperature_softens_teacher_and_student():
    """Equal scores give a gradient of zero at any temperature."""
    probs = torch.tensor([[0.7, 0.2, 0.1]])
    for temperature in (1.0, 3.0):
        logits = probs.log().requires_grad_()
        config = LossConfig(task="single-label", clip=0.0, teacher=1.0, temperature=temperature)
        objective = Objective(config)
        objective(NetworkOutput(logits), batch_of([[0.0] * 3], teacher_probs=probs.tolist()))["teacher"].backward()
        assert logits.grad.abs().max() < 1e-6


def test_scores_of_a_multi_label_teacher_are_normalised():
    probs, logits = torch.tensor([[0.9, 0.6, 1e-4], [0.03, 0.01, 1e-4]]), torch.tensor([[1.0, 0.5, -2.0]] * 2)

    def term(probs, temperature):
        config = LossConfig(task="single-label", clip=0.0, teacher=1.0, temperature=temperature)
        batch = Batch((), torch.zeros(len(probs), 3), teacher_probs=probs)
        return float(Objective(config)(NetworkOutput(logits[: len(probs)]), batch)["teacher"])

    assert term(probs, 1.0) == pytest.approx(term(probs, 1.0001), rel=1e-3)
    assert term(probs[:1], 1.0) == pytest.approx(term(probs[:1] / 30, 1.0), rel=1e-5)


def test_terms_of_weight_0_are_left_out():
    assert list(Objective(LossConfig())(NetworkOutput(torch.zeros(1, 2)), batch_of([[0.0, 0.0]]))) == ["clip"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"clip": 0.0}, "more than 0 for one"),
        ({"frames": -1.0}, r"-1\.0.*0 or more"),
        ({"label_smoothing": 0.1}, r"label_smoothing=0\.1"),
        ({"temperature": 0.0}, r"temperature=0\.0"),
    ],
)
def test_values_out_of_range_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        LossConfig(**settings)


def test_a_classifier_starts_at_mean_probabilities():
    classifier = nn.Linear(4, 3)
    set_prior(classifier, torch.tensor([0.5, 0.01, 0.0]))
    torch.testing.assert_close(torch.sigmoid(classifier.bias.detach()), torch.tensor([0.5, 0.01, 1e-4]))
