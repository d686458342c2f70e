"""The settings of this recipe: `train.toml`, read strictly."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from panns.config import config_from_dict
from panns.training.engine.loop import TrainConfig
from panns.training.engine.losses import LossConfig
from recipes.stream.batches import SoundscapeBatchConfig

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Settings:
    """Everything that decides what the trained model is.

    Attributes:
        seed: Of everything random.
        architecture: Registered name of the network to train.
        teacher: Registered name of the network it learns from.
        teacher_window_s: Length of the windows that the teacher hears a clip in.
        teacher_hop_s: From one of them to the next.
        speeds: Each clip is kept at these speeds; pitch moves with them.
        batches: How soundscapes are made.
        loss: What is minimised.
        train: How.
    """

    seed: int
    train: TrainConfig
    architecture: str = "stream"
    teacher: str = "mn04_as"
    teacher_window_s: float = 1.0
    teacher_hop_s: float = 0.2
    speeds: tuple[float, ...] = (1.0,)
    batches: SoundscapeBatchConfig = field(default_factory=SoundscapeBatchConfig)
    loss: LossConfig = field(default_factory=LossConfig)


def read_settings(path: Path = HERE / "train.toml") -> Settings:
    """The settings in a file."""
    return config_from_dict(Settings, tomllib.loads(path.read_text(encoding="utf-8")))
