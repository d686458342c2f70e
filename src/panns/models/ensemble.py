"""Several models of one architecture that answer as one, such as those of the folds of a cross-validation."""

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
        n_members: How many models.
        base: Registered name of each.
        base_config: Settings of each.
    """

    n_members: int = 2
    base: str = "builtin"
    base_config: ModelConfig = field(default_factory=ResidualCnnConfig)

    def __post_init__(self) -> None:
        if self.n_members < 2:
            raise ValueError(f"n_members={self.n_members} is no ensemble; use at least 2")
        if isinstance(self.base_config, StreamingConfig):
            raise ValueError(f"{self.base} carries a state from block to block, and an ensemble has none; use others")  # noqa: TRY004 - a setting

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> EnsembleConfig:
        """The config in what `config_to_dict` made of one; the type of `base_config` follows from `base`."""
        if {"n_members", "base", "base_config"} != plain.keys():
            raise ValueError(f"config has {sorted(plain)}; exactly n_members, base and base_config are needed")
        if not isinstance(plain["n_members"], int):
            raise ValueError(f"config.n_members={plain['n_members']!r} must be a whole number")  # noqa: TRY004 - a setting
        base = find_model(plain["base"]).name
        return cls(plain["n_members"], base, read_config(base, plain["base_config"]))

    @property
    def frontend(self) -> Frontend:
        """That of every member."""
        return self.base_config.frontend

    @property
    def n_classes(self) -> int:
        """Those of every member."""
        return self.base_config.n_classes

    @property
    def min_input_samples(self) -> int:
        """That of every member."""
        return self.base_config.min_input_samples

    @property
    def embedding_dim(self) -> int | None:
        """The embeddings of the members lie one behind the other."""
        dim = self.base_config.embedding_dim
        return None if dim is None else self.n_members * dim

    @property
    def patches(self) -> PatchGrid | None:
        """Those of every member."""
        return self.base_config.patches

    @property
    def frame_hop_s(self) -> float | None:
        """That of every member."""
        return self.base_config.frame_hop_s

    def n_frames(self, n_samples: int) -> int:
        """That of every member."""
        return self.base_config.n_frames(n_samples)


register(
    ModelEntry(
        name="ensemble",
        family="ensemble",
        config=EnsembleConfig(),
        network="panns.networks.ensemble:Ensemble",
        converter=None,
        weights=None,
        about="several trained models as one, by `panns models join`",
    )
)
