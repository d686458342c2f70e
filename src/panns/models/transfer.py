"""A trained base model with a new head on its logits, its embedding or its frequency bands.

The base model keeps its structure and may be trained too. To replace only the output layer, change the number of
classes of its own config (`with_n_classes`).
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
        reads: Input of the head: the "logits" or the "embedding" of the base model, or the "bands" whose mean is the
            embedding.
        hidden_dims: Widths of the hidden layers; empty for a linear head. One layer of 1,024 on the 527 logits of
            AudioSet is a common head for PANNs.
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
        base: Registered name of the base model.
        base_config: Config of the base model.
    """

    head: HeadConfig = field(default_factory=HeadConfig)
    base: str = "residual_cnn"
    base_config: ModelConfig = field(default_factory=ResidualCnnConfig)

    def __post_init__(self) -> None:
        if self.head.reads != "logits" and self.base_config.embedding_dim is None:
            raise ValueError(
                f"reads={self.head.reads!r} needs an embedding, which {self.base} lacks; use reads='logits'"
            )
        if self.head.reads == "bands" and not self._n_bands:
            raise ValueError(f"reads='bands' needs frequency bands, which {self.base} lacks; use reads='embedding'")

    @property
    def _n_bands(self) -> int:
        return getattr(self.base_config, "n_bands", 0)

    @property
    def n_read(self) -> int:
        """Number of inputs of the head."""
        if self.head.reads == "logits":
            return self.base_config.n_classes
        assert self.base_config.embedding_dim is not None, "checked in __post_init__"
        return self.base_config.embedding_dim * (self._n_bands if self.head.reads == "bands" else 1)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> TransferConfig:
        """Read a config from plain data, as `config_to_dict` writes it; `base` gives the type of `base_config`."""
        missing = {"head", "base", "base_config"} ^ plain.keys()
        if missing:
            raise ValueError(f"config has the keys {sorted(plain)}; it needs exactly head, base and base_config")
        base = find_model(plain["base"]).name
        head = config_from_dict(HeadConfig, plain["head"], where="config.head")
        return cls(head, base, read_config(base, plain["base_config"]))

    @property
    def frontend(self) -> Frontend:
        """Front end of the base model."""
        return self.base_config.frontend

    @property
    def n_classes(self) -> int:
        """Number of classes of the head."""
        return self.head.n_classes

    @property
    def min_input_samples(self) -> int:
        """Shortest input of the base model."""
        return self.base_config.min_input_samples

    @property
    def max_input_samples(self) -> int | None:
        """Longest input of the base model."""
        return self.base_config.max_input_samples

    @property
    def fills_input(self) -> bool:
        """True if the base model fills its input."""
        return self.base_config.fills_input

    @property
    def embedding_dim(self) -> int | None:
        """Length of the embedding of the base model."""
        return self.base_config.embedding_dim


register(
    ModelEntry(
        name="transfer",
        family="transfer",
        config=TransferConfig(),
        network="panns.networks.transfer:Transfer",
        converter=None,
        weights=None,
        about="any model with a new head on its logits, embedding or bands",
    )
)
