"""LeeNet, DaiNet and Res1dNet: convolutions over the waveform. Kong et al. 2020, arXiv:1912.10211.

LeeNet after Lee et al. 2017, arXiv:1703.01789; DaiNet after Dai et al. 2017, arXiv:1610.00087.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from panns.frontend import WaveformConfig
from panns.models.base import BaseConfig, ModelConfig
from panns.models.registry import ModelEntry, register
from panns.models.weights import Weights
from panns.models.zenodo import zenodo_weights

# Kernel size and stride of the first convolution, in samples.
DAI_KERNEL, DAI_STRIDE = 80, 4
RES1D_KERNEL, RES1D_STRIDE = 11, 5
QUARTER = 4  # factor of every reduction of time in DaiNet and Res1dNet


@dataclass(frozen=True)
class LeeNetConfig(BaseConfig):
    """Settings of blocks of plain convolutions that divide time by three.

    Attributes:
        frontend: The sample rate.
        widths: Channels of each block.
        n_convs: Number of convolutions of a block.
        n_poolings: Number of blocks, from the second on, that end in a maximum over three steps.
        hidden_dim: Length of the embedding.
        n_classes: Number of classes.
        block_dropout: Dropout after each block, in training.
        head_dropout: Dropout before the hidden layer, in training.
    """

    frontend: WaveformConfig = WaveformConfig()
    widths: tuple[int, ...] = (64, 64, 64, 128, 128, 128, 128, 128, 256)
    n_convs: int = 1
    n_poolings: int = 8
    hidden_dim: int = 512
    n_classes: int = 527
    block_dropout: float = 0.0
    head_dropout: float = 0.5

    def __post_init__(self) -> None:
        _check_positive("widths", self.widths)
        _check_positive("n_convs", (self.n_convs,))
        if not 0 <= self.n_poolings < len(self.widths):
            raise ValueError(
                f"n_poolings={self.n_poolings} must be 0 to {len(self.widths) - 1}, one for each block but the first"
            )

    @property
    def min_input_samples(self) -> int:
        """One sample, because convolutions and maxima are padded."""
        return self.frontend.min_samples

    @property
    def embedding_dim(self) -> int:
        """Width of the hidden layer."""
        return self.hidden_dim


@dataclass(frozen=True)
class DaiNetConfig(BaseConfig):
    """Settings of a long first convolution and residual blocks of four short ones; between blocks time is quartered.

    Attributes:
        frontend: The sample rate.
        stem_width: Channels of the first convolution.
        widths: Channels of each block.
        hidden_dim: Length of the embedding.
        n_classes: Number of classes.
        head_dropout: Dropout before the hidden layer, in training.
    """

    frontend: WaveformConfig = WaveformConfig()
    stem_width: int = 64
    widths: tuple[int, ...] = (64, 128, 256, 512)
    hidden_dim: int = 512
    n_classes: int = 527
    head_dropout: float = 0.5

    def __post_init__(self) -> None:
        _check_positive("widths", self.widths)
        _check_positive("stem_width", (self.stem_width,))

    @property
    def min_input_samples(self) -> int:
        """Length of one frame of the last block."""
        n_steps: int = QUARTER ** (len(self.widths) - 1)
        return (n_steps - 1) * DAI_STRIDE + DAI_KERNEL

    @property
    def embedding_dim(self) -> int:
        """Width of the hidden layer."""
        return self.hidden_dim


@dataclass(frozen=True)
class Res1dNetConfig(BaseConfig):
    """Settings of a first convolution and stages of residual blocks; every stage but the first quarters time.

    Attributes:
        frontend: The sample rate.
        stem_width: Channels of the first convolution.
        widths: Channels of each stage.
        depths: Number of residual blocks of each stage.
        hidden_dim: Length of the embedding.
        n_classes: Number of classes.
        block_dropout: Dropout inside each residual block, in training.
        head_dropout: Dropout before the hidden layer, in training.
    """

    frontend: WaveformConfig = WaveformConfig()
    stem_width: int = 64
    widths: tuple[int, ...] = (64, 128, 256, 512, 1024, 1024, 2048)
    depths: tuple[int, ...] = (2, 2, 2, 2, 2, 2, 2)
    hidden_dim: int = 2048
    n_classes: int = 527
    block_dropout: float = 0.1
    head_dropout: float = 0.5

    def __post_init__(self) -> None:
        _check_positive("widths", self.widths)
        _check_positive("depths", self.depths)
        _check_positive("stem_width", (self.stem_width,))
        if len(self.widths) != len(self.depths):
            raise ValueError(
                f"widths={self.widths} and depths={self.depths} must have equal lengths, one value for each stage"
            )

    @property
    def min_input_samples(self) -> int:
        """Length of one frame of the last stage; the last step of the first convolution needs one sample."""
        n_steps: int = QUARTER ** (len(self.widths) - 1)
        return (n_steps - 1) * RES1D_STRIDE + 1

    @property
    def embedding_dim(self) -> int:
        """Width of the hidden layer."""
        return self.hidden_dim


def _check_positive(name: str, values: tuple[int, ...]) -> None:
    if not values or min(values) < 1:
        raise ValueError(f"{name}={values} must be one or more whole numbers, at least 1 each")


def _register(
    name: str, config: ModelConfig, kind: Literal["LeeNet", "DaiNet", "Res1dNet"], about: str, weights: Weights
) -> None:
    register(
        ModelEntry(
            name=name,
            family="wave1d",
            config=config,
            network=f"panns.networks.wave1d:{kind}",
            converter=f"panns.published.wave1d:{kind.lower()}_from_published",
            weights=weights,
            about=about,
        )
    )


_OLDER_RECORD = "file name from the older Zenodo record 3960586"

_register(
    "leenet11",
    LeeNetConfig(),
    "LeeNet",
    "9 convolutions over the waveform",
    zenodo_weights("LeeNet11_mAP=0.266.pth", 0.266, note=_OLDER_RECORD),
)
_register(
    "leenet24",
    LeeNetConfig(
        widths=(64, 96, 128, 128, 256, 256, 512, 512, 1024), n_convs=2, n_poolings=7, hidden_dim=1024, block_dropout=0.1
    ),
    "LeeNet",
    "18 convolutions over the waveform",
    zenodo_weights("LeeNet24_mAP=0.336.pth", 0.336, note=_OLDER_RECORD),
)
_register(
    "dainet19",
    DaiNetConfig(),
    "DaiNet",
    "4 residual blocks of four convolutions over the waveform",
    zenodo_weights("DaiNet19_mAP=0.295.pth", 0.295, note=_OLDER_RECORD),
)
_register(
    "res1dnet31",
    Res1dNetConfig(),
    "Res1dNet",
    "14 residual blocks of two convolutions over the waveform",
    zenodo_weights("Res1dNet31_mAP=0.365.pth", 0.365, note=_OLDER_RECORD),
)
_register(
    "res1dnet51",
    replace(Res1dNetConfig(), depths=(2, 3, 4, 6, 4, 3, 2)),
    "Res1dNet",
    "24 residual blocks of two convolutions over the waveform",
    zenodo_weights("Res1dNet51_mAP=0.355.pth", 0.355, note=_OLDER_RECORD),
)
