import re

import pytest

from panns.frontend import LogMelConfig
from panns.models.bottleneck_resnet import BottleneckResNetConfig
from panns.models.registry import find_model
from tests.small_models import registered_config


def test_the_baseline_by_hand():
    entry = find_model("resnet50")
    config = registered_config("resnet50")
    assert (entry.family, entry.weights, entry.converter) == ("bottleneck_resnet", None, None)
    assert config.frontend == LogMelConfig()
    assert (config.frontend.n_mels, config.frontend.sample_rate) == (64, 32_000)
    assert (config.stem_channels, config.widths, config.depths) == (64, (64, 128, 256, 512), (3, 4, 6, 3))
    assert 1 + 3 * sum(config.depths) + 1 == 50  # the stem, three convolutions in each bottleneck, the classifier
    assert (config.n_classes, config.embedding_dim) == (527, 2048)
    assert config.patches is None


def test_shortest_input_by_hand_without_frame_scores():
    config = BottleneckResNetConfig()
    assert config.min_input_samples == 31 * 320  # 32 frames: five halvings leave one
    assert config.frontend.n_frames(config.min_input_samples) == 32
    assert config.frame_hop_s is None
    assert config.n_frames(320_000) == 0


def test_the_embedding_is_as_wide_as_the_last_map():
    assert BottleneckResNetConfig(widths=(4, 4, 4, 6)).embedding_dim == 24


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"widths": (64, 128, 0, 512)}, "widths=(64, 128, 0, 512) and depths=(3, 4, 6, 3) must be at least 1"),
        ({"depths": (3, 4, 6, -1)}, "depths=(3, 4, 6, -1) must be at least 1"),
        ({"widths": (64, 128, 256)}, "widths=(64, 128, 256) and depths=(3, 4, 6, 3) must have four values"),
        ({"depths": (3, 4, 6, 3, 1)}, "depths=(3, 4, 6, 3, 1) must have four values"),
        ({"stem_channels": 0}, "stem_channels=0 and n_classes=527 must be at least 1"),
        ({"n_classes": 0}, "stem_channels=64 and n_classes=0 must be at least 1"),
    ],
)
def test_invalid_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        BottleneckResNetConfig(**settings)
