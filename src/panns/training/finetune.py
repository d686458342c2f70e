"""Fine-tuning: a model for your own classes from a folder of sounds, with settings chosen to suit the clips."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from panns.checkpoints.checkpoint import MANIFEST_FILE
from panns.config import config_from_dict, config_to_dict, set_value
from panns.data.clips.clip import Clip
from panns.errors import SettingsError
from panns.hub.resolve import resolve
from panns.system.defaults import DEFAULT_MODEL
from panns.system.progress import OnProgress, ignore_progress
from panns.training.base_model import load_base_model
from panns.training.dataset import prepare_dataset
from panns.training.engine.averaging import AverageConfig
from panns.training.engine.clip_batches import BatchConfig, MaskConfig, MixConfig
from panns.training.engine.distributed import World
from panns.training.engine.loop import TrainConfig
from panns.training.engine.losses import LossConfig
from panns.training.engine.optim import OptimConfig
from panns.training.engine.state_file import STATE_FILE
from panns.training.engine.transfer_learning import TransferSettings
from panns.training.recordings import read_clip_source
from panns.training.run import TrainingResult, run
from panns.training.run_folder import hold_folder
from panns.training.settings import DataSettings, ModelSettings, RunSettings
from panns.training.split_warnings import describe_small_parts

logger = logging.getLogger(__name__)

TRAINING_FOLDER = "training"
_DECODED_FOLDER = "sound"
_TEST_FOLDS, _VALIDATION_FOLDS = ("test",), ("validation", "valid", "val", "dev")
_LONGEST_S, _SHORTEST_S = 10.0, 1.0
_N_EPOCHS, _MIN_STEPS = 20.0, 60
_MASKED_SHARE = 0.1  # longest masked stretch of time, as a share of a clip
_N_VALIDATIONS = 12


@dataclass(frozen=True)
class FinetuneOptions:
    """Options of fine-tuning; the defaults suit folders of some dozen to some ten thousand clips.

    Attributes:
        model: Registered name or checkpoint folder of the model to begin with.
        weights: Published weights file for a registered name; empty for the one in the cache.
        transfer: The new head, and the part of the model that trains.
        n_epochs: Maximum passes over the clips; the best step on the validation clips is kept. None for 20 passes, and
            at least 60 batches.
        batch_size: Maximum number of clips in a batch.
        lr: Learning rate of the head; the trained part of the model learns at a tenth of it.
        test_fold: Fold to test on; empty for a fold called "test", if there is one.
        validation_share: Share of the clips for validation, above 0 and below 1; a fold called "validation" comes
            first.
        seed: Random seed.
        skip_damaged: True to leave out files that the check finds missing or damaged.
        changes: Changes to the chosen settings, as "key=value" (`config.set_value`).
    """

    model: str = DEFAULT_MODEL
    weights: str = ""
    transfer: TransferSettings = field(default_factory=TransferSettings)
    n_epochs: float | None = None
    batch_size: int = 32
    lr: float = 3e-3
    test_fold: str = ""
    validation_share: float = 0.2
    seed: int = 0
    skip_damaged: bool = False
    changes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (
            (self.n_epochs is not None and not self.n_epochs > 0)
            or self.batch_size < 2
            or not 0 < self.validation_share < 1
        ):
            raise SettingsError(
                f"n_epochs={self.n_epochs} must be above 0, batch_size={self.batch_size} at least 2, and "
                f"validation_share={self.validation_share} above 0 and below 1"
            )


def finetune(
    clips: Path,
    out: Path,
    options: FinetuneOptions | None = None,
    *,
    world: World | None = None,
    is_resumed: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> TrainingResult:
    """Train a model on the classes of a folder, and write a checkpoint for every command.

    The clips are checked first. Duplicates stay on one side of every split.

    Args:
        clips: A folder with one folder per class, a clip list, or a folder of shards.
        out: Folder of the new checkpoint; `out`/training keeps the run.
        options: Options; None for the defaults.
        world: The device, in one process; None for the CPU.
        is_resumed: True to continue an interrupted run.
        on_progress: Called while clips are read and decoded, and after every step.

    Raises:
        DataError: The clips have errors, or do not fit the options.
        SettingsError: `out` holds a model already, several processes are to train, or an option is unknown.
    """
    if world is not None and world.size > 1:
        raise SettingsError("fine-tuning runs in one process; use `panns train` and a settings file for several")
    if (out / MANIFEST_FILE).is_file():
        raise SettingsError(f"{out} holds a model already; remove it, or give another folder")
    folder, options = out / TRAINING_FOLDER, options or FinetuneOptions()
    inputs = _read_inputs(clips, options, folder)
    base = load_base_model(inputs.model)
    with hold_folder(folder, world or World()):
        dataset = prepare_dataset(
            read_clip_source(Path(inputs.data.clips)),
            inputs.data,
            folder,
            sample_rate=base.sample_rate,
            world=world,
            is_resumed=is_resumed,
            on_progress=on_progress,
        )
        settings = choose_settings(clips, dataset.clips, dataset.durations_s, options, folder)
        split = dataset.split(settings.data, settings.seed)
        for message in describe_small_parts(split.clips, split.parts.train, split.parts.validation):
            logger.warning("%s", message)
        result = run(
            split,
            base,
            settings,
            folder,
            model_folder=out,
            world=world,
            is_resumed=is_resumed,
            on_progress=on_progress,
        )
        shutil.rmtree(folder / _DECODED_FOLDER, ignore_errors=True)
        (folder / STATE_FILE).unlink(missing_ok=True)
    return replace(result, checkpoint=resolve(out))


@dataclass(frozen=True)
class _Inputs:
    """The settings that decide what is read: the model and the clips."""

    model: ModelSettings
    data: DataSettings


def _read_inputs(clips: Path, options: FinetuneOptions, folder: Path) -> _Inputs:
    """The model and the clips to read, with the changes of the options."""
    inputs = _Inputs(
        ModelSettings(options.model, weights=options.weights, transfer=options.transfer),
        DataSettings(str(clips), skip_damaged=options.skip_damaged, decoded=str(folder / _DECODED_FOLDER)),
    )
    plain = _apply_changes(config_to_dict(inputs), options.changes)
    try:
        return config_from_dict(_Inputs, {"model": plain["model"], "data": plain["data"]})
    except ValueError as exc:
        raise SettingsError(str(exc)) from exc


def _apply_changes(plain: dict[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    try:
        for change in changes:
            set_value(RunSettings, plain, change)
    except ValueError as exc:
        raise SettingsError(str(exc)) from exc
    return plain


def choose_settings(
    path: Path,
    clips: Sequence[Clip],
    durations_s: npt.NDArray[np.float32],
    options: FinetuneOptions,
    folder: Path,
) -> RunSettings:
    """Choose the settings that suit the clips.

    The task is multi-label if some clip has several labels or none. Crops last as long as the 80th percentile of the
    clips, from 1 to 10 s.

    Args:
        path: Path of the clips.
        clips: The clips.
        durations_s: Duration of each clip, in seconds.
        options: Options of the user.
        folder: The folder of the run.

    Raises:
        SettingsError: `options.changes` names an unknown setting, or sets an impossible value.
    """
    folds = {clip.fold for clip in clips}
    test_fold = options.test_fold or next((name for name in _TEST_FOLDS if name in folds), "")
    validation_fold = next((name for name in _VALIDATION_FOLDS if name in folds and name != test_fold), "")
    is_single = all(len(clip.labels) == 1 for clip in clips)
    n_held_out = sum(clip.fold in (test_fold, validation_fold) and bool(clip.fold) for clip in clips)
    n_train = (len(clips) - n_held_out) * (1.0 if validation_fold else 1 - options.validation_share)
    batch_size = max(2, min(options.batch_size, int(n_train)))
    n_steps = math.ceil((options.n_epochs or _N_EPOCHS) * n_train / batch_size)
    if options.n_epochs is None:
        n_steps = max(_MIN_STEPS, n_steps)
    duration_s = round(float(np.clip(np.quantile(durations_s, 0.8), _SHORTEST_S, _LONGEST_S)), 1)
    trains_backbone = options.transfer.trained != "head"
    settings = RunSettings(
        model=ModelSettings(options.model, weights=options.weights, transfer=options.transfer),
        data=DataSettings(
            str(path),
            test_fold=test_fold,
            validation_fold=validation_fold,
            validation_share=0.0 if validation_fold else options.validation_share,
            skip_damaged=options.skip_damaged,
            decoded=str(folder / _DECODED_FOLDER),
        ),
        seed=options.seed,
        batches=BatchConfig(
            batch_size=batch_size,
            durations_s=(duration_s,),
            mix=MixConfig("between_class", share=0.5, labels="share" if is_single else "union"),
            mask=MaskConfig(share=0.5, max_s=_MASKED_SHARE * duration_s),
        ),
        loss=LossConfig(task="single-label" if is_single else "multi-label"),
        train=TrainConfig(
            n_steps=n_steps,
            optim=OptimConfig(
                lr=options.lr,
                backbone_share=0.1 if trains_backbone else 0.0,
                head_only_steps=n_steps // 5 if trains_backbone else 0,
                warmup_steps=n_steps // 20,
            ),
            average=AverageConfig(decay=max(0.0, 1 - 10 / n_steps)),
            validate_steps=max(1, n_steps // _N_VALIDATIONS),
            patience=_N_VALIDATIONS // 3,
            checkpoint_steps=max(1, n_steps // _N_VALIDATIONS),
            log_steps=max(1, n_steps // (2 * _N_VALIDATIONS)),
        ),
    )
    if not options.changes:
        return settings
    plain = _apply_changes(config_to_dict(settings), options.changes)
    try:
        return config_from_dict(RunSettings, plain)
    except ValueError as exc:
        raise SettingsError(str(exc)) from exc
