"""Settings of this recipe, read from `train.toml`."""

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
    """Settings that determine the trained model.

    Attributes:
        seed: Random seed.
        architecture: Registered name of the network to train.
        teacher: Registered name of the teacher.
        teacher_window_s: Length of the teacher's windows in seconds.
        teacher_hop_s: Time between the teacher's windows in seconds.
        synthesizer_cap: Maximum score of the teacher for "Speech synthesizer" in clips of real voices.
        speeds: Playback speeds of every clip, which shift the pitch too.
        batches: Settings of the soundscapes.
        loss: Terms of the loss.
        train: Number of steps and optimisation.
    """

    seed: int
    train: TrainConfig
    architecture: str = "stream"
    teacher: str = "mn04_as"
    teacher_window_s: float = 1.0
    teacher_hop_s: float = 0.2
    synthesizer_cap: float = 0.05
    speeds: tuple[float, ...] = (1.0,)
    batches: SoundscapeBatchConfig = field(default_factory=SoundscapeBatchConfig)
    loss: LossConfig = field(default_factory=LossConfig)


def read_settings(path: Path = HERE / "train.toml") -> Settings:
    """Read a settings file."""
    return config_from_dict(Settings, tomllib.loads(path.read_text(encoding="utf-8")))
