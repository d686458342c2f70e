"""Dynamic MobileNets of EfficientAT: MobileNetV3 whose convolutions and activations depend on the clip.

Schmid et al. 2023, arXiv:2310.15648.
"""

from __future__ import annotations

from dataclasses import dataclass

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.efficientat import KALDI_LOGMEL, TOTAL_STRIDE, efficientat_weights, round_channels
from panns.models.registry import ModelEntry, register
from panns.models.weights import Weights


@dataclass(frozen=True)
class DynamicMobileNetConfig(BaseConfig):
    """Settings of a dynamic MobileNet over a log-mel.

    Attributes:
        frontend: The log-mel.
        width: Multiplies every number of channels.
        n_classes: Number of classes.
        n_kernels: Number of kernels that a dynamic convolution averages, with weights of each clip.
        temperature: Divisor of the logits of these weights; a higher one makes them more even. The published models
            were trained on AudioSet with a temperature that fell from 30 to 1, and are evaluated with 1.
        dropout: Dropout before the classifier, in training.
    """

    frontend: LogMelConfig = KALDI_LOGMEL
    width: float = 1.0
    n_classes: int = 527
    n_kernels: int = 4
    temperature: float = 1.0
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if self.width <= 0:
            raise ValueError(f"width={self.width} must be positive")
        if self.n_kernels < 1:
            raise ValueError(f"n_kernels={self.n_kernels} must be at least 1")
        if self.temperature <= 0:
            raise ValueError(f"temperature={self.temperature} must be positive; the published models use 1")

    @property
    def embedding_dim(self) -> int:
        """Channels of the last convolution, averaged over time and frequency."""
        return 6 * round_channels(160 * self.width)

    @property
    def n_bands(self) -> int:
        """Frequency bands of the last map."""
        return -(-self.frontend.n_mels // TOTAL_STRIDE)

    @property
    def min_input_samples(self) -> int:
        """32 log-mel frames, one column of the last map, as in `efficientat`."""
        return self.frontend.samples_for(TOTAL_STRIDE)

    def context_dim(self, expanded: int) -> int:
        """Length of the context of a block with `expanded` channels: a quarter of them, 32 to 128 at width 1."""
        low, high = round_channels(32 * self.width), round_channels(128 * self.width)
        return min(max(round_channels(expanded / 4), low), high)


def _register(name: str, width: float, weights: Weights) -> None:
    register(
        ModelEntry(
            name=name,
            family="dymn",
            config=DynamicMobileNetConfig(width=width),
            network="panns.networks.dymn:DynamicMobileNet",
            converter="panns.published.dymn:from_published",
            weights=weights,
            about=f"dynamic MobileNet, {width:g} times the standard width",
        )
    )


_PAPER = "Schmid et al. 2023, arXiv:2310.15648"
_register("dymn04_as", 0.4, efficientat_weights("dymn04_as.pt", 0.450, paper=_PAPER))
_register("dymn10_as", 1.0, efficientat_weights("dymn10_as.pt", 0.477, paper=_PAPER))
_register(
    "dymn20_as",
    2.0,
    efficientat_weights(
        "dymn20_as_mAP_493.pt",
        0.493,
        paper=_PAPER,
        note="mAP from the file name, the best of four runs; the table of the repository says 0.491",
    ),
)
