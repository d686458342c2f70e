"""Small configs of the registered models: fewer channels, same structure."""

import re
from dataclasses import replace

from panns.models.bottleneck_resnet import BottleneckResNetConfig
from panns.models.causal_crnn import CausalCrnnConfig
from panns.models.cnn import CnnConfig
from panns.models.cnn_attention import CnnAttentionConfig
from panns.models.dymn import DynamicMobileNetConfig
from panns.models.efficientat import MobileNetConfig
from panns.models.ensemble import EnsembleConfig
from panns.models.frame_mobilenet import FrameMobileNetConfig
from panns.models.mobilenet import PannsMobileNetConfig
from panns.models.patch_attention import PatchAttentionConfig
from panns.models.registry import find_model, list_models
from panns.models.resnet import ResNetConfig
from panns.models.spectrogram_transformer import SpectrogramTransformerConfig
from panns.models.strided_mobilenet import StridedMobileNetConfig
from panns.models.wave1d import DaiNetConfig, LeeNetConfig, Res1dNetConfig
from panns.models.wavegram import WavegramConfig
from panns.models.yamnet import YamnetConfig


def small_cnn(config):
    return replace(
        config, channels=tuple(min(width, 8) for width in config.channels), hidden_dim=min(config.hidden_dim, 16)
    )


# Families that are missing here are tested at full size.
SHRINK = {
    CnnConfig: small_cnn,
    CnnAttentionConfig: lambda config: replace(config, cnn=small_cnn(config.cnn), dim=16, n_heads=2),
    DaiNetConfig: lambda config: replace(config, stem_width=8, widths=(8, 8, 16, 16), hidden_dim=16),
    DynamicMobileNetConfig: lambda config: replace(config, width=min(config.width, 0.1)),
    EnsembleConfig: lambda config: replace(
        config, base_config=replace(config.base_config, stem_channels=4, channels=(4, 8, 8), embedding_dim=16)
    ),
    FrameMobileNetConfig: lambda config: replace(
        config, width=0.1, sequence=config.sequence and replace(config.sequence, dim=16, n_heads=2)
    ),
    LeeNetConfig: lambda config: replace(
        config, widths=tuple(min(width, 16) for width in config.widths), hidden_dim=16
    ),
    StridedMobileNetConfig: lambda config: replace(config, width=0.1, hidden_dim=16),
    MobileNetConfig: lambda config: replace(config, width=min(config.width, 0.1)),
    PannsMobileNetConfig: lambda config: replace(config, width=0.25, hidden_dim=16),
    PatchAttentionConfig: lambda config: replace(config, dim=24, n_heads=3, depth=2),
    Res1dNetConfig: lambda config: replace(
        config, stem_width=8, widths=(8,) * 7, depths=tuple(min(depth, 3) for depth in config.depths), hidden_dim=16
    ),
    ResNetConfig: lambda config: replace(config, widths=(8, 8, 8, 8), hidden_dim=16),
    BottleneckResNetConfig: lambda config: replace(config, stem_channels=8, widths=(4, 4, 8, 8), depths=(2, 2, 2, 2)),
    SpectrogramTransformerConfig: lambda config: replace(config, n_input_frames=192, dim=24, n_heads=3, depth=2),
    CausalCrnnConfig: lambda config: replace(config, stem_channels=4, channels=(4, 8, 8), embedding_dim=16, n_heads=2),
    WavegramConfig: lambda config: replace(
        config, wave_widths=(8, 8, 64, 64), channels=tuple(min(width, 8) for width in config.channels), hidden_dim=16
    ),
    YamnetConfig: lambda config: replace(config, width=0.1),
}


def registered_config(name):
    """Config of a registered model."""
    return find_model(name).config


def small_config(name):
    """Small config of a registered model."""
    config = registered_config(name)
    return SHRINK.get(type(config), lambda config: config)(config)


def first_of_each_graph(config_of):
    """First name of each distinct graph; the other names differ only in training."""
    firsts: dict[tuple[str, tuple[str, ...]], str] = {}
    for entry in list_models():
        settings = [f"{key}={value}" for key, value in vars(config_of(entry.name)).items()]
        graph = tuple(one for one in settings if not re.match("[a-z_]*dropout|drop_path", one))
        firsts.setdefault((entry.network, graph), entry.name)
    return list(firsts.values())


def first_of_each_network():
    """First name of each network class."""
    return list({entry.network: entry.name for entry in reversed(list_models())}.values())
