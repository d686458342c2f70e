"""The training loop learns, is reproducible, and resumes exactly."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from panns.errors import SettingsError, TrainingError
from panns.networks.contract import Network, NetworkOutput
from panns.system.progress import Progress, Stopped
from panns.training.engine.averaging import AverageConfig
from panns.training.engine.batch import Batch
from panns.training.engine.journal import METRICS_FILE
from panns.training.engine.loop import TrainConfig, train
from panns.training.engine.losses import LossConfig, Objective
from panns.training.engine.optim import OptimConfig, Trainable
from panns.training.engine.state_file import STATE_FILE

CONFIG = TrainConfig(n_steps=24, optim=OptimConfig(lr=0.02, warmup_steps=4), checkpoint_steps=5, log_steps=4)


class Small(Network):
    """A network with dropout and a batch norm, so that random state and statistics matter."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(6)
        self.embed = nn.Linear(6, 8)
        self.classify = nn.Linear(8, 3)
        self.dropout = 0.2

    def initialise(self):
        """Keep the values that torch gave."""

    def forward_features(self, features):
        x = torch.relu(self.embed(self.norm(features.mean(dim=1))))
        x = nn.functional.dropout(x, self.dropout, self.training)
        return NetworkOutput(self.classify(x), embedding=x)


def make_batch(step: int) -> Batch:
    rng = np.random.default_rng([7, step])
    classes = rng.integers(3, size=16)
    features = rng.normal(0, 1, (16, 5, 6)).astype(np.float32)
    features[np.arange(16), :, classes] += 2
    return Batch(
        (torch.from_numpy(features),),
        torch.eye(3)[classes],
        teacher_embedding=torch.from_numpy(features.mean(axis=1)[:, :4].copy()),
    )


def run(folder, *, seed=0, config=CONFIG, stop_after=None, **more):
    """Train, or stop after a step, as Ctrl-C does."""
    torch.manual_seed(seed)
    objective = Objective(LossConfig(embedding=0.5), embedding_dims=(8, 4))
    if stop_after is None:
        return train(Small(), objective, make_batch, config, folder, **more)
    with pytest.raises(Stopped):
        train(Small(), objective, make_batch, config, folder, on_progress=stopper(stop_after), **more)
    return None


def stopper(step):
    def stop(progress):
        if progress.done == step:
            raise Stopped

    return stop


def lines(folder):
    return [json.loads(line) for line in (folder / METRICS_FILE).read_text(encoding="utf-8").splitlines()]


def without_speed(folder):
    times = ("clips_per_s", "waiting_share")
    return [{key: value for key, value in line.items() if key not in times} for line in lines(folder)]


@pytest.mark.parametrize("stop_after", [5, 10, 20])
def test_a_stopped_run_resumes_exactly(tmp_path, stop_after):
    unbroken = run(tmp_path / "unbroken").state_dict()
    run(tmp_path / "stopped", stop_after=stop_after)
    resumed = run(tmp_path / "stopped", seed=99).state_dict()  # the random state before must not matter
    assert all(torch.equal(unbroken[key], resumed[key]) for key in unbroken)
    whole = torch.load(tmp_path / "unbroken" / STATE_FILE, weights_only=True)
    again = torch.load(tmp_path / "stopped" / STATE_FILE, weights_only=True)
    for one, other in zip(whole["optimiser"]["state"].values(), again["optimiser"]["state"].values(), strict=True):
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_resumed_run_drops_metrics_after_its_state(tmp_path):
    run(tmp_path / "unbroken")
    run(tmp_path / "died", stop_after=10)
    with (tmp_path / "died" / METRICS_FILE).open("a", encoding="utf-8") as file:
        file.write('{"step": 12, "loss": 1e9}\n')
    run(tmp_path / "died")
    steps = [line["step"] for line in lines(tmp_path / "died")]
    assert steps == sorted(set(steps))
    assert without_speed(tmp_path / "died")[-1] == without_speed(tmp_path / "unbroken")[-1]


def test_the_loss_falls_and_the_network_learns(tmp_path):
    network = run(tmp_path, config=TrainConfig(n_steps=150, optim=OptimConfig(lr=0.02, warmup_steps=5), log_steps=10))
    logged = lines(tmp_path)
    assert logged[-1]["clip"] < 0.6 * logged[0]["clip"]
    batch = make_batch(10_000)
    assert not network.training
    found = network.forward_features(*batch.inputs).clip_logits.argmax(dim=1)
    assert (found == batch.targets.argmax(dim=1)).float().mean() > 0.9


def test_equal_seeds_give_equal_networks(tmp_path):
    first, same, other = (run(tmp_path / name, seed=seed).state_dict() for name, seed in (("a", 0), ("b", 0), ("c", 1)))
    assert all(torch.equal(first[key], same[key]) for key in first)
    assert not torch.equal(first["embed.weight"], other["embed.weight"])


def test_loader_threads_do_not_change_the_result(tmp_path):
    many = TrainConfig(**{**vars(CONFIG), "n_loader_threads": 3})
    first, second = run(tmp_path / "one").state_dict(), run(tmp_path / "many", config=many).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_parts_of_a_batch_give_its_gradient(tmp_path):
    """Without dropout and with frozen statistics, which both depend on the clips of a part."""
    config = replace(CONFIG, keeps_statistics=True, optim=replace(CONFIG.optim, max_grad_norm=0.5))
    whole, parts = (
        train_without_dropout(tmp_path / str(n_parts), replace(config, n_parts=n_parts)) for n_parts in (1, 3)
    )
    for key in whole:
        torch.testing.assert_close(whole[key], parts[key], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("head", "backbone", "moves"),
    [
        ({"norm", "embed", "classify"}, set(), False),  # from scratch: all are frozen
        ({"norm", "classify"}, {"embed"}, True),  # the norm is part of the new head
        ({"norm", "classify"}, set(), True),  # and so it is on a frozen backbone
        ({"classify"}, {"norm", "embed"}, False),
    ],
)
def test_kept_statistics_move_in_a_new_head_only(tmp_path, head, backbone, moves):
    names = [name for name, _ in Small().named_parameters()]
    trainable = Trainable(*(frozenset(n for n in names if n.partition(".")[0] in part) for part in (head, backbone)))
    network = run(tmp_path, config=replace(CONFIG, n_steps=3, keeps_statistics=True), trainable=trainable)
    assert bool(network.norm.running_mean.any()) == moves


def train_without_dropout(folder, config):
    torch.manual_seed(0)
    network = Small()
    network.dropout = 0.0
    return train(network, Objective(LossConfig()), make_batch, config, folder).state_dict()


def test_a_frozen_backbone_waits_and_then_learns_slowly(tmp_path):
    trainable = Trainable(frozenset({"classify.weight", "classify.bias"}), frozenset({"embed.weight", "norm.weight"}))
    config = replace(CONFIG, optim=OptimConfig(lr=0.02, warmup_steps=0, head_only_steps=5, backbone_share=0.1))
    torch.manual_seed(0)
    initial = Small().state_dict()
    moved = {}
    for stop_after in (5, 6):
        torch.manual_seed(0)
        objective, folder = Objective(LossConfig()), tmp_path / str(stop_after)
        with pytest.raises(Stopped):
            train(Small(), objective, make_batch, config, folder, trainable=trainable, on_progress=stopper(stop_after))
        current = torch.load(folder / STATE_FILE, weights_only=True)["network"]
        moved[stop_after] = {key: float((current[key] - initial[key]).abs().max()) for key in initial}
    assert moved[5]["classify.weight"] > 0.05
    frozen = ("embed.weight", "embed.bias", "norm.weight", "norm.running_mean")
    assert all(moved[5][key] == 0 for key in frozen)  # a frozen batch norm keeps its statistics too
    assert 0 < moved[6]["embed.weight"] < 0.0021  # one step at a tenth of the rate
    assert moved[6]["norm.running_mean"] > 0
    assert moved[6]["embed.bias"] == 0  # named in neither


def test_patience_ends_a_run_with_its_best_network(tmp_path):
    config = replace(CONFIG, validate_steps=4, patience=2, average=AverageConfig("none"))
    qualities = {4: 0.5, 8: 0.9, 12: 0.7, 16: 0.9}
    seen = []

    def validate(network):
        assert not network.training
        seen.append({key: value.clone() for key, value in network.state_dict().items()})
        return {"accuracy": qualities[4 * len(seen)], "other": 1.0}

    best = run(tmp_path, config=config, validate=validate).state_dict()
    assert len(seen) == 4  # 0.9 does not improve on 0.9
    assert all(torch.equal(best[key], seen[1][key]) for key in best)
    found = [line["validation_accuracy"] for line in lines(tmp_path) if "validation_accuracy" in line]
    assert found == list(qualities.values())
    again = run(tmp_path, config=config, validate=validate).state_dict()  # finished: makes no more steps
    assert len(seen) == 4
    assert all(torch.equal(best[key], again[key]) for key in best)


def test_a_tie_is_decided_by_the_next_measure(tmp_path):
    """Validations before the backbone learns do not exhaust the patience."""
    config = replace(
        CONFIG,
        optim=replace(CONFIG.optim, head_only_steps=12),
        validate_steps=4,
        patience=2,
        average=AverageConfig("none"),
    )
    likelihoods = iter([-0.5, -0.7, -0.6, -0.4, -0.45, math.nan])
    found = []

    def validate(_):
        found.append(next(likelihoods))
        return {"accuracy": 1.0, "log_likelihood": found[-1]}

    run(tmp_path, config=config, validate=validate)
    assert len(found) == 6  # two without improvement in the first 12 steps do not count, two at the end do
    state = torch.load(tmp_path / STATE_FILE, weights_only=True)
    assert (state["best"]["n_steps"], state["best"]["quality"]) == (16, [1.0, -0.4])
    assert lines(tmp_path)[-1]["validation_log_likelihood"] is None  # NaN


@pytest.mark.parametrize("stop_after", [5, 10])
def test_a_stopped_run_remembers_its_best(tmp_path, stop_after):
    config = replace(CONFIG, validate_steps=2, patience=4)

    def validate(network):  # rises and falls
        return {"quality": -abs(float(network.classify.weight.sum()) - 0.3)}

    unbroken = run(tmp_path / "unbroken", config=config, validate=validate).state_dict()
    run(tmp_path / "stopped", config=config, validate=validate, stop_after=stop_after)
    resumed = run(tmp_path / "stopped", config=config, validate=validate).state_dict()
    assert all(torch.equal(unbroken[key], resumed[key]) for key in unbroken)
    found = [
        [line for line in lines(tmp_path / name) if "validation_quality" in line] for name in ("unbroken", "stopped")
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_learns_and_resumes_exactly(tmp_path, precision):
    config = replace(CONFIG, precision=precision)
    unbroken = run(tmp_path / "unbroken", config=config).state_dict()
    run(tmp_path / "stopped", config=config, stop_after=10)
    resumed = run(tmp_path / "stopped", config=config).state_dict()
    assert all(torch.equal(unbroken[key], resumed[key]) for key in unbroken)
    assert all(value.dtype in (torch.float32, torch.int64) for value in unbroken.values())
    logged = lines(tmp_path / "unbroken")
    assert logged[-1]["loss"] < logged[0]["loss"]


def test_other_settings_are_refused(tmp_path):
    run(tmp_path, stop_after=5)
    with pytest.raises(SettingsError, match=r"train\.optim\.lr was 0\.02 and is 0\.5"):
        run(tmp_path, config=replace(CONFIG, optim=replace(CONFIG.optim, lr=0.5)))
    run(tmp_path, config=replace(CONFIG, n_loader_threads=2, log_steps=3), stop_after=10)  # not part of the result


def test_a_damaged_state_is_refused(tmp_path):
    run(tmp_path, stop_after=5)
    data = (tmp_path / STATE_FILE).read_bytes()
    for damaged in (data[: len(data) // 2], b"", b"no state"):
        (tmp_path / STATE_FILE).write_bytes(damaged)
        with pytest.raises(SettingsError, match=r"state\.pt is damaged"):
            run(tmp_path)


def test_a_batch_may_have_more_parts_than_clips(tmp_path):
    network = run(tmp_path, config=replace(CONFIG, n_steps=2, n_parts=40, keeps_statistics=True))
    assert all(torch.isfinite(value).all() for value in network.state_dict().values())


@pytest.mark.slow  # the compiler takes half a minute
@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")  # raised inside torch
def test_a_compiled_network_gives_the_same_result(tmp_path):
    config = replace(CONFIG, n_steps=6, optim=replace(CONFIG.optim, head_only_steps=3))
    trainable = Trainable(frozenset({"classify.weight", "classify.bias"}), frozenset({"embed.weight", "embed.bias"}))
    ends = []
    for is_compiled in (False, True):
        torch.manual_seed(0)
        network, objective = Small(), Objective(LossConfig())
        network.dropout = 0.0  # the compiler draws other random numbers
        chosen = replace(config, compile=is_compiled)
        ends.append(train(network, objective, make_batch, chosen, tmp_path / f"{is_compiled}", trainable=trainable))
    plain, compiled = (network.state_dict() for network in ends)
    for key in plain:
        torch.testing.assert_close(compiled[key], plain[key], atol=1e-4, rtol=1e-3)


def test_every_step_is_reported(tmp_path):
    reports = []
    run(tmp_path, on_progress=reports.append)
    assert reports == [Progress(step + 1, 24, "steps", "training") for step in range(24)]


def test_tensorboard_reads_the_metrics(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run(tmp_path, config=replace(CONFIG, tensorboard=True))
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == [line["step"] for line in lines(tmp_path)]


def test_a_loss_of_nan_ends_the_run(tmp_path):
    def broken(step):
        batch = make_batch(step)
        return replace(batch, inputs=(batch.inputs[0] * float("nan"),))

    with pytest.raises(TrainingError, match="the loss is nan in one of the steps 1 to 4"):
        train(Small(), Objective(LossConfig()), broken, CONFIG, tmp_path)
    assert not (tmp_path / STATE_FILE).exists()


def test_values_out_of_range_are_refused():
    with pytest.raises(ValueError, match="n_steps=0"):
        TrainConfig(n_steps=0)
    with pytest.raises(ValueError, match="patience=2"):
        TrainConfig(n_steps=1, patience=2)


@pytest.mark.parametrize("stop_after", [5, 7, 13])
def test_metrics_of_a_resumed_run_equal_those_of_an_unbroken_one(tmp_path, stop_after):
    """Also where the run stops between two lines, whose means go over the steps before and after."""
    run(tmp_path / "unbroken", config=replace(CONFIG, validate_steps=6), validate=lambda _: {"quality": 1.0})
    for stop in (stop_after, None):
        config = replace(CONFIG, validate_steps=6)
        run(tmp_path / "stopped", config=config, validate=lambda _: {"quality": 1.0}, stop_after=stop)
    assert without_speed(tmp_path / "stopped") == without_speed(tmp_path / "unbroken")


def test_a_callback_stops_a_run_after_its_state_is_saved(tmp_path):
    unbroken = run(tmp_path / "unbroken").state_dict()
    with pytest.raises(Stopped, match=r"stopped after step 7 of 24; .*state\.pt is saved"):
        run(tmp_path / "stopped", on_progress=stopper(7))
    resumed = run(tmp_path / "stopped").state_dict()
    assert all(torch.equal(unbroken[key], resumed[key]) for key in unbroken)
    assert without_speed(tmp_path / "stopped") == without_speed(tmp_path / "unbroken")


def test_a_state_of_something_else_is_refused(tmp_path):
    for content in ([], {"network": {}}, torch.zeros(3)):
        torch.save(content, tmp_path / STATE_FILE)
        with pytest.raises(SettingsError, match=r"state\.pt is damaged"):
            run(tmp_path)
    run(tmp_path / "a", stop_after=5)
    state = torch.load(tmp_path / "a" / STATE_FILE, weights_only=True)
    for part in ("network", "optimiser", "average"):
        torch.save({**state, part: {"other": torch.zeros(2)}}, tmp_path / STATE_FILE)
        with pytest.raises(SettingsError, match=r"state\.pt is damaged"):
            run(tmp_path)


def test_a_full_disk_keeps_the_state_before(tmp_path):
    resource = pytest.importorskip("resource")
    run(tmp_path, stop_after=5)
    before = (tmp_path / STATE_FILE).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            run(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / STATE_FILE).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {STATE_FILE, METRICS_FILE}
    run(tmp_path)


def test_damaged_lines_of_the_metrics_are_dropped(tmp_path):
    run(tmp_path, stop_after=5)
    good = (tmp_path / METRICS_FILE).read_bytes()
    (tmp_path / METRICS_FILE).write_bytes(b'\xff\n{"loss": 1}\n[]\n' + good + b'{"step": "4"}\n{"st')
    run(tmp_path)
    assert [line["step"] for line in lines(tmp_path)] == [4, 8, 12, 16, 20, 24]
