"""Settings of this recipe, read from `train.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from panns.config import config_from_dict
from panns.frontend import LogMelConfig
from panns.models.registry import find_model
from panns.training.engine.loop import TrainConfig
from panns.training.engine.losses import LossConfig
from recipes.builtin.mixtures import MixtureConfig

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@dataclass(frozen=True)
class Settings:
    """Settings that determine the trained model.

    Attributes:
        seed: Random seed.
        architecture: Registered name of the network to train.
        teacher: Registered name of the teacher.
        speeds: Playback speeds of every clip, which shift the pitch too.
        mixtures: Settings of the mixtures.
        loss: Terms of the loss.
        train: Number of steps and optimisation.
    """

    seed: int
    train: TrainConfig
    architecture: str = "builtin"
    teacher: str = "mn04_as"
    speeds: tuple[float, ...] = (1.0,)
    mixtures: MixtureConfig = field(default_factory=MixtureConfig)
    loss: LossConfig = field(default_factory=LossConfig)


def find_log_mel(architecture: str) -> LogMelConfig:
    """Log-mel settings of a registered model."""
    frontend = find_model(architecture).config.frontend.log_mel
    assert frontend is not None, f"{architecture} takes no log-mel"
    return frontend


def read_settings(path: Path = HERE / "train.toml") -> Settings:
    """Read a settings file."""
    return config_from_dict(Settings, tomllib.loads(path.read_text(encoding="utf-8")))
