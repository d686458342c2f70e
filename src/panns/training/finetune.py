"""A model for classes of one's own, from a folder of sounds: settings that suit them are found, nothing is asked."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.checkpoints.checkpoint import MANIFEST_FILE
from panns.config import config_from_dict, config_to_dict, set_value
from panns.data.clip_lists import read_clip_list
from panns.data.clips.clip import Clip
from panns.data.shards.decoded import decode_once
from panns.errors import SettingsError
from panns.hub.resolve import resolve
from panns.system.defaults import DEFAULT_MODEL
from panns.system.progress import OnProgress, ignore_progress
from panns.training.engine.averaging import AverageConfig
from panns.training.engine.clip_batches import BatchConfig, MaskConfig, MixConfig
from panns.training.engine.distributed import World
from panns.training.engine.loop import STATE_FILE, TrainConfig
from panns.training.engine.losses import LossConfig
from panns.training.engine.optim import OptimConfig
from panns.training.engine.transfer import TransferSettings
from panns.training.preflight import checked
from panns.training.run import Trained, run
from panns.training.settings import DataSettings, ModelSettings, RunSettings

TRAINING_FOLDER = "training"
_SOUND_FOLDER = "sound"
_FOLDS_FOR_TEST, _FOLDS_FOR_VALIDATION = ("test",), ("validation", "valid", "val", "dev")
_LONGEST_S, _SHORTEST_S = 10.0, 1.0
_N_EPOCHS, _MIN_STEPS = 20.0, 60
_MASKED_SHARE = 0.1  # of a clip, the longest stretch of time that is hidden
_N_VALIDATIONS = 12


@dataclass(frozen=True)
class FinetuneOptions:
    """What may be chosen; the defaults suit folders from some dozen to some ten thousand clips.

    Attributes:
        model: Registered name or checkpoint folder of the model to begin with.
        weights: A published file for that name; empty for the one in the cache.
        transfer: Its new head, and how much of it learns.
        n_epochs: How often every clip is heard, at most; what is best on the validation clips is kept. None for 20
            times, of few clips for 60 batches.
        batch_size: Clips in a batch, at most.
        lr: Learning rate of the head; what was learned before changes at a tenth of it.
        test_fold: The fold to test with; empty for one called "test", if there is one.
        validation_share: Share of the clips that tell which step was the best, unless a fold is called "validation".
        seed: Of everything random.
        changes: Settings that are to be others than those found, as "key=value" (`config.set_value`).
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
) -> Trained:
    """Teach a trained model the classes of a folder, and write a checkpoint that every command takes.

    The clips are checked first; copies of one sound stay on one side of every split.

    Args:
        clips: A folder of class folders, or a manifest.
        out: The checkpoint's folder; how the training went is kept in `out`/training.
        options: What may be chosen.
        world: The device to compute on, in one process; None for the CPU.
        is_resumed: Whether to go on with a training that was stopped.
        on_progress: Called while things take their time.

    Raises:
        DataError: The clips cannot be learned from.
        SettingsError: `out` holds a model already; or several processes are to train it.
    """
    if world is not None and world.size > 1:
        raise SettingsError("fine-tuning is for one process; several train by `panns train` and a settings file")
    if (out / MANIFEST_FILE).is_file():
        raise SettingsError(f"{out} holds a model already; remove it, or give another folder")
    training, options = out / TRAINING_FOLDER, options or FinetuneOptions()
    weights = Path(options.weights) if options.weights else None
    sample_rate = resolve(options.model, weights=weights, needs_onnx=False).manifest.sample_rate

    manifest = read_clip_list(clips)
    duplicates = checked(
        clips,
        manifest,
        training,
        labels=None,
        sample_rate=sample_rate,
        is_resumed=is_resumed,
        on_progress=on_progress,
    )
    audio = decode_once(manifest, sample_rate, training / _SOUND_FOLDER, on_progress=on_progress)
    settings = settings_for(clips, audio.clips, audio.durations_s, options, training)
    trained = run(
        settings,
        training,
        model_folder=out,
        duplicates=duplicates,
        world=world,
        is_resumed=is_resumed,
        on_progress=on_progress,
    )
    shutil.rmtree(training / _SOUND_FOLDER, ignore_errors=True)
    (training / STATE_FILE).unlink(missing_ok=True)
    return replace(trained, checkpoint=resolve(out))


def settings_for(
    path: Path,
    clips: Sequence[Clip],
    durations_s: npt.NDArray[np.float32],
    options: FinetuneOptions,
    training: Path,
) -> RunSettings:
    """The settings that suit some clips.

    Several labels on some clip, or none, make it a task of several labels. Clips are heard as long as four fifths of
    them are at most, from 1 to 10 s.

    Args:
        path: Where the clips are.
        clips: They.
        durations_s: Their lengths.
        options: What was chosen.
        training: Where the training is kept.

    Raises:
        SettingsError: `options.changes` asks for settings that there are not.
    """
    folds = {clip.fold for clip in clips}
    test_fold = options.test_fold or next((name for name in _FOLDS_FOR_TEST if name in folds), "")
    validation_fold = next((name for name in _FOLDS_FOR_VALIDATION if name in folds and name != test_fold), "")
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
            decoded=str(training / _SOUND_FOLDER),
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
    plain = config_to_dict(settings)
    try:
        for change in options.changes:
            set_value(RunSettings, plain, change)
        return config_from_dict(RunSettings, plain)
    except ValueError as exc:
        raise SettingsError(str(exc)) from exc
