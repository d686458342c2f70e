import pytest

from panns.frontend import LogMelConfig
from panns.models.mobilenet import PannsMobileNetConfig
from panns.models.resnet import ResNetConfig


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (ResNetConfig, {"block": "wide"}, "block='wide'"),
        (ResNetConfig, {"widths": (8, 8)}, r"widths=\(8, 8\) and depths=.* must have four values"),
        (ResNetConfig, {"depths": (2, 2, 0, 2)}, r"depths=\(2, 2, 0, 2\) must be at least 1"),
        (ResNetConfig, {"frontend": LogMelConfig(n_mels=16)}, "n_mels=16 cannot be halved 5 times"),
        (PannsMobileNetConfig, {"version": 3}, "version=3"),
        (PannsMobileNetConfig, {"width": 0}, "width=0 must be positive"),
        (PannsMobileNetConfig, {"frontend": LogMelConfig(n_mels=16)}, "n_mels=16 cannot be halved 5 times"),
    ],
)
def test_invalid_settings_are_refused(config, settings, message):
    with pytest.raises(ValueError, match=message):
        config(**settings)
