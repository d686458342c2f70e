"""Train and test every architecture, seed and fold; skip finished runs and resume interrupted ones.

    python -m recipes.architectures.train [--data ../shared] [--out runs/architectures] [--first soundscapes|esc10]

Any number of these processes may run on one machine; a lock gives each run to one of them.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from panns.metrics import accuracy, average_precision, class_mean
from panns.networks.build import build_network
from panns.networks.complexity import multiply_adds, n_parameters
from panns.networks.contract import Network
from panns.system.arrays import Array
from panns.system.files import replacing
from panns.system.locks import exclusive_or_skip
from panns.training.engine.batch import Batch
from panns.training.engine.loop import TrainConfig, train
from panns.training.engine.losses import LossConfig, Objective
from panns.training.engine.state_file import STATE_FILE
from recipes.architectures.batches import Clips, Soundscapes
from recipes.architectures.measures import order_accuracy
from recipes.architectures.prepare import Clip, class_indices, read_clips, split_clips
from recipes.architectures.settings import FOLDS, ROOT, TASKS, Settings, Task, read_settings
from recipes.architectures.siblings import CLIP_S, Sibling, siblings

RESULT_FILE = "result.json"
_TEST_BATCH = 20

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """Training of one network.

    Attributes:
        task: Task of the network.
        model: Name of the architecture.
        seed: Random seed.
        fold: Test fold.
    """

    task: Task
    model: str
    seed: int
    fold: int

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.task}-{self.model}-seed{self.seed}-fold{self.fold}"


def main() -> None:
    """Do every unfinished run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "architectures")
    parser.add_argument("--first", choices=TASKS, default=TASKS[0], help="task to train first (default soundscapes)")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("panns").setLevel(logging.WARNING)
    torch.set_num_threads(1)  # small networks gain nothing from more threads
    out: Path = arguments.out
    settings = read_settings()
    clips = read_clips(arguments.data / "data" / "esc10")
    for run in sorted(all_runs(settings), key=lambda run: run.task != arguments.first):
        folder = out / "runs" / run.name
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive_or_skip(folder / "lock") as is_ours:
            if is_ours and not (folder / RESULT_FILE).is_file():
                finish(run, settings, clips, out)


def all_runs(settings: Settings) -> list[Run]:
    """List every run; all architectures of a seed come before the next seed."""
    names = list(siblings(1))
    return [
        Run(task, model, seed, fold)
        for task in TASKS
        for seed in settings.seeds
        for fold in (FOLDS if task == "esc10" else (settings.soundscapes.test_fold,))
        for model in names
    ]


def finish(run: Run, settings: Settings, clips: Sequence[Clip], out: Path) -> None:
    """Train and test one network and write its result."""
    folder = out / "runs" / run.name
    classes = class_indices(clips)
    n_classes = max(classes) + 1
    sibling = siblings(n_classes if run.task == "esc10" else 2 * n_classes)[run.model]
    torch.manual_seed(run.seed)
    network = build_network(sibling.registered, sibling.config).to(memory_format=torch.channels_last)  # type: ignore[call-overload] # missing in the stubs of torch
    start, start_cpu = time.monotonic(), time.process_time()
    if run.task == "soundscapes":
        metrics = run_soundscapes(network, sibling, run, settings, out, n_classes)
    else:
        metrics = run_clips(network, sibling, run, settings, out, clips, classes)
    result = {
        **asdict(run),
        "metrics": {name: round(value, 4) for name, value in metrics.items()},
        "seconds": round(time.monotonic() - start, 1),
        "cpu_seconds": round(time.process_time() - start_cpu, 1),
        "n_parameters": n_parameters(network),
        "multiply_adds": multiply_adds(network, CLIP_S),
    }
    with replacing(folder / RESULT_FILE) as partial:
        partial.write_text(json.dumps(result) + "\n", encoding="utf-8")
    (folder / STATE_FILE).unlink()
    logger.info("%s: %s in %.0f s", run.name, result["metrics"], result["seconds"])


def run_soundscapes(
    network: Network, sibling: Sibling, run: Run, settings: Settings, out: Path, n_classes: int
) -> dict[str, float]:
    """Train and test on soundscapes."""
    frontend = sibling.config.frontend.log_mel
    assert frontend is not None
    train_set, test = (Soundscapes(out / f"soundscapes_{split}", frontend, n_classes) for split in ("train", "test"))
    trained = _train(
        network, LossConfig(), 2 * n_classes, lambda step: train_set.batch(step, run.seed, settings.augment), run,
        settings.train.soundscapes, out,
    )  # fmt: skip
    logits = score(trained, [test.features(i) for i in range(len(test))])
    return {
        "map": class_mean(average_precision(logits, test.targets)).value,
        "order_accuracy": order_accuracy(logits, test.classes),
    }


def run_clips(
    network: Network,
    sibling: Sibling,
    run: Run,
    settings: Settings,
    out: Path,
    clips: Sequence[Clip],
    classes: Sequence[int],
) -> dict[str, float]:
    """Train on four folds of ESC-10 and test on the fifth."""
    frontend = sibling.config.frontend.log_mel
    assert frontend is not None
    audio = Clips(out, frontend, classes)
    train_on, test = split_clips(clips, run.fold)
    trained = _train(
        network, LossConfig(clip=0.0, categories=1.0), max(classes) + 1,
        lambda step: audio.batch(train_on, step, run.seed, settings.augment), run, settings.train.esc10, out,
    )  # fmt: skip
    logits = score(trained, [audio.features(i) for i in test])
    return {"accuracy": accuracy(logits, np.array([classes[i] for i in test]))}


def _train(
    network: Network,
    loss: LossConfig,
    n_classes: int,
    make_batch: Callable[[int], Batch],
    run: Run,
    config: TrainConfig,
    out: Path,
) -> Network:
    objective = Objective(loss, category_classes=torch.eye(n_classes, dtype=torch.bool))
    return train(network, objective, make_batch, config, out / "runs" / run.name)


def score(network: Network, features: Sequence[Array]) -> Array:
    """Clip scores `(clips, classes)` of log-mels of one length."""
    batches = [torch.from_numpy(np.stack(features[i : i + _TEST_BATCH])) for i in range(0, len(features), _TEST_BATCH)]
    with torch.inference_mode():
        scores = [network.forward_features(batch).clip_logits for batch in batches]
    logits: Array = torch.cat(scores).numpy()
    return logits


if __name__ == "__main__":
    main()
