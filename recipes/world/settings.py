"""Settings of this recipe, read from `train.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from panns.config import config_from_dict
from panns.training.engine.loop import TrainConfig
from panns.training.engine.losses import LossConfig
from recipes.builtin.mixtures import MixtureConfig

HERE = Path(__file__).parent


@dataclass(frozen=True)
class WorldConfig:
    """Settings of mixtures and targets beyond those of the recipe `builtin`.

    Attributes:
        telephone_share: Share of mixtures limited to the telephone band, 300 to 3,400 Hz.
        silence_share: Share of training examples that are exact zeros, or noise at `silence_range_db`.
        silence_range_db: Level of that noise, in dB of mel power.
        synthesizer_cap: Maximum target of "Speech synthesizer" where a real voice speaks.
        maps: Weight of the squared distance to the teacher's maps, with each channel divided by its deviation.
        lead_steps: Steps over which the share of the teacher's maps in the input of the next block falls from 1 to 0.
    """

    telephone_share: float = 0.08
    silence_share: float = 0.01
    silence_range_db: tuple[float, float] = (-75.0, -45.0)
    synthesizer_cap: float = 0.05
    maps: float = 1.0
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
        world: Settings of telephone band, silence, caps and the teacher's maps.
        loss: Terms of the loss.
    """

    seed: int
    train: TrainConfig
    architecture: str = "mn04_frames"
    teacher: str = "mn04_as"
    mixtures: MixtureConfig = field(default_factory=MixtureConfig)
    world: WorldConfig = field(default_factory=WorldConfig)
    loss: LossConfig = field(default_factory=LossConfig)


def read_settings(path: Path = HERE / "train.toml") -> Settings:
    """Read a settings file."""
    return config_from_dict(Settings, tomllib.loads(path.read_text(encoding="utf-8")))
