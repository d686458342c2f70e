"""Transformers over patches of a log-mel: those with attention pooling, and the published CED models.

Gong et al. 2021, arXiv:2104.01778 (patches); Dinkel et al. 2024, arXiv:2308.11957 (CED).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from panns.frontend import LogMelConfig
from panns.models.base import BaseConfig
from panns.models.patches import PatchGrid
from panns.models.registry import ModelEntry, register
from panns.models.weights import Weights

FULL_BAND = LogMelConfig(n_mels=128, f_min_hz=20.0, f_max_hz=16_000.0)
CED_LOGMEL = LogMelConfig(
    sample_rate=16_000,
    n_fft=512,
    window_samples=512,
    hop_samples=160,
    n_mels=64,
    f_min_hz=0.0,
    f_max_hz=8_000.0,
    mel_scale="htk",
    range_db=120.0,
)


@dataclass(frozen=True)
class PatchAttentionConfig(BaseConfig):
    """Settings of a transformer over patches of a log-mel.

    Attributes:
        frontend: The log-mel.
        patch: Frames and mel bands of one patch.
        stride: Step between neighbouring patches, in frames and in mel bands.
        dim: Length of the vector of a patch, and of the embedding; a multiple of `n_heads`.
        n_heads: Number of heads of each attention.
        depth: Number of transformer blocks.
        mlp_ratio: Hidden width of each block's two-layer network, in multiples of `dim`.
        fills_last: True to fill an incomplete last patch in time with silence, False to drop it.
        n_columns: Number of learned time positions; longer inputs interpolate them.
        n_classes: Number of classes.
        pooling: "attention" weights the patches separately for each class, and gives patch weights and frame scores;
            "mean" averages the patches before the classifier.
        max_patches: Most patches in one pass; the cost grows with their square.
        dropout: Dropout of the vectors of patches and of the output of each branch, in training.
        drop_path: Probability that a clip skips a branch of a block, in training.
    """

    frontend: LogMelConfig = FULL_BAND
    patch: tuple[int, int] = (64, 64)
    stride: tuple[int, int] = (64, 64)
    dim: int = 768
    n_heads: int = 12
    depth: int = 11
    mlp_ratio: int = 4
    fills_last: bool = True
    n_columns: int = 16
    n_classes: int = 527
    pooling: Literal["attention", "mean"] = "attention"
    max_patches: int = 1000
    dropout: float = 0.1
    drop_path: float = 0.0

    def __post_init__(self) -> None:
        if self.pooling not in ("attention", "mean"):
            raise ValueError(f"pooling={self.pooling!r} must be 'attention' or 'mean'")
        if len(self.patch) != 2 or len(self.stride) != 2:
            raise ValueError(f"patch={self.patch} and stride={self.stride} must have two values, frames and mel bands")
        if min(self.patch) < 1 or self.patch[1] > self.frontend.n_mels:
            raise ValueError(
                f"patch={self.patch} must be at least 1 frame and 1 to n_mels={self.frontend.n_mels} bands"
            )
        if not all(1 <= step <= size for step, size in zip(self.stride, self.patch, strict=True)):
            raise ValueError(
                f"stride={self.stride} must be 1 to patch={self.patch} in time and frequency, to leave no gaps"
            )
        if (self.frontend.n_mels - self.patch[1]) % self.stride[1]:
            raise ValueError(
                f"patch={self.patch} at stride={self.stride} does not cover all n_mels={self.frontend.n_mels} bands; "
                "use n_mels = patch[1] + a multiple of stride[1]"
            )
        if self.n_heads < 1 or self.dim < 1 or self.dim % self.n_heads:
            raise ValueError(f"dim={self.dim} must be a multiple of n_heads={self.n_heads}, both at least 1")
        for name in ("depth", "mlp_ratio", "n_columns", "n_classes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        if self.max_patches < self.n_rows:
            raise ValueError(
                f"max_patches={self.max_patches} is less than one column of {self.n_rows} patches; use a higher "
                "limit or larger patches"
            )
        for name in ("dropout", "drop_path"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 0 and below 1")

    @property
    def n_rows(self) -> int:
        """Number of patches in one column."""
        return self.patches.n_rows(self.frontend.n_mels)

    @property
    def min_input_samples(self) -> int:
        """Length of one patch."""
        return self.frontend.samples_for(self.patch[0])

    @property
    def max_input_samples(self) -> int:
        """Length of `max_patches`."""
        return (self.patches.max_frames(self.frontend.n_mels) - 1) * self.frontend.hop_samples

    @property
    def embedding_dim(self) -> int:
        """Length of the mean vector of the patches."""
        return self.dim

    @property
    def patches(self) -> PatchGrid:
        """Grid of patches, with weights for attention pooling."""
        return PatchGrid(
            self.patch, self.stride, self.max_patches, self.fills_last, has_weights=self.pooling == "attention"
        )

    @property
    def frame_hop_s(self) -> float | None:
        """Step between columns of patches; None for mean pooling, which has no frame scores."""
        return self.stride[0] * self.frontend.hop_s if self.pooling == "attention" else None

    def n_frames(self, n_samples: int) -> int:
        """Number of score frames, one for each column of patches."""
        if self.pooling == "mean":
            return 0
        return self.patches.n_columns(self.frontend.n_frames(max(n_samples, self.min_input_samples)))


def _register(name: str, config: PatchAttentionConfig, about: str) -> None:
    register(
        ModelEntry(
            name=name,
            family="patch_attention",
            config=config,
            network="panns.networks.patch_attention:PatchAttention",
            converter=None,
            weights=None,
            about=about,
        )
    )


_BASE = PatchAttentionConfig()

_register("patch_attention", _BASE, "transformer over patches of 0.64 s, base, frame scores and patch weights")
_register(
    "patch_attention_small",
    replace(_BASE, dim=384, n_heads=6),
    "transformer over patches of 0.64 s, half as wide, a quarter of the size",
)
_register(
    "patch_attention_tiny", replace(_BASE, dim=192, n_heads=3), "transformer over patches of 0.64 s, a quarter as wide"
)
_register(
    "patch_attention_16",
    replace(_BASE, patch=(16, 16), stride=(16, 16), n_columns=63),
    "transformer over patches of 0.16 s: 16 times as many, just under 20 s in one pass",
)

_CED = PatchAttentionConfig(
    frontend=CED_LOGMEL,
    patch=(16, 16),
    stride=(16, 16),
    depth=12,
    fills_last=False,
    n_columns=63,
    pooling="mean",
    max_patches=63 * 4,  # learned time positions end here; the published code cuts longer sounds
    dropout=0.0,
)


def _register_ced(size: str, *, dim: int, n_heads: int, file: str, mean_ap: float, record: int) -> None:
    register(
        ModelEntry(
            name=f"ced_{size}",
            family="patch_attention",
            config=replace(_CED, dim=dim, n_heads=n_heads),
            network="panns.networks.patch_attention:PatchAttention",
            converter="panns.published.patch_attention:from_published",
            weights=Weights(
                url=f"https://zenodo.org/record/{record}/files/{file}?download=1",
                file=file,
                licence="Apache-2.0",
                source=f"Zenodo record {record} (Dinkel et al. 2024, arXiv:2308.11957)",
                metric="mAP",
                value=mean_ap,
            ),
            about=f"CED {size}: transformer over patches of 0.16 s at 16 kHz, distilled from an ensemble",
        )
    )


# The table of the published repository links three files in one record and "small" in another.
_register_ced("tiny", dim=192, n_heads=3, file="audiotransformer_tiny_mAP_4814.pt", mean_ap=0.481, record=8275347)
_register_ced("mini", dim=256, n_heads=4, file="audiotransformer_mini_mAP_4896.pt", mean_ap=0.490, record=8275347)
_register_ced("small", dim=384, n_heads=6, file="audiotransformer_small_mAP_4958.pt", mean_ap=0.496, record=8275319)
_register_ced("base", dim=768, n_heads=12, file="audiotransformer_base_mAP_4999.pt", mean_ap=0.500, record=8275347)
