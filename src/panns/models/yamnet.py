"""YAMNet: MobileNetV1 over overlapping patches of a log-mel, by Google.

tensorflow/models, research/audioset/yamnet; the backbone is Howard et al. 2017, arXiv:1704.04861, table 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.registry import ModelEntry, register
from panns.models.weights import Weights

TOTAL_STRIDE = 32  # reduction of time and frequency from a patch to the last map
YAMNET_LOGMEL = LogMelConfig(
    sample_rate=16_000,
    n_fft=512,
    window_samples=400,
    hop_samples=160,
    alignment="whole",
    fill=(96, 48),
    spectrum="magnitude",
    f_min_hz=125.0,
    f_max_hz=7_500.0,
    mel_scale="kaldi",
    log="ln",
    log_floor=1e-3,
)


@dataclass(frozen=True)
class YamnetConfig(BaseConfig):
    """Settings of a MobileNetV1 that scores patches of a log-mel.

    Attributes:
        frontend: The log-mel. Its `fill` is the length of a patch and the step to the next one, in frames.
        width: Factor of every number of channels.
        n_classes: Number of classes.
    """

    frontend: LogMelConfig = YAMNET_LOGMEL
    width: float = 1.0
    n_classes: int = 521

    def __post_init__(self) -> None:
        if self.width <= 0:
            raise ValueError(f"width={self.width} must be positive")
        if self.frontend.fill is None:
            raise ValueError("frontend.fill=None must be the length of a patch and the step to the next one, in frames")
        if self.patch_frames % TOTAL_STRIDE or self.frontend.n_mels % TOTAL_STRIDE:
            raise ValueError(
                f"patches of {self.patch_frames} frames and n_mels={self.frontend.n_mels} must be multiples of "
                f"{TOTAL_STRIDE}, the stride of the network"
            )

    @property
    def patch_frames(self) -> int:
        """Log-mel frames of a patch."""
        assert self.frontend.fill is not None, "checked in __post_init__"
        return self.frontend.fill[0]

    @property
    def patch_step(self) -> int:
        """Log-mel frames from one patch to the next."""
        assert self.frontend.fill is not None, "checked in __post_init__"
        return self.frontend.fill[1]

    @property
    def min_input_samples(self) -> int:
        """Length of one patch, 0.975 s."""
        return self.frontend.filled(1)

    @property
    def embedding_dim(self) -> int:
        """Channels of the last map, averaged over time and frequency."""
        return channels(1024, self.width)

    @property
    def frame_hop_s(self) -> float:
        """Step between patches, 0.48 s; each patch is a score frame."""
        return self.patch_step * self.frontend.hop_s

    @property
    def frame_context_s(self) -> float:
        """Length of a patch, 0.975 s."""
        return self.min_input_samples / self.frontend.sample_rate

    def n_frames(self, n_samples: int) -> int:
        """Number of patches; zeros fill the last one."""
        return 1 + (self.frontend.n_frames(n_samples) - self.patch_frames) // self.patch_step


def channels(base: int, width: float) -> int:
    """Channels of a layer at a width, at least 8."""
    return max(8, round(base * width))


register(
    ModelEntry(
        name="yamnet",
        family="yamnet",
        config=YamnetConfig(),
        network="panns.networks.yamnet:Yamnet",
        converter="panns.published.yamnet:from_published",
        weights=Weights(
            url="https://storage.googleapis.com/audioset/yamnet.h5",
            file="yamnet.h5",
            licence="Apache-2.0",
            source="tensorflow/models, research/audioset/yamnet",
            metric="mAP",
            value=0.306,
            protocol="AudioSet evaluation set, 521 classes, as published",
        ),
        about="MobileNetV1 on patches of 0.96 s, a score frame every 0.48 s; 521 classes",
        labels="audioset_yamnet",
    )
)
