"""Every registered model with fewer channels and the same structure."""

import re
from dataclasses import replace

from panns.models.bottleneck_resnet import BottleneckResNetConfig
from panns.models.causal_crnn import CausalCrnnConfig
from panns.models.cnn import CnnConfig
from panns.models.cnn_attention import CnnAttentionConfig
from panns.models.dymn import DynamicMobileNetConfig
from panns.models.efficientat import MobileNetConfig
from panns.models.ensemble import EnsembleConfig
from panns.models.mobilenet import PannsMobileNetConfig
from panns.models.patch_attention import PatchAttentionConfig
from panns.models.registry import find_model, list_models
from panns.models.resnet import ResNetConfig
from panns.models.wave1d import DaiNetConfig, LeeNetConfig, Res1dNetConfig
from panns.models.wavegram import WavegramConfig


def small_cnn(config):
    return replace(
        config, channels=tuple(min(width, 8) for width in config.channels), hidden_dim=min(config.hidden_dim, 16)
    )


# A family without a line here is tested in its full size.
SHRINK = {
    CnnConfig: small_cnn,
    CnnAttentionConfig: lambda config: replace(config, cnn=small_cnn(config.cnn), dim=16, n_heads=2),
    DaiNetConfig: lambda config: replace(config, stem_width=8, widths=(8, 8, 16, 16), hidden_dim=16),
    DynamicMobileNetConfig: lambda config: replace(config, width=min(config.width, 0.1)),
    EnsembleConfig: lambda config: replace(
        config, base_config=replace(config.base_config, stem_channels=4, channels=(4, 8, 8), embedding_dim=16)
    ),
    LeeNetConfig: lambda config: replace(
        config, widths=tuple(min(width, 16) for width in config.widths), hidden_dim=16
    ),
    MobileNetConfig: lambda config: replace(config, width=min(config.width, 0.1)),
    PannsMobileNetConfig: lambda config: replace(config, width=0.25, hidden_dim=16),
    PatchAttentionConfig: lambda config: replace(config, dim=24, n_heads=3, depth=2),
    Res1dNetConfig: lambda config: replace(
        config, stem_width=8, widths=(8,) * 7, depths=tuple(min(depth, 3) for depth in config.depths), hidden_dim=16
    ),
    ResNetConfig: lambda config: replace(config, widths=(8, 8, 8, 8), hidden_dim=16),
    BottleneckResNetConfig: lambda config: replace(config, stem_channels=8, widths=(4, 4, 8, 8), depths=(2, 2, 2, 2)),
    CausalCrnnConfig: lambda config: replace(config, stem_channels=4, channels=(4, 8, 8), embedding_dim=16, n_heads=2),
    WavegramConfig: lambda config: replace(
        config, wave_widths=(8, 8, 64, 64), channels=tuple(min(width, 8) for width in config.channels), hidden_dim=16
    ),
}


def small_config(name):
    config = find_model(name).config
    return SHRINK.get(type(config), lambda same: same)(config)


def first_of_each_graph(config_of):
    """The names that compute something else than all before them: others differ in how they were trained."""
    firsts = {}
    for entry in list_models():
        settings = [f"{key}={value}" for key, value in vars(config_of(entry.name)).items()]
        graph = tuple(one for one in settings if not re.match("[a-z_]*dropout|drop_path", one))
        firsts.setdefault((entry.network, graph), entry.name)
    return list(firsts.values())


def first_of_each_network():
    """One name for each class of networks."""
    return list({entry.network: entry.name for entry in reversed(list_models())}.values())
