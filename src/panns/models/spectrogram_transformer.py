"""The Audio Spectrogram Transformer (AST). Gong et al. 2021, arXiv:2104.01778."""

from __future__ import annotations

from dataclasses import dataclass, replace

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.patches import PatchGrid
from panns.models.registry import ModelEntry, register
from panns.models.weights import Weights

# Kaldi's filter bank; the last two numbers bring AudioSet to a mean of 0 and a standard deviation of 0.5.
KALDI_LOGMEL = LogMelConfig(
    sample_rate=16_000,
    n_fft=512,
    window_samples=400,
    window="symmetric",
    hop_samples=160,
    alignment="whole",
    n_mels=128,
    f_min_hz=20.0,
    f_max_hz=8_000.0,
    mel_scale="kaldi",
    pre_emphasis=0.97,
    pre_emphasis_in="frame",
    log="ln_max",
    log_floor=2.0**-23,
    shift=4.2677393,
    scale=1 / (2 * 4.5689974),
)


@dataclass(frozen=True)
class SpectrogramTransformerConfig(BaseConfig):
    """Settings of a transformer over overlapping patches of a log-mel of fixed length.

    Attributes:
        frontend: The log-mel.
        n_input_frames: Log-mel frames that the network reads. A shorter log-mel is filled up with the value that
            `shift` and `scale` make of 0, as in training.
        patch: Frames and mel bands of one patch.
        stride: Step between neighbouring patches, in frames and in mel bands. Frames and bands beyond the last whole
            patch are left out.
        dim: Length of the vector of a patch, and of the embedding; a multiple of `n_heads`.
        n_heads: Number of heads of each attention.
        depth: Number of transformer blocks.
        mlp_ratio: Hidden width of each block's two-layer network, in multiples of `dim`.
        norm_eps: Number added to the variance in every layer norm.
        n_classes: Number of classes.
        dropout: Dropout of the vectors of patches and of the output of each branch, in training.
        drop_path: Probability that a clip skips a branch of a block, in training.
    """

    frontend: LogMelConfig = KALDI_LOGMEL
    n_input_frames: int = 1024
    patch: tuple[int, int] = (16, 16)
    stride: tuple[int, int] = (10, 10)
    dim: int = 768
    n_heads: int = 12
    depth: int = 12
    mlp_ratio: int = 4
    norm_eps: float = 1e-12
    n_classes: int = 527
    dropout: float = 0.0
    drop_path: float = 0.0

    def __post_init__(self) -> None:
        if len(self.patch) != 2 or len(self.stride) != 2:
            raise ValueError(f"patch={self.patch} and stride={self.stride} must have two values, frames and mel bands")
        limits = (self.n_input_frames, self.frontend.n_mels)
        if not all(1 <= size <= most for size, most in zip(self.patch, limits, strict=True)):
            raise ValueError(
                f"patch={self.patch} must be 1 to n_input_frames={limits[0]} frames and 1 to n_mels={limits[1]} bands"
            )
        if not all(1 <= step <= size for step, size in zip(self.stride, self.patch, strict=True)):
            raise ValueError(
                f"stride={self.stride} must be 1 to patch={self.patch} in time and frequency, to leave no gaps"
            )
        if self.n_heads < 1 or self.dim < 1 or self.dim % self.n_heads:
            raise ValueError(f"dim={self.dim} must be a multiple of n_heads={self.n_heads}, both at least 1")
        for name in ("depth", "mlp_ratio", "n_classes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        if not 0 < self.norm_eps < 1:
            raise ValueError(f"norm_eps={self.norm_eps} must be above 0 and below 1")
        for name in ("dropout", "drop_path"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 0 and below 1")

    @property
    def n_patches(self) -> int:
        """Number of patches of every input."""
        return self.patches.max_patches

    @property
    def patches(self) -> PatchGrid:
        """Grid of patches, without weights."""
        columns = (self.n_input_frames - self.patch[0]) // self.stride[0] + 1
        rows = (self.frontend.n_mels - self.patch[1]) // self.stride[1] + 1
        return PatchGrid(self.patch, self.stride, columns * rows, fills_last=False, has_weights=False)

    @property
    def min_input_samples(self) -> int:
        """Length of one frame."""
        return self.frontend.min_samples

    @property
    def max_input_samples(self) -> int:
        """Length of `n_input_frames`."""
        return self.frontend.samples_for(self.n_input_frames)

    @property
    def fills_input(self) -> bool:
        """True: the network always reads `n_input_frames`."""
        return True

    @property
    def embedding_dim(self) -> int:
        """Length of the vectors of the two tokens, whose mean is the embedding."""
        return self.dim


def _register(name: str, stride: int, *, url: str, file: str, mean_ap: float, about: str, **record: str | int) -> None:
    register(
        ModelEntry(
            name=name,
            family="spectrogram_transformer",
            config=replace(_BASE, stride=(stride, stride)),
            network="panns.networks.spectrogram_transformer:SpectrogramTransformer",
            converter="panns.published.spectrogram_transformer:from_published",
            weights=Weights(
                url=url,
                file=file,
                licence="BSD-3-Clause",
                source="Gong et al. 2021, arXiv:2104.01778",
                metric="mAP",
                value=mean_ap,
                **record,  # type: ignore[arg-type] # fields of the record
            ),
            about=about,
        )
    )


_BASE = SpectrogramTransformerConfig()
_HUB = "https://huggingface.co/MIT/ast-finetuned-audioset"
_LINKS = "https://www.dropbox.com/s"  # of the authors' repository
_ABOUT = "AST: transformer over overlapping patches of 0.16 s at 16 kHz"

_register(
    "ast_10_10",
    10,
    url=f"{_HUB}-10-10-0.4593/resolve/f826b80d28226b62986cc218e5cec390b1096902/model.safetensors",
    file="ast-finetuned-audioset-10-10-0.4593.safetensors",
    mean_ap=0.459,
    about=f"{_ABOUT}, one every 0.10 s; mean of weights",
    n_bytes=346_404_948,
    sha256="ae0c1e2ad4e1381d851fa9bf298ba13ebc9c5a914cdee2dbe427a6583869924d",
    note="size and sha256 as stated by several users of the model hub",
)
_register(
    "ast_10_10_model1",
    10,
    url=f"{_LINKS}/1tv0hovue1bxupk/audioset_10_10_0.4495.pth?dl=1",
    file="audioset_10_10_0.4495.pth",
    mean_ap=0.450,
    about=f"{_ABOUT}, one every 0.10 s; first of three trainings",
)
_register(
    "ast_10_10_model2",
    10,
    url=f"{_LINKS}/6u5sikl4b9wo4u5/audioset_10_10_0.4483.pth?dl=1",
    file="audioset_10_10_0.4483.pth",
    mean_ap=0.448,
    about=f"{_ABOUT}, one every 0.10 s; second of three trainings",
)
_register(
    "ast_10_10_model3",
    10,
    url=f"{_LINKS}/kt6i0v9fvfm1mbq/audioset_10_10_0.4475.pth?dl=1",
    file="audioset_10_10_0.4475.pth",
    mean_ap=0.448,
    about=f"{_ABOUT}, one every 0.10 s; third of three trainings",
)
_register(
    "ast_12_12",
    12,
    url=f"{_LINKS}/snfhx3tizr4nuc8/audioset_12_12_0.4467.pth?dl=1",
    file="audioset_12_12_0.4467.pth",
    mean_ap=0.447,
    about=f"{_ABOUT}, one every 0.12 s",
)
_register(
    "ast_14_14",
    14,
    url=f"{_LINKS}/z18s6pemtnxm4k7/audioset_14_14_0.4431.pth?dl=1",
    file="audioset_14_14_0.4431.pth",
    mean_ap=0.443,
    about=f"{_ABOUT}, one every 0.14 s",
)
_register(
    "ast_16_16",
    16,
    url=f"{_HUB}-16-16-0.442/resolve/bf4d03f36ce5904b0daf96023cef4c82b1fe3d26/model.safetensors",
    file="ast-finetuned-audioset-16-16-0.442.safetensors",
    mean_ap=0.442,
    about=f"{_ABOUT}, without overlap: 2.4 times fewer patches",
)
