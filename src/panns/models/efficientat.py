"""EfficientAT: MobileNetV3 over a Kaldi log-mel, distilled from transformers.

Schmid et al. 2022, arXiv:2211.04772; the backbone is Howard et al. 2019, arXiv:1905.02244, table 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
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

TOTAL_STRIDE = 32  # reduction of time and frequency from the log-mel to the last map


@dataclass(frozen=True)
class MobileNetConfig(BaseConfig):
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
    def n_bands(self) -> int:
        """Frequency bands of the last map."""
        return -(-self.frontend.n_mels // TOTAL_STRIDE)

    @property
    def min_input_samples(self) -> int:
        """32 log-mel frames, one column of the last map.

        The convolutions accept fewer, but then see little but their own padding: mn04_as classified a beep of 0.1 s as
        "Fill (with liquid)" at 1.00, and as "Beep, bleep" with this padding.
        """
        return self.frontend.samples_for(TOTAL_STRIDE)


def round_channels(channels: float) -> int:
    """Nearest multiple of 8 that is at least 90 % of `channels` (Sandler et al. 2018, arXiv:1801.04381).

    Examples:
        >>> round_channels(16 * 0.4), round_channels(24 * 0.4), round_channels(40 * 0.4)
        (8, 16, 16)
    """
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def efficientat_weights(
    file: str,
    mean_ap: float,
    *,
    paper: str,
    n_bytes: int | None = None,
    sha256: str | None = None,
    note: str | None = None,
) -> Weights:
    """Record of one release file of EfficientAT."""
    return Weights(
        url=f"https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/{file}",
        file=file,
        licence="MIT",
        source=f"fschmid56/EfficientAT, release v0.0.1 ({paper})",
        n_bytes=n_bytes,
        sha256=sha256,
        metric="mAP",
        value=mean_ap,
        note=note,
    )


def _register(
    name: str,
    config: MobileNetConfig,
    mean_ap: float,
    about: str | None = None,
    *,
    n_bytes: int | None = None,
    sha256: str | None = None,
) -> None:
    register(
        ModelEntry(
            name=name,
            family="efficientat",
            config=config,
            network="panns.networks.efficientat:MobileNet",
            converter="panns.published.efficientat:from_published",
            weights=efficientat_weights(
                f"{name}_mAP_{round(mean_ap * 1000)}.pt",
                mean_ap,
                paper="Schmid et al. 2022, arXiv:2211.04772",
                n_bytes=n_bytes,
                sha256=sha256,
            ),
            about=about or f"MobileNetV3, {config.width:g} times the standard width",
        )
    )


_register("mn01_as", MobileNetConfig(width=0.1), 0.298)
_register("mn02_as", MobileNetConfig(width=0.2), 0.378)
_register(
    "mn04_as",
    MobileNetConfig(width=0.4),
    0.432,
    n_bytes=4_066_513,
    sha256="899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
)
_register("mn05_as", MobileNetConfig(width=0.5), 0.443)
_MN10 = MobileNetConfig()
_register("mn10_as", _MN10, 0.471)
_register("mn20_as", MobileNetConfig(width=2.0), 0.478)
_register("mn30_as", MobileNetConfig(width=3.0), 0.482)
_MN40 = MobileNetConfig(width=4.0)
_register("mn40_as", _MN40, 0.484)
# The next two compute the function of mn40_as, and differ in their training.
_register("mn40_as_ext", _MN40, 0.487, "mn40_as trained longer, for 300 epochs")
_register("mn40_as_no_im_pre", _MN40, 0.483, "mn40_as not trained on images first")
for _hop_ms, _mean_ap in ((5, 0.475), (15, 0.463), (20, 0.456), (25, 0.447)):
    _register(
        f"mn10_as_hop_{_hop_ms}",
        replace(_MN10, frontend=replace(KALDI_LOGMEL, hop_samples=32 * _hop_ms)),
        _mean_ap,
        f"mn10_as on a log-mel frame every {_hop_ms} ms",
    )
for _n_mels, _mean_ap in ((40, 0.453), (64, 0.461), (256, 0.474)):
    _register(
        f"mn10_as_mels_{_n_mels}",
        replace(_MN10, frontend=replace(KALDI_LOGMEL, n_mels=_n_mels)),
        _mean_ap,
        f"mn10_as on {_n_mels} mel bands",
    )
