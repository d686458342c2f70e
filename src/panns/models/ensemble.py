"""An ensemble of models of one architecture, such as those of the folds of a cross-validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from panns.frontend import Frontend
from panns.models.base import ModelConfig, StreamingConfig
from panns.models.patches import PatchGrid
from panns.models.registry import ModelEntry, find_model, read_config, register
from panns.models.residual_cnn import ResidualCnnConfig


@dataclass(frozen=True)
class EnsembleConfig:
    """Settings of an ensemble.

    Attributes:
        n_members: Number of models, at least 2.
        base: Registered name of the models.
        base_config: Config of every model.
    """

    n_members: int = 2
    base: str = "residual_cnn"
    base_config: ModelConfig = field(default_factory=ResidualCnnConfig)

    def __post_init__(self) -> None:
        if self.n_members < 2:
            raise ValueError(f"n_members={self.n_members} is too few for an ensemble; use at least 2")
        if isinstance(self.base_config, StreamingConfig):
            raise ValueError(  # noqa: TRY004 - a setting
                f"base={self.base!r} has a state, which an ensemble does not support; use models without one"
            )

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> EnsembleConfig:
        """Read a config from plain data, as `config_to_dict` writes it; `base` gives the type of `base_config`."""
        if {"n_members", "base", "base_config"} != plain.keys():
            raise ValueError(f"config has the keys {sorted(plain)}; it needs exactly n_members, base and base_config")
        if not isinstance(plain["n_members"], int):
            raise ValueError(f"config.n_members={plain['n_members']!r} must be a whole number")  # noqa: TRY004 - a setting
        base = find_model(plain["base"]).name
        return cls(plain["n_members"], base, read_config(base, plain["base_config"]))

    @property
    def frontend(self) -> Frontend:
        """Front end of every member."""
        return self.base_config.frontend

    @property
    def n_classes(self) -> int:
        """Number of classes of every member."""
        return self.base_config.n_classes

    @property
    def min_input_samples(self) -> int:
        """Shortest input of every member."""
        return self.base_config.min_input_samples

    @property
    def max_input_samples(self) -> int | None:
        """Longest input of every member."""
        return self.base_config.max_input_samples

    @property
    def fills_input(self) -> bool:
        """True if every member fills its input."""
        return self.base_config.fills_input

    @property
    def embedding_dim(self) -> int | None:
        """Length of the concatenated embeddings of the members."""
        dim = self.base_config.embedding_dim
        return None if dim is None else self.n_members * dim

    @property
    def patches(self) -> PatchGrid | None:
        """Patches of every member."""
        return self.base_config.patches

    @property
    def frame_hop_s(self) -> float | None:
        """Frame hop of every member."""
        return self.base_config.frame_hop_s

    @property
    def frame_context_s(self) -> float | None:
        """Length of sound behind a frame of every member."""
        return self.base_config.frame_context_s

    def n_frames(self, n_samples: int) -> int:
        """Number of score frames of every member."""
        return self.base_config.n_frames(n_samples)


register(
    ModelEntry(
        name="ensemble",
        family="ensemble",
        config=EnsembleConfig(),
        network="panns.networks.ensemble:Ensemble",
        converter=None,
        weights=None,
        about="mean of several trained models, made by `panns models join`",
    )
)
