"""EfficientAT: MobileNetV3 over a Kaldi log-mel, distilled from transformers.

Schmid et al. 2022, arXiv:2211.04772; the backbone is Howard et al. 2019, arXiv:1905.02244, table 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from panns.frontend import LogMelConfig
from panns.models.registry import ModelEntry, register
from panns.models.weights import Weights

KALDI_LOGMEL = LogMelConfig(
    window_samples=800,
    window="symmetric",
    n_mels=128,
    f_min_hz=0.0,
    f_max_hz=15_000.0,
    mel_scale="kaldi",
    pre_emphasis=0.97,
    log="ln",
    log_floor=1e-5,
    shift=4.5,
    scale=0.2,
)


TOTAL_STRIDE = 32  # of time and of frequency, from the log-mel to the last map


@dataclass(frozen=True)
class MobileNetConfig:
    """Settings of a MobileNetV3 (large) over a log-mel.

    Attributes:
        frontend: The log-mel.
        width: Multiplies every number of channels.
        n_classes: Number of classes.
        dropout: Dropout before the classifier, in training.
    """

    frontend: LogMelConfig = KALDI_LOGMEL
    width: float = 1.0
    n_classes: int = 527
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if self.width <= 0:
            raise ValueError(f"width={self.width} must be positive")

    @property
    def embedding_dim(self) -> int:
        """Channels of the last convolution, averaged over time and frequency."""
        return 6 * round_channels(160 * self.width)

    @property
    def min_input_samples(self) -> int:
        """32 frames, one column of the last map.

        The convolutions accept fewer, but then see little but their own padding: mn04_as heard a beep of 0.1 s as
        "Fill (with liquid)" at 1.00 and, padded to this, as "Beep, bleep".
        """
        return self.frontend.samples_for(TOTAL_STRIDE)

    @property
    def frame_hop_s(self) -> None:
        """No frame scores: the network averages over time before it classifies."""
        return None

    def n_frames(self, n_samples: int) -> int:
        """Always 0: no frame scores."""
        return 0 * n_samples


def round_channels(channels: float) -> int:
    """The nearest multiple of 8, not below 90 % of `channels` (Sandler et al. 2018, arXiv:1801.04381).

    Example:
        >>> round_channels(16 * 0.4), round_channels(24 * 0.4), round_channels(40 * 0.4)
        (8, 16, 16)
    """
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def _register(
    name: str, width: float, mean_ap: float, *, n_bytes: int | None = None, sha256: str | None = None
) -> None:
    file = f"{name}_mAP_{round(mean_ap * 1000)}.pt"
    register(
        ModelEntry(
            name=name,
            family="efficientat",
            config=MobileNetConfig(width=width),
            network="panns.networks.efficientat:MobileNet",
            converter="panns.networks.efficientat:from_published",
            weights=Weights(
                url=f"https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/{file}",
                file=file,
                licence="MIT",
                source="fschmid56/EfficientAT, release v0.0.1 (Schmid et al. 2022, arXiv:2211.04772)",
                n_bytes=n_bytes,
                sha256=sha256,
                metric="mAP",
                value=mean_ap,
            ),
            about=f"MobileNetV3, {width:g} times the standard width",
        )
    )


_register(
    "mn04_as",
    0.4,
    0.432,
    n_bytes=4_066_513,
    sha256="899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
)
_register("mn05_as", 0.5, 0.443)
_register("mn10_as", 1.0, 0.471)
_register("mn20_as", 2.0, 0.478)
_register("mn30_as", 3.0, 0.482)
_register("mn40_as", 4.0, 0.484)
