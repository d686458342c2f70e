"""The settings of `panns train`: one TOML file, read strictly.

Paths are relative to the current folder, like all paths of the command line. TOML has no null, so an empty string
stands for "none".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from panns.config import config_from_dict, read_toml, set_value
from panns.errors import SettingsError
from panns.training.engine.clip_batches import BatchConfig
from panns.training.engine.loop import TrainConfig
from panns.training.engine.losses import LossConfig
from panns.training.engine.transfer_learning import TransferSettings


@dataclass(frozen=True)
class ModelSettings:
    """The model to begin with.

    Attributes:
        name: Registered name of a model (`panns models`), or a checkpoint folder.
        start: "trained" to begin with the parameters of the model, "nothing" to begin with its architecture alone and
            random parameters.
        weights: Published weights file for a registered name; empty for the one in the cache.
        config: Changes to the settings of the architecture, such as `{ dropout = 0.5, frontend = { n_mels = 128 } }`;
            only with start = "nothing", because the trained parameters would not fit.
        transfer: New head of a trained model, and the part of it that trains.
    """

    name: str
    start: Literal["trained", "nothing"] = "trained"
    weights: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    transfer: TransferSettings = field(default_factory=TransferSettings)

    def __post_init__(self) -> None:
        if "n_classes" in self.config:
            raise ValueError("config.n_classes follows from the labels; leave it out")
        if self.config and self.start == "trained":
            raise ValueError(
                f"config={self.config} changes the network, so the trained parameters of {self.name!r} do not fit; "
                "leave it out, or set start='nothing'"
            )


@dataclass(frozen=True)
class DataSettings:
    """Clips for training, validation and test.

    Attributes:
        clips: A clip list (.csv, .tsv, .jsonl), a folder with one folder per class, or a folder of shards.
        labels: "clips" for the classes that the clips name, "audioset" for AudioSet's 527 classes.
        test_fold: Fold to test on. Neither it nor any other clip of its sources is trained on. Empty for no test.
        validation_fold: Fold that chooses the best step; like the test fold it is not trained on. Empty for none.
        validation_share: Share of the training sources that is held out for validation, at least 0 and below 1;
            instead of `validation_fold`.
        check: True to read every clip before the first step and to refuse damaged files, unknown labels and empty
            classes. False for clips that were checked before, such as millions of them.
        skip_damaged: True to leave out clips that the check finds missing or damaged, and to list them in check.json;
            False to refuse them.
        decoded: Folder for decoded clips, at the sample rate of the model, to decode them once. Empty to decode a clip
            in every epoch.
        noise: Recordings of noise for `batches.augment`: a clip list or a folder of shards; empty for synthetic noise.
            Recordings that share a source or a file with validation or test clips are left out.
    """

    clips: str
    labels: Literal["clips", "audioset"] = "clips"
    test_fold: str = ""
    validation_fold: str = ""
    validation_share: float = 0.0
    check: bool = True
    skip_damaged: bool = False
    decoded: str = ""
    noise: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.validation_share < 1:
            raise ValueError(f"validation_share={self.validation_share} must be at least 0 and below 1")
        if self.skip_damaged and not self.check:
            raise ValueError(
                "skip_damaged needs the check of the clips, which finds the damaged ones; set check to true"
            )
        if self.validation_fold and self.validation_share:
            raise ValueError("validation_fold and validation_share exclude each other; give one of them")
        if self.validation_fold and self.validation_fold == self.test_fold:
            raise ValueError(
                f"validation_fold and test_fold are both {self.test_fold!r}; use two folds, so that the test chooses "
                "nothing"
            )


@dataclass(frozen=True)
class TeacherSettings:
    """A trained model to learn from beside the labels (knowledge distillation).

    Attributes:
        name: Registered name of a model, checkpoint folder or exported file.
        weights: Published weights file for a registered name; empty for the one in the cache.
        is_cached: True to score every clip once, as it is, and to mix the scores like the clips. False to score every
            batch as the network gets it, which is slower and follows crops and augmentation.
        sees_clean: True to score every batch without its room, noise, filters, gain and codec (`batches.augment`), so
            that the network learns to ignore them.
    """

    name: str
    weights: str = ""
    is_cached: bool = False
    sees_clean: bool = False

    def __post_init__(self) -> None:
        if self.is_cached and self.sees_clean:
            raise ValueError(
                "is_cached and sees_clean exclude each other: the first scores every clip once, the second every "
                "batch; set one of them to false"
            )


@dataclass(frozen=True)
class RunSettings:
    """Settings of a run.

    Attributes:
        model: The model to begin with.
        data: Clips for training, validation and test.
        train: Number of steps, optimisation and validation.
        seed: Random seed.
        batches: Size, sampling and augmentation of batches.
        loss: Terms of the loss and their weights.
        teacher: A trained model to learn from beside the labels (knowledge distillation).
        licence: Licence of the trained model, for its checkpoint.
        stored: Number format of the parameters in the checkpoint; "float16" halves its size. The test measures the
            rounded parameters.
    """

    model: ModelSettings
    data: DataSettings
    train: TrainConfig
    seed: int = 0
    batches: BatchConfig = field(default_factory=BatchConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    teacher: TeacherSettings | None = None
    licence: str = "unknown"
    stored: Literal["float32", "float16"] = "float32"

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed={self.seed} is negative; use 0 or more")
        for name in ("categories", "frame_categories"):
            if weight := getattr(self.loss, name):
                raise ValueError(f"loss.{name}={weight} needs categories, and clip lists have none; use 0")
        if self.batches.batch_size < 2 * self.train.n_parts:
            raise ValueError(
                f"batches.batch_size={self.batches.batch_size} in train.n_parts={self.train.n_parts} leaves less than "
                "two clips in a part, and batch norms need two; use a larger batch or fewer parts"
            )
        if self.loss.needs_teacher and self.teacher is None:
            raise ValueError(
                "loss needs a teacher; name one in [teacher], or set loss.teacher, teacher_frames and embedding to 0"
            )
        if self.train.validate_steps and not (self.data.validation_fold or self.data.validation_share):
            raise ValueError(
                f"train.validate_steps={self.train.validate_steps} needs validation clips; set "
                "data.validation_fold or data.validation_share (never the test fold)"
            )
        if self.loss.frames and not self.batches.augment.keeps_times:
            raise ValueError(
                f"loss.frames={self.loss.frames} needs the times of events, and batches.augment moves sounds in time; "
                "set its speed_share and shift_share to 0"
            )


def read_settings(path: Path, assignments: tuple[str, ...] = ()) -> RunSettings:
    """Read a settings file, and apply changes such as "optim.lr=1e-4".

    Raises:
        SettingsError: The file cannot be read, or a setting is unknown, missing or out of range.
    """
    try:
        data: dict[str, Any] = read_toml(path)
        for assignment in assignments:
            set_value(RunSettings, data, assignment)
        return config_from_dict(RunSettings, data)
    except OSError as exc:
        raise SettingsError(f"{path} cannot be read ({exc.strerror}); give a settings file") from exc
    except ValueError as exc:
        raise SettingsError(str(exc) if str(path) in str(exc) else f"{path}: {exc}") from exc
