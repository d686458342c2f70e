"""Frame-wise MobileNets (frame_mn): EfficientAT's MobileNetV3 with a score frame every 40 ms.

Trained on AudioSet-Strong: Schmid et al. 2024, arXiv:2409.09546; Morocutti et al. 2025, arXiv:2503.11373.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
class SequenceConfig:
    """Settings of a network over the frames of another one.

    Attributes:
        kind: "transformer" for attention with rotary positions, "gru" for recurrent layers, "hybrid" for the mean of
            attention and of minimal recurrent layers; all see the frames before and after.
        dim: Width; the two directions of "gru" have this width each. A multiple of `n_heads`, and for "transformer" of
            `2 * n_heads`.
        n_heads: Number of heads of each attention; without effect for "gru".
        depth: Number of layers.
        mlp_ratio: Hidden width of each block's two-layer network, in multiples of `dim`; without effect for "gru".
        dropout: Dropout of the output of each branch, or between the layers of "gru", in training.
        drop_path: Probability that a clip skips a branch of a block, in training.
    """

    kind: Literal["transformer", "gru", "hybrid"]
    dim: int
    n_heads: int = 8
    depth: int = 2
    mlp_ratio: int = 4
    dropout: float = 0.0
    drop_path: float = 0.0

    def __post_init__(self) -> None:
        for name in ("dim", "n_heads", "depth", "mlp_ratio"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        unit = {"transformer": 2 * self.n_heads, "gru": 1, "hybrid": self.n_heads}[self.kind]
        if self.dim % unit:
            raise ValueError(
                f"dim={self.dim} of {self.kind!r} with n_heads={self.n_heads} must be a multiple of {unit}"
            )
        for name in ("dropout", "drop_path"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 0 and below 1")

    @property
    def n_out(self) -> int:
        """Length of the vector of a frame behind the network."""
        return 2 * self.dim if self.kind == "gru" else self.dim


@dataclass(frozen=True)
class FrameMobileNetConfig(BaseConfig):
    """Settings of a frame-wise MobileNetV3 (large).

    Attributes:
        frontend: The log-mel.
        width: Multiplies every number of channels.
        sequence: Network between the frames and the classifier; None for none.
        n_classes: Number of classes.
        dropout: Dropout before the classifier, in training.
    """

    frontend: LogMelConfig = KALDI_LOGMEL_16K
    width: float = 1.0
    sequence: SequenceConfig | None = None
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
        return self.n_channels if self.sequence is None else self.sequence.n_out

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


def _register(width: float, psds: float, sequence: SequenceConfig | None = None, *, training: str = "") -> None:
    """Register a published file, which is named by its width, sequence model and training."""
    number = f"{round(10 * width):02}"
    name, file = f"frame_mn{number}", f"fmn{number}"
    about = f"MobileNetV3, {width:g} times the standard width, a score frame every 40 ms"
    if sequence is not None:
        short, words = _KINDS[sequence.kind]
        name, file = f"{name}_{short}_{sequence.dim}", f"{file}+{short}-{sequence.dim}"
        about = f"{about}, {words} of width {sequence.dim} over the frames"
    if training:
        name, about = f"{name}_kd", f"{about}, by the advanced distillation of its authors"
    file = f"{file}_{training or 'strong'}.pt"
    register(
        ModelEntry(
            name=name,
            family="frame_mobilenet",
            config=FrameMobileNetConfig(width=width, sequence=sequence),
            network="panns.networks.frame_mobilenet:FrameMobileNet",
            converter="panns.published.frame_mobilenet:from_published",
            weights=Weights(
                url=f"https://github.com/theMoro/EfficientSED/releases/download/v0.0.1/{file}",
                file=file,
                licence="MIT",
                source="theMoro/EfficientSED, release v0.0.1 (Morocutti et al. 2025, arXiv:2503.11373)",
                metric="PSDS1",
                value=psds,
                protocol="AudioSet-Strong evaluation set, 407 classes, mean of several trainings, as published",
            ),
            about=f"{about}; 447 classes",
            labels="audioset_strong",
        )
    )


_KINDS = {"transformer": ("tf", "a transformer"), "gru": ("gru", "recurrent layers"), "hybrid": ("hybrid", "a hybrid")}

_register(0.4, 0.3952)
_register(0.6, 0.4075)
_register(1.0, 0.4228)
_register(2.0, 0.4386)
_register(3.0, 0.4424)
# The original code refuses the file of "hybrid" with width 0.4 and dim 104, whose number of heads is not known.
_register(0.4, 0.4010, SequenceConfig("transformer", 104, n_heads=4))
_register(0.4, 0.4081, SequenceConfig("gru", 104))
_register(0.6, 0.4178, SequenceConfig("transformer", 160))
_register(0.6, 0.4254, SequenceConfig("hybrid", 160))
_register(0.6, 0.4037, SequenceConfig("gru", 160))
_register(1.0, 0.4275, SequenceConfig("transformer", 128))
_register(1.0, 0.4386, SequenceConfig("transformer", 256))
_register(1.0, 0.4525, SequenceConfig("transformer", 256), training="advanced-kd-weak-strong")
_register(1.0, 0.4411, SequenceConfig("transformer", 512))
_register(1.0, 0.4455, SequenceConfig("transformer", 1024))
_register(1.0, 0.4345, SequenceConfig("hybrid", 128))
_register(1.0, 0.4405, SequenceConfig("hybrid", 256))
_register(1.0, 0.4432, SequenceConfig("hybrid", 512))
_register(1.0, 0.4448, SequenceConfig("hybrid", 1024))
_register(1.0, 0.4313, SequenceConfig("gru", 128))
_register(1.0, 0.4353, SequenceConfig("gru", 256))
_register(1.0, 0.4396, SequenceConfig("gru", 512))
_register(1.0, 0.4450, SequenceConfig("gru", 1024))
_register(2.0, 0.4513, SequenceConfig("transformer", 512))
_register(2.0, 0.4544, SequenceConfig("hybrid", 512))
_register(2.0, 0.4494, SequenceConfig("gru", 512))
_register(3.0, 0.4564, SequenceConfig("transformer", 768))
_register(3.0, 0.4567, SequenceConfig("hybrid", 768))
_register(3.0, 0.4577, SequenceConfig("gru", 768))
