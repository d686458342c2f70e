"""The six compared architectures: small versions of registered models."""

from __future__ import annotations

from dataclasses import dataclass, replace

from panns.frontend import LogMelConfig
from panns.models.base import ModelConfig
from panns.models.cnn import CnnConfig
from panns.models.cnn_attention import CnnAttentionConfig
from panns.models.patch_attention import FULL_BAND, PatchAttentionConfig
from panns.models.resnet import ResNetConfig

CLIP_S = 5.0

# The bands of the PANNs at half the frame rate, which halves the time of convolutions.
COARSE = LogMelConfig(hop_samples=640)


@dataclass(frozen=True)
class Sibling:
    """Architecture of the comparison.

    Attributes:
        name: Name in tables.
        registered: Registered model with this network.
        config: Settings of the small network, with the classes of the task.
    """

    name: str
    registered: str
    config: ModelConfig


def siblings(n_classes: int) -> dict[str, Sibling]:
    """All six architectures by name, in the order of the tables."""
    cnn = CnnConfig(
        frontend=COARSE,
        channels=(8, 24, 64, 128),
        kernel_sizes=(3,),
        n_poolings=4,
        hidden_dim=256,
        n_classes=n_classes,
        block_dropout=0.0,
        head_dropout=0.0,
    )
    attention = CnnAttentionConfig(cnn=cnn, branch="attention", dim=64, n_heads=4)
    resnet = ResNetConfig(
        frontend=COARSE,
        widths=(8, 16, 32, 64),
        depths=(2, 2, 2, 2),
        hidden_dim=128,
        n_classes=n_classes,
        block_dropout=0.0,
        head_dropout=0.0,
    )
    patches = PatchAttentionConfig(
        frontend=FULL_BAND, dim=64, n_heads=4, depth=2, mlp_ratio=4, n_columns=8, n_classes=n_classes, dropout=0.0
    )
    small_patches = replace(patches, patch=(16, 16), stride=(16, 16), n_columns=32)
    return {
        name: Sibling(name, registered, config)
        for name, registered, config in (
            ("cnn", "cnn10", cnn),
            ("cnn_attention", "cnn14_attention", attention),
            ("cnn_gru", "cnn14_gru", replace(attention, branch="gru")),
            ("resnet", "resnet22", resnet),
            ("patches_64", "patch_attention", patches),
            ("patches_16", "patch_attention_16", small_patches),
        )
    }
