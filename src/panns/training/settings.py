"""Everything that decides what `panns train` makes: one TOML file, read strictly.

Paths in it are relative to the folder that the command is run in, as all paths of the command line. TOML has no word
for nothing, so an empty text stands for it.
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
from panns.training.engine.transfer import TransferSettings


@dataclass(frozen=True)
class ModelSettings:
    """What is trained.

    Attributes:
        name: Registered name, or a checkpoint folder.
        start: "trained" takes what the model has learned; "nothing" only its architecture.
        weights: A published file for that name; empty for the one in the cache.
        config: Settings of the architecture that are to be others than those of `name`, such as
            `{ dropout = 0.5, frontend = { n_mels = 128 } }`; only with nothing.
        transfer: How a trained model is taken over.
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
                f"config={self.config} would make another network than {self.name!r}, whose trained values do not fit; "
                "leave it out, or set start='nothing'"
            )


@dataclass(frozen=True)
class DataSettings:
    """What is learned from, and what is tested with.

    Attributes:
        clips: A manifest (.csv, .tsv, .jsonl), a folder of class folders, or a folder of shards.
        labels: "clips" takes the classes that the clips name; "audioset" is its 527 classes.
        test_fold: Never learned from, nor any clip of the same source; empty for no test.
        validation_fold: The fold that tells which step was the best, and that is not learned from either.
        validation_share: Without such a fold, the share of the sources to learn from that is held out for it.
        check: Whether to read every clip before the first step, and to refuse what cannot be learned from; false for
            clips that were checked before, such as millions of them.
        decoded: Folder in which clips are kept decoded, at the rate of the model; empty to decode them each time.
        noise: Recordings of noise for `batches.augment`, a manifest or a folder of shards; empty for made noise. One
            of a source that is tested or validated with is left out, as is one that is such a clip.
    """

    clips: str
    labels: Literal["clips", "audioset"] = "clips"
    test_fold: str = ""
    validation_fold: str = ""
    validation_share: float = 0.0
    check: bool = True
    decoded: str = ""
    noise: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.validation_share < 1:
            raise ValueError(f"validation_share={self.validation_share} must be at least 0 and below 1")
        if self.validation_fold and self.validation_share:
            raise ValueError("validation_fold and validation_share are two ways to say one thing; give one of them")
        if self.validation_fold and self.validation_fold == self.test_fold:
            raise ValueError(f"validation_fold and test_fold are both {self.test_fold!r}; nothing is chosen on a test")


@dataclass(frozen=True)
class TeacherSettings:
    """The model that is learned from beside the labels; it is asked about the classes that both know.

    Attributes:
        name: Registered name, checkpoint folder or exported file.
        weights: A published file for that name; empty for the one in the cache.
        is_cached: Ask it once about every clip as it is, and mix its answers as the clips are mixed; else it hears
            what the network hears.
        hears_clean: Or the same without its room, noise, filters, gain and codec (`batches.augment`), so that the
            network learns to hear through them.
    """

    name: str
    weights: str = ""
    is_cached: bool = False
    hears_clean: bool = False

    def __post_init__(self) -> None:
        if self.is_cached and self.hears_clean:
            raise ValueError(
                "is_cached and hears_clean are two ways to ask the teacher: about every clip once, or about each as it "
                "is cropped and mixed; set one of them to false"
            )


@dataclass(frozen=True)
class RunSettings:
    """One run.

    Attributes:
        model: What is trained.
        data: What from.
        train: How long and how.
        seed: Of everything random.
        batches: What batches are made of.
        loss: What is made small.
        teacher: A model to learn from.
        licence: Of what is trained, as its checkpoint says.
        stored: What the numbers of the checkpoint are rounded to before it is tested; "float16" takes half the space.
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
        if self.loss.categories:
            raise ValueError(f"loss.categories={self.loss.categories} needs categories, which clips do not have; use 0")
        if self.batches.batch_size < 2 * self.train.n_parts:
            raise ValueError(
                f"batches.batch_size={self.batches.batch_size} in train.n_parts={self.train.n_parts} leaves less than "
                "two clips in a part, and a batch norm needs two; make the batch larger, or fewer parts"
            )
        if self.loss.needs_teacher and self.teacher is None:
            raise ValueError("loss asks for a teacher, and there is none; name one in [teacher], or set its terms to 0")
        if self.train.validate_steps and not (self.data.validation_fold or self.data.validation_share):
            raise ValueError(
                f"train.validate_steps={self.train.validate_steps} needs clips to validate with; set "
                "data.validation_fold or data.validation_share (never the test fold)"
            )
        if self.loss.frames and not self.batches.augment.keeps_times:
            raise ValueError(
                "loss.frames needs to know when each label sounds, and batches.augment moves sounds in time; "
                "switch its speed and shift off"
            )


def read_settings(path: Path, assignments: tuple[str, ...] = ()) -> RunSettings:
    """The settings in a file, changed by `key=value` texts.

    Raises:
        SettingsError: The file cannot be read, or a setting is unknown, missing or impossible.
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
