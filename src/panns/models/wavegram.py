"""Wavegram-CNN14: a learned time-frequency map instead of a log-mel, or beside one.

Kong et al. 2020, arXiv:1912.10211.
"""

from __future__ import annotations

from dataclasses import dataclass

from panns.frontend import LogMelConfig, WaveformAndLogMelConfig, WaveformConfig
from panns.models.base import BaseConfig
from panns.models.registry import ModelEntry, register
from panns.models.weights import Weights
from panns.models.zenodo import zenodo_weights

STEM_STRIDE = 5  # stride of the first convolution, in samples
BLOCK_STRIDE = 4  # reduction of time by each block of one-dimensional convolutions
MAP_STRIDE = 2  # reduction of time by the block of the map, and of the log-mel beside it


@dataclass(frozen=True)
class WavegramConfig(BaseConfig):
    """Settings of a wavegram and the CNN over it.

    Attributes:
        frontend: The waveform, or the waveform and a log-mel beside the wavegram.
        wave_widths: Channels of the first convolution over the waveform and of each block after it.
        n_rows: Number of rows of the map, made from the channels of the last block; with a log-mel, half of its bands.
        channels: Channels of the map, and of the log-mel, then of each block after it.
        hidden_dim: Length of the embedding.
        n_classes: Number of classes.
        block_dropout: Dropout after each block of the CNN, in training.
        head_dropout: Dropout before the hidden layer, in training.
    """

    frontend: WaveformConfig | WaveformAndLogMelConfig = WaveformConfig()
    wave_widths: tuple[int, ...] = (64, 64, 128, 128)
    n_rows: int = 32
    channels: tuple[int, ...] = (64, 128, 256, 512, 1024, 2048)
    hidden_dim: int = 2048
    n_classes: int = 527
    block_dropout: float = 0.2
    head_dropout: float = 0.5

    def __post_init__(self) -> None:
        if len(self.wave_widths) < 2 or len(self.channels) < 2:
            raise ValueError(
                f"wave_widths={self.wave_widths} and channels={self.channels} must have at least two values each"
            )
        if self.n_rows < 1 or self.wave_widths[-1] % self.n_rows:
            raise ValueError(
                f"wave_widths end in {self.wave_widths[-1]}, which must be a multiple of n_rows={self.n_rows}"
            )
        if self.n_rows >> self.n_poolings < 1:
            raise ValueError(f"n_rows={self.n_rows} cannot be halved {self.n_poolings} times; use more rows")
        log_mel = self.frontend.log_mel
        if log_mel is not None and log_mel.n_mels // MAP_STRIDE != self.n_rows:
            raise ValueError(
                f"n_mels={log_mel.n_mels} must be twice n_rows={self.n_rows}, so that the two maps have equal rows"
            )
        if log_mel is not None and log_mel.hop_samples * MAP_STRIDE != self.column_samples:
            raise ValueError(
                f"hop_samples={log_mel.hop_samples} must be {self.column_samples / MAP_STRIDE:g}, half a column of "
                f"a wavegram with {len(self.wave_widths)} wave_widths"
            )
        if log_mel is not None and log_mel.pre_emphasis is not None:
            raise ValueError(f"pre_emphasis={log_mel.pre_emphasis} would shift the log-mel by one sample; use None")

    @property
    def n_poolings(self) -> int:
        """Number of blocks that halve the map: all but the first and the last."""
        return len(self.channels) - 2

    @property
    def column_samples(self) -> int:
        """Samples between neighbouring columns of the wavegram."""
        n_steps: int = BLOCK_STRIDE ** (len(self.wave_widths) - 1) * MAP_STRIDE
        return STEM_STRIDE * n_steps

    @property
    def min_input_samples(self) -> int:
        """Length of one column after the last halving.

        The padded first convolution needs one sample for its last step.
        """
        n_columns = 1 << self.n_poolings
        n_samples = n_columns * self.column_samples - (STEM_STRIDE - 1)
        log_mel = self.frontend.log_mel
        return n_samples if log_mel is None else max(n_samples, log_mel.samples_for(MAP_STRIDE * n_columns))

    @property
    def embedding_dim(self) -> int:
        """Width of the hidden layer."""
        return self.hidden_dim


def _register(name: str, config: WavegramConfig, about: str, weights: Weights | None = None) -> None:
    converter = "from_published_alone" if config.frontend.log_mel is None else "from_published"
    register(
        ModelEntry(
            name=name,
            family="wavegram",
            config=config,
            network="panns.networks.wavegram:Wavegram",
            converter=f"panns.published.wavegram:{converter}",
            weights=weights,
            about=about,
        )
    )


_IN_PUBLIC_CODE = "md5 from public code that took it from the Zenodo record"

_register(
    "wavegram_cnn14",
    WavegramConfig(),
    "CNN14 over a map learned from the waveform",
    zenodo_weights("Wavegram_Cnn14_mAP=0.389.pth", 0.389, md5="1e3506ab640371e0b5a417b15fd66d21", note=_IN_PUBLIC_CODE),
)
_register(
    "wavegram_logmel_cnn14",
    WavegramConfig(frontend=WaveformAndLogMelConfig()),
    "CNN14 over a log-mel and a map learned from the waveform",
    zenodo_weights(
        "Wavegram_Logmel_Cnn14_mAP=0.439.pth", 0.439, md5="17fa9ab65af3c0eb5ffbc5f65552c4e1", note=_IN_PUBLIC_CODE
    ),
)
_register(
    "wavegram_logmel128_cnn14",
    WavegramConfig(
        frontend=WaveformAndLogMelConfig(LogMelConfig(n_mels=128)), wave_widths=(64, 64, 128, 256), n_rows=64
    ),
    "CNN14 on a learned wavegram beside a log-mel of 128 bands",
)
