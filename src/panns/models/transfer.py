"""A trained model with a head of one's own on top: on its scores, its embedding, or the bands this is the mean of.

The network underneath stays as it is, and may be trained along. To replace the layer of classes instead, a model's own
config with another number of classes (`with_n_classes`) is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from panns.config import config_from_dict
from panns.frontend import Frontend
from panns.models.base import BaseConfig, ModelConfig
from panns.models.registry import ModelEntry, find_model, read_config, register
from panns.models.residual_cnn import ResidualCnnConfig


@dataclass(frozen=True)
class HeadConfig:
    """Settings of a head.

    Attributes:
        n_classes: Number of classes.
        reads: "logits" of the classes that the model knew, its "embedding", or the "bands" that this is the mean of.
        hidden_dims: Widths of hidden layers; none makes it linear. On AudioSet's 527 logits one layer of 1,024 is the
            head that is often put on PANNs.
        dropout: Dropout before every layer but the first, in training.
    """

    n_classes: int = 527
    reads: Literal["logits", "embedding", "bands"] = "logits"
    hidden_dims: tuple[int, ...] = (1024,)
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if self.n_classes < 1 or any(dim < 1 for dim in self.hidden_dims):
            raise ValueError(f"n_classes={self.n_classes} and hidden_dims={self.hidden_dims} must be at least 1")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout={self.dropout} must be at least 0 and below 1")


@dataclass(frozen=True)
class TransferConfig(BaseConfig):
    """Settings of a model with a new head.

    Attributes:
        head: The head.
        base: Registered name of the model underneath.
        base_config: Its settings.
    """

    head: HeadConfig = field(default_factory=HeadConfig)
    base: str = "builtin"
    base_config: ModelConfig = field(default_factory=ResidualCnnConfig)

    def __post_init__(self) -> None:
        if self.head.reads != "logits" and self.base_config.embedding_dim is None:
            raise ValueError(f"{self.base} has no embedding for a head to read; use reads='logits'")
        if self.head.reads == "bands" and not self._n_bands:
            raise ValueError(f"{self.base} does not tell bands of frequencies apart; put the head on its embedding")

    @property
    def _n_bands(self) -> int:
        return getattr(self.base_config, "n_bands", 0)

    @property
    def n_read(self) -> int:
        """How many numbers the head reads."""
        if self.head.reads == "logits":
            return self.base_config.n_classes
        assert self.base_config.embedding_dim is not None, "this was checked at the start"
        return self.base_config.embedding_dim * (self._n_bands if self.head.reads == "bands" else 1)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> TransferConfig:
        """The config in what `config_to_dict` made of one; the type of `base_config` follows from `base`."""
        missing = {"head", "base", "base_config"} ^ plain.keys()
        if missing:
            raise ValueError(f"config has {sorted(plain)}; exactly head, base and base_config are needed")
        base = find_model(plain["base"]).name
        head = config_from_dict(HeadConfig, plain["head"], where="config.head")
        return cls(head, base, read_config(base, plain["base_config"]))

    @property
    def frontend(self) -> Frontend:
        """That of the model underneath."""
        return self.base_config.frontend

    @property
    def n_classes(self) -> int:
        """Those of the head."""
        return self.head.n_classes

    @property
    def min_input_samples(self) -> int:
        """That of the model underneath."""
        return self.base_config.min_input_samples

    @property
    def embedding_dim(self) -> int | None:
        """That of the model underneath."""
        return self.base_config.embedding_dim


register(
    ModelEntry(
        name="transfer",
        family="transfer",
        config=TransferConfig(),
        network="panns.networks.transfer:Transfer",
        converter=None,
        weights=None,
        about="any model with a head of one's own on its scores, its embedding or bands",
    )
)
