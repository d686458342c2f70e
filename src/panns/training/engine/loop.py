"""The training loop: one loop for training, fine-tuning, distillation and several GPUs.

Data comes from `make_batch(step)`, which depends only on the step, and every step seeds its own random state. So a
resumed run needs no state of the data or of random generators, and gives exactly the result of an uninterrupted one.
"""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from panns.config import config_to_dict, fill_defaults, first_difference
from panns.errors import SettingsError
from panns.networks.contract import Network
from panns.system.files import remove_abandoned
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, Stopped, ignore_progress
from panns.training.engine.averaging import AverageConfig, WeightAverage
from panns.training.engine.batch import Batch
from panns.training.engine.distributed import World
from panns.training.engine.journal import METRICS_FILE, Journal
from panns.training.engine.losses import LossConfig, Objective
from panns.training.engine.meter import Meter
from panns.training.engine.optim import (
    OptimConfig,
    Trainable,
    build_optimiser,
    learning_rate,
    set_learning_rate,
    set_trainable,
)
from panns.training.engine.state_file import STATE_FILE, damaged_state, read_state, write_state

logger = logging.getLogger(__name__)

_N_BATCHES_AHEAD = 4  # made while the loop computes the current one


@dataclass(frozen=True)
class TrainConfig:
    """Length and method of a training.

    Attributes:
        n_steps: Number of steps, each one update of the parameters.
        optim: The optimiser.
        average: The average of the parameters that a run returns.
        n_parts: Number of parts of a batch that are computed one after the other, with their gradients summed
            (gradient accumulation); for batches that exceed the memory.
        precision: Number format of convolutions and matrix products; parameters and losses stay in float32. "float16"
            scales the loss so that small gradients do not vanish (Micikevicius et al. 2018, arXiv:1710.03740).
        channels_last: True for the channels-last memory format; on a CPU it doubles the speed of small convolutions.
        compile: True to compile the network with torch, which takes time at the start and when the backbone unfreezes.
        keeps_statistics: True to freeze the statistics of batch norms, except in a new head on a pretrained network.
        validate_steps: Steps between two evaluations of the averaged network on the validation clips; 0 for none.
        patience: Number of validations without improvement after which the run stops and returns the best network; 0
            to run to the end and return the last. Validations count once warm-up and head-only steps are over.
        test_steps: Steps between two evaluations of the averaged network on the test clips, for a curve that chooses
            nothing; 0 for none.
        n_loader_threads: Number of threads that make batches.
        checkpoint_steps: Steps between two saved states; an interrupted run loses at most these.
        log_steps: Number of steps that one line of the metrics averages.
        tensorboard: True to write event files for TensorBoard too.
    """

    n_steps: int
    optim: OptimConfig = field(default_factory=OptimConfig)
    average: AverageConfig = field(default_factory=AverageConfig)
    n_parts: int = 1
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    channels_last: bool = True
    compile: bool = False
    keeps_statistics: bool = False
    validate_steps: int = 0
    patience: int = 0
    test_steps: int = 0
    n_loader_threads: int = 1
    checkpoint_steps: int = 100
    log_steps: int = 20
    tensorboard: bool = False

    def __post_init__(self) -> None:
        for name in ("n_steps", "n_parts", "n_loader_threads", "checkpoint_steps", "log_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        for name in ("validate_steps", "patience", "test_steps"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 0")
        if self.patience and not self.validate_steps:
            raise ValueError(f"patience={self.patience} counts validations; set validate_steps above 0, or patience=0")

    @property
    def comparable(self) -> TrainConfig:
        """Copy for comparing two runs: settings that do not affect the result get fixed values."""
        return replace(self, test_steps=0, n_loader_threads=1, checkpoint_steps=1, log_steps=1, tensorboard=False)


MakeBatch = Callable[[int], Batch]
"""Makes the batch of a step, for this process; equal steps give equal batches."""
Evaluate = Callable[[Network], dict[str, float]]
"""Measures of a network, more being better; the first chooses the best network, the next decides between equals."""


def train(
    network: Network,
    objective: Objective,
    make_batch: MakeBatch,
    config: TrainConfig,
    folder: Path,
    *,
    seed: int = 0,
    trainable: Trainable | None = None,
    validate: Evaluate | None = None,
    test: Evaluate | None = None,
    world: World | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Network:
    """Train a network, or resume the run that `folder` holds.

    Args:
        network: The network; `forward_features` takes the inputs of a batch.
        objective: The loss; its own parameters are trained too.
        make_batch: Makes the batch of a step.
        config: Settings; a resumed run needs those of its start.
        folder: Folder of `state.pt` and the metrics.
        seed: Random seed of the network, such as of dropout.
        trainable: The parameters to train; None for all, from scratch.
        validate: Measures a network on validation clips.
        test: Measures a network on test clips, for the metrics only.
        world: The processes that train; None for this one, on the CPU.
        on_progress: Called after every step; if it raises `Stopped`, the run saves its state and ends.

    Returns:
        The averaged network in evaluation mode: the best one if `patience` is set, else the last.

    Raises:
        SettingsError: `folder` holds a run with other settings, or a damaged state.
        TrainingError: The loss is not finite.
        Stopped: `on_progress` raised it; the state is saved.
        OSError: The folder cannot be written to; the state saved before stays.
    """
    run = _Run(network, objective, config, seed, trainable or Trainable.all_of(network), world or World())
    folder.mkdir(parents=True, exist_ok=True)
    if run.world.is_first:
        for file in (STATE_FILE, METRICS_FILE):
            remove_abandoned(folder / file)  # left by a killed process
    meter = Meter(run.world)
    first = run.load(folder / STATE_FILE, meter) if (folder / STATE_FILE).is_file() else 0
    journal = Journal(folder, first, tensorboard=config.tensorboard, is_kept=run.world.is_first)

    def make(step: int) -> Batch:
        try:
            batch = make_batch(step)
        except Exception as exc:
            exc.add_note(f"while making the batch of step {step + 1}")
            raise
        return batch.pinned() if run.world.device_type == "cuda" else batch

    batches = ordered_map(
        make,
        range(first, first if run.is_finished else config.n_steps),
        n_threads=config.n_loader_threads,
        n_ahead=_N_BATCHES_AHEAD,
    )
    is_stopped = False
    with contextlib.closing(batches), contextlib.closing(journal):
        for step, batch in enumerate(meter.time_waits(batches), start=first):
            meter.add(run.update(step, batch), len(batch))
            done = step + 1
            if done == config.n_steps or done % config.log_steps == 0:
                journal.write(done, meter.summarise(done) | {"lr": learning_rate(step, config.n_steps, config.optim)})
            if validate and _is_due(config.validate_steps, done, config.n_steps):
                meter.check_loss(done)
                measures = run.validate(validate, done)
                journal.write(done, {f"validation_{name}": value for name, value in measures.items()})
            if test and run.world.is_first and _is_due(config.test_steps, done, config.n_steps):
                journal.write(done, {f"test_{name}": value for name, value in test(run.average.network).items()})
            is_saved = done == config.n_steps or done % config.checkpoint_steps == 0 or run.is_finished
            if is_saved:
                run.save(folder / STATE_FILE, done, meter)
            is_stopped |= _is_stopped_by(on_progress, Progress(done, config.n_steps, "steps", "training"))
            # Several processes agree where they wait for each other anyway.
            if (run.world.size == 1 or done % config.log_steps == 0) and run.world.any(is_stopped):
                if not is_saved:
                    run.save(folder / STATE_FILE, done, meter)
                raise Stopped(f"stopped after step {done:,} of {config.n_steps:,}; {folder / STATE_FILE} is saved")
            if run.is_finished:
                break
    return run.best_network()


def _is_stopped_by(on_progress: OnProgress, progress: Progress) -> bool:
    """Report progress; True if the callback wants the call to end."""
    try:
        on_progress(progress)
    except Stopped:
        return True
    return False


def _is_due(every: int, done: int, n_steps: int) -> bool:
    """True after every `every` steps and after the last; never for 0."""
    return every > 0 and (done == n_steps or done % every == 0)


class _Run:
    """State of a training: one step, one validation, saving and loading."""

    def __init__(
        self,
        network: Network,
        objective: Objective,
        config: TrainConfig,
        seed: int,
        trainable: Trainable,
        world: World,
    ) -> None:
        self.network = network.to(world.device)
        if config.channels_last:
            self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # stubs
        self.objective = objective.to(world.device)
        self.config = config
        self.seed = seed
        self.trainable = trainable
        self.world = world
        self.optimiser = build_optimiser(network, objective, trainable, config.optim)
        self.average = WeightAverage(network, config.average, config.n_steps)
        self.scaler = torch.amp.GradScaler(world.device_type, enabled=config.precision == "float16")
        self.best: dict[str, Any] | None = None  # its measures ("quality"), its step, its averaged parameters
        self.n_without_improvement = 0
        self._learning: frozenset[str] = frozenset()
        self._losses: nn.Module = _Losses(network, objective)

    def update(self, step: int, batch: Batch) -> dict[str, Tensor]:
        """Make one step; returns the loss, its terms and the norm of the gradient."""
        config = self.config
        self._prepare_step(step)
        set_learning_rate(self.optimiser, learning_rate(step, config.n_steps, config.optim))
        self.optimiser.zero_grad()
        sums: dict[str, Tensor] = {}
        parts = batch.to(self.world.device).split(config.n_parts)
        for i, part in enumerate(parts):
            with self._without_sync() if i + 1 < len(parts) else contextlib.nullcontext():
                terms = self._compute_terms(part)
                loss = torch.stack(list(terms.values())).sum()
                share = len(part) / len(batch)
                self.scaler.scale(loss * share).backward()  # type: ignore[no-untyped-call] # torch
            for name, value in (("loss", loss), *terms.items()):
                sums[name] = sums.get(name, torch.zeros_like(loss)) + value.detach() * share
        self.scaler.unscale_(self.optimiser)
        parameters = [one for group in self.optimiser.param_groups for one in group["params"]]
        sums["norm"] = nn.utils.clip_grad_norm_(parameters, config.optim.max_grad_norm)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.average.update(self.network, step)
        return sums

    def _prepare_step(self, step: int) -> None:
        """Unfreeze the parameters that learn from this step on, and seed the random state of the step."""
        learning = frozenset(self.trainable.at(step, self.config.optim))
        if learning != self._learning:
            self._learning = learning
            set_trainable(self.network, learning, keep_statistics=self._norms_with_kept_statistics())
            self._losses = self._wrap_network()
        seeds = np.random.SeedSequence([self.seed, step, self.world.rank]).generate_state(1, np.uint64)
        torch.manual_seed(int(seeds[0]))

    def _norms_with_kept_statistics(self) -> frozenset[str]:
        """Parameters of the batch norms whose statistics stay: all but those of a new head on a pretrained network."""
        if not self.config.keeps_statistics:
            return frozenset()
        names = frozenset(name for name, _ in self.network.named_parameters())
        return names - self.trainable.head or names

    def _wrap_network(self) -> nn.Module:
        """The network with its loss, compiled and distributed as the settings and the processes need it."""
        losses: nn.Module = _Losses(self.network, self.objective)
        if self.config.compile:
            losses = torch.compile(losses)  # type: ignore[assignment] # a module again
        if self.world.size == 1:
            return losses
        ids = [torch.device(self.world.device).index] if self.world.device_type == "cuda" else None
        # A head on the embedding leaves the old output layers unused, and a loss may use some outputs only.
        return nn.parallel.DistributedDataParallel(losses, device_ids=ids, find_unused_parameters=True)

    def _without_sync(self) -> contextlib.AbstractContextManager[None]:
        """Context in which gradients stay in this process."""
        losses = self._losses
        return losses.no_sync() if isinstance(losses, nn.parallel.DistributedDataParallel) else contextlib.nullcontext()

    def _compute_terms(self, batch: Batch) -> dict[str, Tensor]:
        dtype = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(self.config.precision)
        with torch.autocast(self.world.device_type, dtype, enabled=dtype is not None):
            terms: dict[str, Tensor] = self._losses(batch)
        return terms

    def validate(self, evaluate: Evaluate, done: int) -> dict[str, float]:
        """Measure the averaged network after `done` steps, and keep it if it is the best so far."""
        measures = evaluate(self.average.network) if self.world.is_first else None
        measures = self.world.broadcast(measures)
        assert measures is not None
        # An undefined measure, such as the mean over no class, counts as the lowest.
        quality = [value if math.isfinite(value) else -math.inf for value in measures.values()]
        if self.best is None or quality > self.best["quality"]:
            parameters = {key: value.clone() for key, value in self.average.network.state_dict().items()}
            self.best = {"quality": quality, "n_steps": done, "network": parameters}
            self.n_without_improvement = 0
        elif done > max(self.config.optim.head_only_steps, self.config.optim.warmup_steps):
            self.n_without_improvement += 1
        return measures

    @property
    def is_finished(self) -> bool:
        """True if the patience is exhausted."""
        return 0 < self.config.patience <= self.n_without_improvement

    def best_network(self) -> Network:
        """The averaged network of the best validation if `patience` is set, else the last one."""
        if self.config.patience and self.best is not None:
            logger.info("best validation: %.4g after step %d", self.best["quality"][0], self.best["n_steps"])
            self.average.network.load_state_dict(self.best["network"])
        return self.average.network

    def save(self, path: Path, done: int, meter: Meter) -> None:
        """Write the state after `done` steps in one piece.

        Raises:
            TrainingError: The loss is not finite.
        """
        meter.check_loss(done)
        metrics = meter.state()
        if self.world.is_first:
            parts = {name: getattr(self, name).state_dict() for name in _PARTS}
            state = {"best": self.best, "n_without_improvement": self.n_without_improvement, "n_steps": done}
            write_state(path, state | parts | {"config": self._describe(), "meter": metrics})
        self.world.wait()

    def load(self, path: Path, meter: Meter) -> int:
        """Load a state; returns the number of steps done."""
        state = read_state(path, {"config", "best", "n_without_improvement", "n_steps", *_PARTS})
        saved = state["config"] | {
            name: fill_defaults(cls, state["config"][name])
            for name, cls in (("train", TrainConfig), ("loss", LossConfig))
        }
        if changed := first_difference(saved, self._describe()):
            raise SettingsError(
                f"{path} holds a run with other settings ({changed}); restore those, or train into another folder"
            )
        try:
            for name in _PARTS:
                getattr(self, name).load_state_dict(state[name])
        except (RuntimeError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise damaged_state(path) from exc
        meter.resume(state.get("meter"))  # absent in a state of an earlier version
        self.best, self.n_without_improvement = state["best"], state["n_without_improvement"]
        done: int = state["n_steps"]
        logger.info("resuming after step %d from %s", done, path)
        return done

    def _describe(self) -> dict[str, Any]:
        return {
            "train": config_to_dict(self.config.comparable),
            "loss": config_to_dict(self.objective.config),
            "seed": self.seed,
        }


_PARTS = ("network", "objective", "optimiser", "average", "scaler")


class _Losses(nn.Module):
    """Network and loss as one module, so that processes share the gradients of both."""

    def __init__(self, network: Network, objective: Objective) -> None:
        super().__init__()
        self.network = network
        self.objective = objective

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Terms of the loss by name."""
        terms: dict[str, Tensor] = self.objective(self.network.forward_features(*batch.inputs), batch)
        return terms
