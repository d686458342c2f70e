"""Settings of this recipe, read from `train.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from panns.config import config_from_dict
from panns.training.engine.loop import TrainConfig
from panns.training.engine.losses import LossConfig
from recipes.builtin.drawing import MixtureConfig

HERE = Path(__file__).parent


@dataclass(frozen=True)
class MapConfig:
    """Settings of distillation by the maps of the teacher.

    Attributes:
        weight: Weight of the squared distance to the teacher's maps, with each channel divided by its deviation.
        lead_steps: Steps over which the share of the teacher's maps in the input of the next block falls from 1 to 0.
    """

    weight: float = 1.0
    lead_steps: int = 0


@dataclass(frozen=True)
class Settings:
    """Settings that determine the trained model.

    Attributes:
        seed: Random seed.
        train: Number of steps and optimisation.
        architecture: Registered name of the network to train.
        teacher: Registered name of the teacher.
        mixtures: Settings of the mixtures; `n_frames` counts log-mel frames of the teacher.
        maps: Settings of distillation by the maps of the teacher.
        loss: The other terms of the loss.
    """

    seed: int
    train: TrainConfig
    architecture: str = "builtin"
    teacher: str = "mn04_as"
    mixtures: MixtureConfig = field(default_factory=MixtureConfig)
    maps: MapConfig = field(default_factory=MapConfig)
    loss: LossConfig = field(default_factory=LossConfig)


def read_settings(path: Path = HERE / "train.toml") -> Settings:
    """Read a settings file."""
    return config_from_dict(Settings, tomllib.loads(path.read_text(encoding="utf-8")))
