"""The contract of a model's config, and the defaults that families inherit."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from panns.frontend import Frontend
from panns.models.patches import PatchGrid


class ModelConfig(Protocol):
    """Properties of every model's config, a frozen dataclass, beside its own settings."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def frontend(self) -> Frontend:
        """Front end: the inputs of the network and the sample rate."""

    @property
    def n_classes(self) -> int:
        """Number of classes."""

    @property
    def min_input_samples(self) -> int:
        """Length to which shorter waveforms are zero-padded."""

    @property
    def max_input_samples(self) -> int | None:
        """Longest waveform of one pass; longer ones are cut into windows. None for any length."""

    @property
    def fills_input(self) -> bool:
        """True if the network fills every input to `max_input_samples`, so that short and long ones cost the same."""

    @property
    def embedding_dim(self) -> int | None:
        """Length of the embedding; None for a model without one."""

    @property
    def frame_hop_s(self) -> float | None:
        """Seconds between the starts of neighbouring score frames; None for a model without frame scores."""

    def n_frames(self, n_samples: int) -> int:
        """Number of score frames of a waveform of `n_samples`; 0 for a model without frame scores."""

    @property
    def frame_context_s(self) -> float | None:
        """Seconds of sound that a score frame depends on, where that is a short stretch; None where it is more."""

    @property
    def patches(self) -> PatchGrid | None:
        """Grid of patches that the log-mel is split into; None for a model without patches."""


@runtime_checkable
class StreamingConfig(ModelConfig, Protocol):
    """Properties of the config of a model that carries its past from block to block in a state."""

    @property
    def block_frames(self) -> int:
        """Log-mel frames in one block."""

    @property
    def block_samples(self) -> int:
        """Samples in one block."""

    @property
    def n_overlap(self) -> int:
        """Samples before a block that its first frame overlaps."""

    @property
    def state_size(self) -> int:
        """Numbers in the state of one stream; all are 0 at its start."""


class BaseConfig:
    """Defaults of a model's config: clip scores only, of inputs of any length that are not split into patches."""

    @property
    def max_input_samples(self) -> int | None:
        """None: any length."""
        return None

    @property
    def fills_input(self) -> bool:
        """False: an input is computed in its own length."""
        return False

    @property
    def frame_hop_s(self) -> float | None:
        """None: no frame scores."""
        return None

    def n_frames(self, n_samples: int) -> int:  # noqa: ARG002 - for configs that override it
        """0: no frame scores."""
        return 0

    @property
    def frame_context_s(self) -> float | None:
        """None: a frame depends on all of its window."""
        return None

    @property
    def patches(self) -> PatchGrid | None:
        """None: the input is not split into patches."""
        return None


ConfigT = TypeVar("ConfigT", bound=ModelConfig)


def with_n_classes(config: ConfigT, n_classes: int) -> ConfigT:
    """Copy of a config for another number of classes.

    Examples:
        >>> from panns.models import find_model
        >>> with_n_classes(find_model("cnn14_attention").config, 10).cnn.n_classes
        10
    """
    values = {field.name: getattr(config, field.name) for field in fields(config)}
    if "n_classes" in values:
        return replace(config, n_classes=n_classes)
    # Nested configs: the first one with classes decides, such as the head of a model on top of another one.
    part = next(name for name, value in values.items() if is_dataclass(value) and hasattr(value, "n_classes"))
    return replace(config, **{part: with_n_classes(values[part], n_classes)})
