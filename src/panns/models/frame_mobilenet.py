"""Frame-wise MobileNets (frame_mn): EfficientAT's MobileNetV3 with a score frame every 40 ms.

Trained on AudioSet-Strong: Schmid et al. 2024, arXiv:2409.09546; Morocutti et al. 2025, arXiv:2503.11373.
"""

from __future__ import annotations

from dataclasses import dataclass

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.efficientat import round_channels
from panns.models.registry import ModelEntry, register
from panns.models.weights import Weights

KALDI_LOGMEL_16K = LogMelConfig(
    sample_rate=16_000,
    n_fft=512,
    window_samples=400,
    window="symmetric",
    hop_samples=160,
    n_mels=128,
    f_min_hz=0.0,
    f_max_hz=7_000.0,  # half the sample rate less half of the 2,000 Hz by which training varies the edge
    mel_scale="kaldi",
    pre_emphasis=0.97,
    log="ln_max",
    log_floor=1e-7,
    shift=4.5,
    scale=0.2,
)
TIME_STRIDE = 4  # log-mel frames in a score frame
MIN_FRAMES = 32  # log-mel frames, 0.32 s, as for mn04_as; convolutions over a shorter sound see little but padding
MAX_S = 10  # length of the pieces in training


@dataclass(frozen=True)
class FrameMobileNetConfig(BaseConfig):
    """Settings of a frame-wise MobileNetV3 (large).

    Attributes:
        frontend: The log-mel.
        width: Multiplies every number of channels.
        n_classes: Number of classes.
        dropout: Dropout before the classifier, in training.
    """

    frontend: LogMelConfig = KALDI_LOGMEL_16K
    width: float = 1.0
    n_classes: int = 447
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.width <= 0:
            raise ValueError(f"width={self.width} must be positive")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout={self.dropout} must be at least 0 and below 1")

    @property
    def n_channels(self) -> int:
        """Channels of the last convolution."""
        return 6 * round_channels(160 * self.width)

    @property
    def embedding_dim(self) -> int:
        """Length of the vector of a score frame; their mean is the embedding."""
        return self.n_channels

    @property
    def min_input_samples(self) -> int:
        """32 log-mel frames, 0.32 s."""
        return self.frontend.samples_for(MIN_FRAMES)

    @property
    def max_input_samples(self) -> int:
        """10 s, as in training: the network averages over the whole input, so that a longer one gives other scores."""
        return MAX_S * self.frontend.sample_rate

    @property
    def frame_hop_s(self) -> float:
        """Four log-mel frames, 0.04 s."""
        return TIME_STRIDE * self.frontend.hop_s

    def n_frames(self, n_samples: int) -> int:
        """Number of score frames; the last one may cover fewer log-mel frames than the others."""
        return -(-self.frontend.n_frames(max(n_samples, self.min_input_samples)) // TIME_STRIDE)


def _register(width: float, psds: float) -> None:
    number = f"{round(10 * width):02}"
    register(
        ModelEntry(
            name=f"frame_mn{number}",
            family="frame_mobilenet",
            config=FrameMobileNetConfig(width=width),
            network="panns.networks.frame_mobilenet:FrameMobileNet",
            converter="panns.published.frame_mobilenet:from_published",
            weights=Weights(
                url=f"https://github.com/theMoro/EfficientSED/releases/download/v0.0.1/fmn{number}_strong.pt",
                file=f"fmn{number}_strong.pt",
                licence="MIT",
                source="theMoro/EfficientSED, release v0.0.1 (Morocutti et al. 2025, arXiv:2503.11373)",
                metric="PSDS1",
                value=psds,
                protocol="AudioSet-Strong evaluation set, 407 classes, mean of several trainings, as published",
            ),
            about=f"MobileNetV3, {width:g} times the standard width, a score frame every 40 ms; 447 classes",
            labels="audioset_strong",
        )
    )


_register(0.4, 0.3952)
_register(0.6, 0.4075)
_register(1.0, 0.4228)
_register(2.0, 0.4386)
_register(3.0, 0.4424)
