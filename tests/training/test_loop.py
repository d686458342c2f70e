"""The training loop: it learns, it is the same for the same seed, and a stopped run goes on as if it never stopped."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch import nn

from panns.networks.output import NetworkOutput
from panns.training.batch import Batch
from panns.training.loop import METRICS_FILE, STATE_FILE, OptimConfig, TrainConfig, learning_rate, train
from panns.training.losses import LossConfig, Objective

CONFIG = TrainConfig(n_steps=24, optim=OptimConfig(lr=0.02, warmup_steps=4), checkpoint_steps=5, log_steps=4)


class Small(nn.Module):
    """Dropout and a batch norm, so that random state and statistics matter."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(6)
        self.embed = nn.Linear(6, 8)
        self.classify = nn.Linear(8, 3)

    def forward_features(self, features):
        x = torch.relu(self.embed(self.norm(features.mean(dim=1))))
        x = nn.functional.dropout(x, 0.2, self.training)
        return NetworkOutput(self.classify(x), embedding=x)


def make_batch(step: int) -> Batch:
    rng = np.random.default_rng([7, step])
    classes = rng.integers(3, size=16)
    features = rng.normal(0, 1, (16, 5, 6)).astype(np.float32)
    features[np.arange(16), :, classes] += 2
    return Batch(
        torch.from_numpy(features),
        torch.eye(3)[classes],
        teacher_embedding=torch.from_numpy(features.mean(axis=1)[:, :4].copy()),
    )


def run(folder, *, stop_after=None, seed=0, config=CONFIG):
    torch.manual_seed(seed)
    objective = Objective(LossConfig(embedding=0.5), embedding_dims=(8, 4))
    return train(Small(), objective, make_batch, config, folder, stop_after=stop_after)


def lines(folder):
    return [json.loads(line) for line in (folder / METRICS_FILE).read_text(encoding="utf-8").splitlines()]


def without_speed(folder):
    return [{key: value for key, value in line.items() if key != "clips_per_s"} for line in lines(folder)]


@pytest.mark.parametrize("stop_after", [5, 10, 20])
def test_a_stopped_run_goes_on_exactly(tmp_path, stop_after):
    unbroken = run(tmp_path / "unbroken").state_dict()
    run(tmp_path / "stopped", stop_after=stop_after)
    resumed = run(tmp_path / "stopped", seed=99).state_dict()  # what the process drew before must not matter
    assert all(torch.equal(unbroken[key], resumed[key]) for key in unbroken)
    whole = torch.load(tmp_path / "unbroken" / STATE_FILE, weights_only=True)
    again = torch.load(tmp_path / "stopped" / STATE_FILE, weights_only=True)
    for one, other in zip(whole["optimiser"]["state"].values(), again["optimiser"]["state"].values(), strict=True):
        assert all(torch.equal(one[key], other[key]) for key in one)
    assert torch.equal(whole["torch_rng"], again["torch_rng"])


def test_metrics_of_a_run_that_died_between_checkpoints_are_not_doubled(tmp_path):
    run(tmp_path / "unbroken")
    run(tmp_path / "died", stop_after=10)
    with (tmp_path / "died" / METRICS_FILE).open("a", encoding="utf-8") as file:
        file.write('{"step": 12, "loss": 1e9}\n')
    run(tmp_path / "died")
    steps = [line["step"] for line in lines(tmp_path / "died")]
    assert steps == sorted(set(steps))
    assert without_speed(tmp_path / "died")[-1] == without_speed(tmp_path / "unbroken")[-1]


def test_the_loss_falls_and_the_network_answers(tmp_path):
    network = run(tmp_path, config=TrainConfig(n_steps=150, optim=OptimConfig(lr=0.02, warmup_steps=5), log_steps=10))
    logged = lines(tmp_path)
    assert logged[-1]["clip"] < 0.6 * logged[0]["clip"]
    batch = make_batch(10_000)
    assert not network.training
    found = network.forward_features(batch.features).clip_logits.argmax(dim=1)
    assert (found == batch.targets.argmax(dim=1)).float().mean() > 0.9


def test_the_seed_decides(tmp_path):
    first, same, other = (run(tmp_path / name, seed=seed).state_dict() for name, seed in (("a", 0), ("b", 0), ("c", 1)))
    assert all(torch.equal(first[key], same[key]) for key in first)
    assert not torch.equal(first["embed.weight"], other["embed.weight"])


def test_the_number_of_loader_threads_does_not_matter(tmp_path):
    many = TrainConfig(**{**vars(CONFIG), "n_loader_threads": 3})
    first, second = run(tmp_path / "one").state_dict(), run(tmp_path / "many", config=many).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_learning_rate_warms_up_and_ends_near_nothing():
    rates = [learning_rate(step, CONFIG) for step in range(CONFIG.n_steps)]
    assert rates[:4] == pytest.approx([0.005, 0.01, 0.015, 0.02])
    assert rates[4] == max(rates)
    assert rates[-1] < 0.01 * max(rates)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path):
    def broken(step):
        batch = make_batch(step)
        return Batch(batch.features * float("nan"), batch.targets, teacher_embedding=batch.teacher_embedding)

    with pytest.raises(FloatingPointError, match="the loss is nan in step 0; lower lr"):
        train(Small(), Objective(LossConfig()), broken, CONFIG, tmp_path)


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="must be at least 1"):
        TrainConfig(n_steps=0)
    with pytest.raises(ValueError, match=r"average_decay=1\.0 must be at least 0 and below 1"):
        OptimConfig(average_decay=1.0)
