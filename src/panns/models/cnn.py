"""CNN6, CNN10, CNN14 over a log-mel, and their published variants. Kong et al. 2020, arXiv:1912.10211."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.registry import ModelEntry, register
from panns.models.weights import Weights
from panns.models.zenodo import zenodo_weights


@dataclass(frozen=True)
class CnnConfig(BaseConfig):
    """Settings of a CNN over a log-mel.

    Attributes:
        frontend: The log-mel.
        channels: Width of each block.
        kernel_sizes: Kernel size of each convolution of a block.
        n_poolings: Number of blocks, from the first, that halve time and frequency.
        hidden_dim: Width of the layer before the classifier, which is the embedding of a clip head.
        n_classes: Number of classes.
        head: "clip" pools over time, then classifies, and has an embedding. The decision-level heads classify every
            frame (`2 ** n_poolings` log-mel frames wide), then take the maximum ("max"), the mean ("average") or the
            attention-weighted mean ("attention") over time; they have frame scores but no embedding.
        block_dropout: Dropout after each block, in training.
        head_dropout: Dropout around the last hidden layer, in training.
    """

    frontend: LogMelConfig = LogMelConfig()
    channels: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048)
    kernel_sizes: tuple[int, ...] = (3, 3)
    n_poolings: int = 5
    hidden_dim: int = 2048
    n_classes: int = 527
    head: Literal["clip", "max", "average", "attention"] = "clip"
    block_dropout: float = 0.2
    head_dropout: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.n_poolings <= len(self.channels):
            raise ValueError(
                f"n_poolings={self.n_poolings} must be 0 to {len(self.channels)}, at most one for each block"
            )
        if self.frontend.n_mels >> self.n_poolings < 1:
            raise ValueError(f"n_mels={self.frontend.n_mels} cannot be halved {self.n_poolings} times; use more bands")
        if any(size % 2 == 0 for size in self.kernel_sizes):
            raise ValueError(f"kernel_sizes={self.kernel_sizes} must be odd, so that a convolution keeps the size")

    @property
    def min_input_samples(self) -> int:
        """Length of one frame after the last pooling."""
        return self.frontend.samples_for(2**self.n_poolings)

    @property
    def embedding_dim(self) -> int | None:
        """Width of the hidden layer; None for decision-level heads, whose hidden layer is per frame."""
        return self.hidden_dim if self.head == "clip" else None

    @property
    def frame_hop_s(self) -> float | None:
        """Hop of the last map, 0.32 s for the published decision-level models; None for a clip head."""
        return None if self.head == "clip" else self.frontend.hop_s * 2**self.n_poolings

    def n_frames(self, n_samples: int) -> int:
        """Number of score frames; poolings drop an incomplete last frame."""
        return self.frontend.n_frames(max(n_samples, self.min_input_samples)) >> self.n_poolings


def _register(name: str, config: CnnConfig, about: str, weights: Weights | None = None) -> None:
    register(
        ModelEntry(
            name=name,
            family="cnn",
            config=config,
            network="panns.networks.cnn:Cnn",
            converter="panns.published.cnn:from_published",
            weights=weights,
            about=about,
        )
    )


_CNN14 = CnnConfig()
_CNN10 = replace(_CNN14, channels=(64, 128, 256, 512), n_poolings=4, hidden_dim=512)
_CNN6 = replace(_CNN10, kernel_sizes=(5,))
_IN_PUBLIC_CODE = "from public code that took it from the Zenodo record"
_IN_SCRIPTS = "repeated by several public download scripts"
_IN_ONE_SCRIPT = "from one public download script that says it matched Zenodo"
_OLDER_RECORD = "file name from the older Zenodo record 3960586"
_UNCONFIRMED = "sha256 from one public registry, unconfirmed; the server has offered another length"

_register(
    "cnn6",
    _CNN6,
    "4 convolution layers of 5x5",
    zenodo_weights("Cnn6_mAP=0.343.pth", 0.343, md5="e25e26b84585b14c7754c91e48efc9be", note=_IN_PUBLIC_CODE),
)
_register(
    "cnn10",
    _CNN10,
    "8 convolution layers of 3x3",
    zenodo_weights("Cnn10_mAP=0.380.pth", 0.380, md5="bfb1f1f9968938fa8ef4012b8471f5f6", note=_IN_PUBLIC_CODE),
)
_register(
    "cnn14",
    _CNN14,
    "12 convolution layers of 3x3",
    zenodo_weights(
        "Cnn14_mAP=0.431.pth",
        0.431,
        n_bytes=327_428_481,
        sha256="0dc499e40e9761ef5ea061ffc77697697f277f6a960894903df3ada000e34b31",
        md5="541141fa2ee191a88f24a3219fff024e",
        note=_IN_SCRIPTS,
    ),
)
_register(
    "cnn14_16k",
    replace(
        _CNN14,
        frontend=LogMelConfig(sample_rate=16_000, n_fft=512, window_samples=512, hop_samples=160, f_max_hz=8_000.0),
    ),
    "CNN14 for sound at 16 kHz",
    zenodo_weights(
        "Cnn14_16k_mAP=0.438.pth",
        0.438,
        sha256="e2ee543a27919542c2ea03eabaa70b24dcd4e6c8e05621de6b67a94e4c5058e6",
        md5="362fc5ff18f1d6ad2f6d464b45893f2c",
        note=_IN_ONE_SCRIPT,
    ),
)
_register(
    "cnn14_8k",
    replace(
        _CNN14,
        frontend=LogMelConfig(sample_rate=8_000, n_fft=256, window_samples=256, hop_samples=80, f_max_hz=4_000.0),
    ),
    "CNN14 for sound at 8 kHz",
    zenodo_weights("Cnn14_8k_mAP=0.416.pth", 0.416),
)
_register("cnn14_mel32", replace(_CNN14, frontend=LogMelConfig(n_mels=32)), "CNN14 on 32 mel bands")
_register("cnn14_mel128", replace(_CNN14, frontend=LogMelConfig(n_mels=128)), "CNN14 on 128 mel bands")
_register(
    "cnn14_emb32",
    replace(_CNN14, hidden_dim=32),
    "CNN14 with 32 embedding dimensions",
    zenodo_weights("Cnn14_emb32_mAP=0.364.pth", 0.364, note=_OLDER_RECORD),
)
_register(
    "cnn14_emb128",
    replace(_CNN14, hidden_dim=128),
    "CNN14 with 128 embedding dimensions",
    zenodo_weights("CNN14_emb128_mAP=0.412.pth", 0.412, note=_OLDER_RECORD),
)
_register(
    "cnn14_emb512",
    replace(_CNN14, hidden_dim=512),
    "CNN14 with 512 embedding dimensions",
    zenodo_weights("Cnn14_emb512_mAP=0.420.pth", 0.420, note=_OLDER_RECORD),
)
# The next three compute the function of CNN14, and differ in their training.
_register("cnn14_no_specaug", _CNN14, "CNN14 trained without SpecAugment")
_register("cnn14_no_dropout", replace(_CNN14, block_dropout=0.0, head_dropout=0.0), "CNN14 trained without dropout")
_register("cnn14_mixup_time_domain", _CNN14, "CNN14 trained with mixup of waveforms")
_register(
    "cnn14_decision_level_max",
    replace(_CNN14, head="max"),
    "frame scores every 0.32 s, their maximum for the clip",
    zenodo_weights(
        "Cnn14_DecisionLevelMax_mAP=0.385.pth",
        0.385,
        n_bytes=327_428_481,
        sha256="dd3b4043a87d4ec13df8082c0fcfee3fb5084151808e47e060987a95eabdd142",
        note=_UNCONFIRMED,
    ),
)
_register(
    "cnn14_decision_level_avg", replace(_CNN14, head="average"), "frame scores every 0.32 s, their mean for the clip"
)
_register(
    "cnn14_decision_level_att",
    replace(_CNN14, head="attention"),
    "frame scores every 0.32 s, weighted by attention for the clip",
    zenodo_weights(
        "Cnn14_DecisionLevelAtt_mAP=0.425.pth", 0.425, md5="c8281ca2b9967244b91d557aa941e8ca", note=_IN_PUBLIC_CODE
    ),
)
