"""The training loop, the only one: fine-tuning, distillation and several GPUs are settings of it.

Whatever is learned from comes as `make_batch(step)`, which depends on nothing but the step, and every step begins with
a random state of its own. So a run has no state of its data or of chance, and goes on after a stop exactly as if there
had been none.
"""

from __future__ import annotations

import contextlib
import logging
import math
import pickle
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
from panns.system.files import replacing
from panns.system.parallel import ordered_map
from panns.training.engine.averaging import AverageConfig, WeightAverage
from panns.training.engine.batch import Batch
from panns.training.engine.distributed import World
from panns.training.engine.journal import Journal
from panns.training.engine.losses import LossConfig, Objective
from panns.training.engine.meter import Meter
from panns.training.engine.optim import Learners, OptimConfig, adamw, learning_rate, let_learn, set_learning_rate

logger = logging.getLogger(__name__)

STATE_FILE = "state.pt"

_N_BATCHES_AHEAD = 4  # made while the loop works on the current one


@dataclass(frozen=True)
class TrainConfig:
    """How long and how a network is trained.

    Attributes:
        n_steps: Updates in all.
        optim: The optimiser.
        average: Which average of the parameters a run yields.
        n_parts: Parts that a batch is computed in, one after the other, their gradients added up: for batches that
            do not fit the memory as a whole.
        precision: What convolutions are computed in; parameters and losses are float32 always. "float16" scales the
            loss, so that small gradients do not vanish (Micikevicius et al. 2018, arXiv:1710.03740).
        channels_last: Keep the channels of maps side by side in memory: on a CPU twice as fast for small convolutions.
        compile: Let torch compile the network, which takes its time at the start and when the backbone unfreezes.
        keeps_statistics: Freeze the statistics of all batch norms, but those of a new head on a trained network.
        validate_steps: Ask how good the averaged network is after every so many steps; 0 for never.
        patience: End after so many validations without a better one, and yield the best; 0 for the last, at the end.
            Counted once all that learns does so at the full rate.
        test_steps: Write down how good the averaged network is on the test fold after every so many steps, for a
            curve; nothing is chosen by it. 0 for never.
        n_loader_threads: Threads that make batches ahead.
        checkpoint_steps: A run that is stopped loses at most so many steps.
        log_steps: Steps that one line of the metrics is the mean of.
        tensorboard: Whether to write for TensorBoard too.
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
    def that_decides(self) -> TrainConfig:
        """The same without what may differ between a run and its continuation."""
        return replace(self, test_steps=0, n_loader_threads=1, checkpoint_steps=1, log_steps=1, tensorboard=False)


MakeBatch = Callable[[int], Batch]
"""The batch of a step (for this process alone, of several), the same one each time it is asked."""
Validate = Callable[[Network], dict[str, float]]
"""Qualities of a network, of which more is better; the first decides which is the best, the next between equals."""
OnStep = Callable[[int, int, dict[str, float]], None]
"""Called with the steps done, all of them, and the last line of the metrics."""


def train(
    network: Network,
    objective: Objective,
    make_batch: MakeBatch,
    config: TrainConfig,
    folder: Path,
    *,
    seed: int = 0,
    learners: Learners | None = None,
    validate: Validate | None = None,
    test: Validate | None = None,
    world: World | None = None,
    on_step: OnStep | None = None,
    stop_after: int | None = None,
) -> Network:
    """Train a network, or go on with what `folder` holds of an earlier run.

    Args:
        network: Answers by `forward_features` to the inputs of a batch.
        objective: The loss; its own parameters are trained with the network's.
        make_batch: The batch of a step.
        config: The settings; those of the run that is resumed.
        folder: Where `state.pt` and the metrics are kept.
        seed: Of what is random in the network, such as dropout.
        learners: Which parameters learn; None for all, from nothing.
        validate: Tells how good a network is.
        test: The same on clips that nothing is chosen by.
        world: This process among those that train together, and its device; None for one on the CPU.
        on_step: Called after every step.
        stop_after: Leave after this step, with the state saved, as if interrupted; None for the end.

    Returns:
        The averaged network, of the best validation where `patience` asks for it, in evaluation mode.

    Raises:
        SettingsError: `folder` holds a run with other settings.
        TrainingError: The loss is not a finite number.
    """
    run = _Run(network, objective, config, seed, learners or Learners.all_of(network), world or World())
    folder.mkdir(parents=True, exist_ok=True)
    first = run.load(folder / STATE_FILE) if (folder / STATE_FILE).is_file() else 0
    last = config.n_steps if stop_after is None else min(stop_after, config.n_steps)
    journal = Journal(folder, first, tensorboard=config.tensorboard) if run.world.is_first else None

    def make(step: int) -> Batch:
        try:
            batch = make_batch(step)
        except Exception as exc:
            exc.add_note(f"while the batch of step {step + 1} was made")
            raise
        return batch.pinned() if run.world.device_type == "cuda" else batch

    meter = Meter(run.world)
    batches = ordered_map(
        make, range(first, first if run.is_over else last), n_threads=config.n_loader_threads, n_ahead=_N_BATCHES_AHEAD
    )
    with contextlib.closing(batches), contextlib.closing(journal) if journal else contextlib.nullcontext():
        for step, batch in enumerate(meter.waiting_for(batches), start=first):
            meter.add(run.update(step, batch), len(batch))
            done = step + 1
            is_last = done == last
            if is_last or done % config.log_steps == 0:
                metrics = meter.mean(done) | {"lr": learning_rate(step, config.n_steps, config.optim)}
                if journal:
                    journal.write(done, metrics)
            if validate and _is_due(config.validate_steps, done, config.n_steps):
                qualities = run.judge(validate, done)
                if journal:
                    journal.write(done, {f"validation_{name}": value for name, value in qualities.items()})
            if journal and test and _is_due(config.test_steps, done, config.n_steps):
                journal.write(done, {f"test_{name}": value for name, value in test(run.average.network).items()})
            if is_last or done % config.checkpoint_steps == 0 or run.is_over:
                meter.check(done)
                run.save(folder / STATE_FILE, done)
            if on_step:
                on_step(done, config.n_steps, meter.latest)
            if run.is_over:
                break
    return run.result()


def _is_due(every: int, done: int, n_steps: int) -> bool:
    """Whether what happens after every so many steps, and after the last, happens now; 0 for never."""
    return every > 0 and (done == n_steps or done % every == 0)


class _Run:
    """Everything that changes while a network is trained, one update of it, and the way to a file and back."""

    def __init__(
        self,
        network: Network,
        objective: Objective,
        config: TrainConfig,
        seed: int,
        learners: Learners,
        world: World,
    ) -> None:
        self.network = network.to(world.device)
        if config.channels_last:
            self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # stubs
        self.objective = objective.to(world.device)
        self.config = config
        self.seed = seed
        self.learners = learners
        self.world = world
        self.optimiser = adamw(network, objective, learners, config.optim)
        self.average = WeightAverage(network, config.average, config.n_steps)
        self.scaler = torch.amp.GradScaler(world.device_type, enabled=config.precision == "float16")
        self.best: dict[str, Any] | None = None  # its quality, the step it was found after, the averaged parameters
        self.n_without_better = 0
        self._learning: frozenset[str] = frozenset()
        self._losses: nn.Module = _Losses(network, objective)

    def update(self, step: int, batch: Batch) -> dict[str, Tensor]:
        """One step of the optimiser; the loss and its terms, and the length of the gradient."""
        config = self.config
        self._prepare(step)
        set_learning_rate(self.optimiser, learning_rate(step, config.n_steps, config.optim))
        self.optimiser.zero_grad()
        sums: dict[str, Tensor] = {}
        parts = batch.to(self.world.device).split(config.n_parts)
        for i, part in enumerate(parts):
            with self._unsynchronised() if i + 1 < len(parts) else contextlib.nullcontext():
                terms = self._terms(part)
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

    def _prepare(self, step: int) -> None:
        """Unfreeze what learns from this step on, and draw this step's random state."""
        learning = frozenset(self.learners.at(step, self.config.optim))
        if learning != self._learning:
            self._learning = learning
            let_learn(self.network, learning, keep_statistics=self._with_statistics_to_keep())
            self._losses = self._wrapped()
        seeds = np.random.SeedSequence([self.seed, step, self.world.rank]).generate_state(1, np.uint64)
        torch.manual_seed(int(seeds[0]))

    def _with_statistics_to_keep(self) -> frozenset[str]:
        """Parameters of the batch norms whose statistics stay: a new head on something trained has none to keep yet."""
        if not self.config.keeps_statistics:
            return frozenset()
        names = frozenset(name for name, _ in self.network.named_parameters())
        return names - self.learners.head or names

    def _wrapped(self) -> nn.Module:
        """The network with its loss; compiled, and with gradients shared between processes, where that is asked."""
        losses: nn.Module = _Losses(self.network, self.objective)
        if self.config.compile:
            losses = torch.compile(losses)  # type: ignore[assignment] # a module again
        if self.world.size == 1:
            return losses
        ids = [torch.device(self.world.device).index] if self.world.device_type == "cuda" else None
        # A head on the embedding leaves the layers behind it unused, as do losses that ask for a part of the answers.
        return nn.parallel.DistributedDataParallel(losses, device_ids=ids, find_unused_parameters=True)

    def _unsynchronised(self) -> contextlib.AbstractContextManager[None]:
        """Within it gradients stay in this process."""
        losses = self._losses
        return losses.no_sync() if isinstance(losses, nn.parallel.DistributedDataParallel) else contextlib.nullcontext()

    def _terms(self, batch: Batch) -> dict[str, Tensor]:
        dtype = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(self.config.precision)
        with torch.autocast(self.world.device_type, dtype, enabled=dtype is not None):
            terms: dict[str, Tensor] = self._losses(batch)
        return terms

    def judge(self, validate: Validate, done: int) -> dict[str, float]:
        """How good the averaged network is after so many steps; notes whether it is the best so far."""
        qualities = validate(self.average.network) if self.world.is_first else None
        qualities = self.world.of_first(qualities)
        assert qualities is not None
        # What cannot be told, such as the mean over no class, is no quality.
        quality = [value if math.isfinite(value) else -math.inf for value in qualities.values()]
        if self.best is None or quality > self.best["quality"]:
            parameters = {key: value.clone() for key, value in self.average.network.state_dict().items()}
            self.best = {"quality": quality, "n_steps": done, "network": parameters}
            self.n_without_better = 0
        elif done > max(self.config.optim.head_only_steps, self.config.optim.warmup_steps):
            self.n_without_better += 1
        return qualities

    @property
    def is_over(self) -> bool:
        """Whether nothing better has come for long."""
        return 0 < self.config.patience <= self.n_without_better

    def result(self) -> Network:
        """What the run yields."""
        if self.config.patience and self.best is not None:
            logger.info(
                "the best of all validations, %.4g, was after step %d", self.best["quality"][0], self.best["n_steps"]
            )
            self.average.network.load_state_dict(self.best["network"])
        return self.average.network

    def save(self, path: Path, done: int) -> None:
        """Write the state after so many steps; whole, or the earlier one stays."""
        if self.world.is_first:
            parts = {name: getattr(self, name).state_dict() for name in _PARTS}
            state = {"best": self.best, "n_without_better": self.n_without_better, "n_steps": done}
            with replacing(path) as partial:
                torch.save(state | parts | {"config": self._described()}, partial)
        self.world.wait()

    def load(self, path: Path) -> int:
        """Take up a state; returns the number of steps done."""
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        except (RuntimeError, OSError, ValueError, EOFError, pickle.UnpicklingError) as exc:
            raise SettingsError(f"{path} is damaged; remove it to train anew") from exc
        began = state["config"] | {
            name: fill_defaults(cls, state["config"][name])
            for name, cls in (("train", TrainConfig), ("loss", LossConfig))
        }
        if changed := first_difference(began, self._described()):
            raise SettingsError(
                f"{path} is of a run with other settings ({changed}); go on with those, or train into another folder"
            )
        for name in _PARTS:
            getattr(self, name).load_state_dict(state[name])
        self.best, self.n_without_better = state["best"], state["n_without_better"]
        done: int = state["n_steps"]
        logger.info("going on after step %d with %s", done, path)
        return done

    def _described(self) -> dict[str, Any]:
        return {
            "train": config_to_dict(self.config.that_decides),
            "loss": config_to_dict(self.objective.config),
            "seed": self.seed,
        }


_PARTS = ("network", "objective", "optimiser", "average", "scaler")


class _Losses(nn.Module):
    """From a batch to the terms of the loss, as one module, so that gradients of all of it can be shared."""

    def __init__(self, network: Network, objective: Objective) -> None:
        super().__init__()
        self.network = network
        self.objective = objective

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The terms by name."""
        terms: dict[str, Tensor] = self.objective(self.network.forward_features(*batch.inputs), batch)
        return terms
