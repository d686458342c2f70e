"""Settings of this recipe, read from `train.toml`; equal for all architectures."""

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
    """Settings of the training and test soundscapes.

    Attributes:
        n_train: Number of training soundscapes, from clips of the other folds.
        n_test: Number of test soundscapes, from clips of the test fold.
        test_fold: Fold of the test clips.
        mix: Settings of the mixture.
    """

    n_train: int
    n_test: int
    test_fold: int = 5
    mix: SoundscapeConfig = field(default_factory=SoundscapeConfig)


@dataclass(frozen=True)
class AugmentConfig:
    """Settings of random changes in training.

    Attributes:
        batch_size: Sounds in a batch.
        gain_range_db: Gain of a sound.
        mask_share: Share of sounds with a time mask and a frequency mask.
        max_masked_s: Maximum length of a time mask.
        max_masked_bands: Maximum width of a frequency mask, as a share of the mel bands.
        mixup_share: Share of ESC-10 clips mixed with another clip, with targets shared by power (Zhang et al. 2018,
            arXiv:1710.09412).
    """

    batch_size: int = 32
    gain_range_db: tuple[float, float] = (-10.0, 6.0)
    mask_share: float = 0.5
    max_masked_s: float = 0.4
    max_masked_bands: float = 0.15
    mixup_share: float = 0.5


@dataclass(frozen=True)
class TrainConfigs:
    """Training settings of each task."""

    soundscapes: TrainConfig
    esc10: TrainConfig


@dataclass(frozen=True)
class Settings:
    """Settings of the comparison.

    Attributes:
        seeds: Random seeds of initial values and training, one run each.
        soundscapes: Settings of the soundscapes.
        augment: Settings of random changes in training.
        train: Training settings of each task.
    """

    seeds: tuple[int, ...]
    soundscapes: SoundscapesConfig
    train: TrainConfigs
    augment: AugmentConfig = field(default_factory=AugmentConfig)


def read_settings(path: Path = HERE / "train.toml") -> Settings:
    """Read a settings file."""
    return config_from_dict(Settings, tomllib.loads(path.read_text(encoding="utf-8")))
