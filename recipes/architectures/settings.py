"""The settings of this recipe: `train.toml`, read strictly. They are the same for all architectures."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from panns.config import config_from_dict
from panns.training.engine.loop import TrainConfig
from recipes.architectures.soundscapes import SoundscapeConfig

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
RESULTS_FILE = HERE / "results.jsonl"

Task = Literal["soundscapes", "esc10"]
TASKS: tuple[Task, ...] = get_args(Task)
FOLDS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class SoundscapesConfig:
    """The soundscapes that are made once and then trained on and tested with.

    Attributes:
        n_train: How many, of the clips of the other folds.
        n_test: How many, of the clips of the test fold.
        test_fold: Whose clips are heard in the test only.
        mix: How they are mixed.
    """

    n_train: int
    n_test: int
    test_fold: int = 5
    mix: SoundscapeConfig = field(default_factory=SoundscapeConfig)


@dataclass(frozen=True)
class AugmentConfig:
    """What is changed at random in training.

    Attributes:
        batch_size: Sounds in a batch.
        gain_range_db: Of the whole sound.
        mask_share: How many sounds have a stretch of time and of frequency hidden.
        max_masked_s: The longest such stretch of time.
        max_masked_bands: The widest such stretch of frequency, as a share of the mel bands.
        mixup_share: How many clips of ESC-10 are mixed with another, the answer being shared by power (Zhang et al.
            2018, arXiv:1710.09412).
    """

    batch_size: int = 32
    gain_range_db: tuple[float, float] = (-10.0, 6.0)
    mask_share: float = 0.5
    max_masked_s: float = 0.4
    max_masked_bands: float = 0.15
    mixup_share: float = 0.5


@dataclass(frozen=True)
class TrainConfigs:
    """How long and how networks are trained, by task."""

    soundscapes: TrainConfig
    esc10: TrainConfig


@dataclass(frozen=True)
class Settings:
    """Everything that decides what is compared.

    Attributes:
        seeds: Of the networks' first values and of everything random in training; one run each.
        soundscapes: The soundscapes.
        augment: What is changed at random in training.
        train: How networks are trained.
    """

    seeds: tuple[int, ...]
    soundscapes: SoundscapesConfig
    train: TrainConfigs
    augment: AugmentConfig = field(default_factory=AugmentConfig)


def read_settings(path: Path = HERE / "train.toml") -> Settings:
    """The settings in a file."""
    return config_from_dict(Settings, tomllib.loads(path.read_text(encoding="utf-8")))
