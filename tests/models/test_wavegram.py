import json
import re
from dataclasses import replace

import pytest

from panns.config import config_from_dict, config_to_dict
from panns.frontend import LogMelConfig, WaveformAndLogMelConfig, WaveformConfig
from panns.models.registry import find_model
from panns.models.wavegram import WavegramConfig
from tests.models.test_registry import snake_case

CLASSES = ("Wavegram_Cnn14", "Wavegram_Logmel_Cnn14", "Wavegram_Logmel128_Cnn14")
BESIDE_LOG_MEL = WavegramConfig(frontend=WaveformAndLogMelConfig())


def is_accepted_by_the_original(n_samples):
    """Beside a log-mel; the zoo's `length_rule`."""
    return n_samples // 320 % 2 == 0 or n_samples % 320 >= 316


@pytest.mark.parametrize("class_name", CLASSES)
def test_settings_and_records_equal_the_zoo(class_name, shared):
    facts = json.loads((shared / "reference/panns_zoo.json").read_text())["models"][class_name]
    entry = find_model(snake_case(class_name))
    config, weights, checkpoint = entry.config, entry.weights, facts["checkpoint"]
    assert config.n_classes == facts["classes"]
    assert facts["outputs"]["embedding"] == [1, config.embedding_dim]
    assert config.min_input_samples == 10_236
    if facts["uses_logmel"]:
        assert config.frontend == WaveformAndLogMelConfig(LogMelConfig(n_mels=facts["mel_bins"]))
        # The zoo names the smallest multiple of 640 that the original accepts; it accepts ours too.
        assert facts["min_input_samples"] == 10_240
        assert is_accepted_by_the_original(config.min_input_samples)
    else:
        assert config.frontend == WaveformConfig(facts["sample_rate"])
        assert facts["min_input_samples"] == config.min_input_samples
    if checkpoint is None:
        assert weights is None
    else:
        assert {"file": weights.file, "url": weights.url, "mAP": weights.value, "md5": weights.md5} == {
            key: checkpoint[key] for key in ("file", "url", "mAP", "md5")
        }


def test_shortest_input_by_hand():
    # 16 columns of 640 samples, halved 4 times; the last step of the first convolution, of 5 samples, needs one.
    assert WavegramConfig().min_input_samples == 16 * 640 - 4
    assert replace(WavegramConfig(), channels=(8, 8)).min_input_samples == 640 - 4
    assert replace(BESIDE_LOG_MEL, channels=(8, 8)).min_input_samples == 640 - 4  # 2 log-mel frames need 513


@pytest.mark.parametrize("config", [WavegramConfig(), BESIDE_LOG_MEL])
def test_a_stored_config_restores_its_front_end(config):
    assert config_from_dict(WavegramConfig, config_to_dict(config)) == config


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"wave_widths": (64,)},
            "wave_widths=(64,) and channels=(64, 128, 256, 512, 1024, 2048) must have at least two values",
        ),
        ({"wave_widths": (64, 64, 128, 100)}, "wave_widths end in 100, which must be a multiple of n_rows=32"),
        ({"n_rows": 8}, "n_rows=8 cannot be halved 4 times"),
        ({"n_rows": 64}, "n_mels=64 must be twice n_rows=64, so that"),
        ({"wave_widths": (64, 64, 128)}, "hop_samples=320 must be 80"),
        (
            {"frontend": WaveformAndLogMelConfig(LogMelConfig(pre_emphasis=0.97))},
            "pre_emphasis=0.97",
        ),
    ],
)
def test_invalid_settings_are_refused(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(BESIDE_LOG_MEL, **wrong)
