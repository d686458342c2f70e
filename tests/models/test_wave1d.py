import json
import re
from dataclasses import replace

import pytest

from panns.frontend import WaveformConfig
from panns.models.registry import find_model
from panns.models.wave1d import DaiNetConfig, LeeNetConfig, Res1dNetConfig

CLASSES = {
    "leenet11": "LeeNet11",
    "leenet24": "LeeNet24",
    "dainet19": "DaiNet19",
    "res1dnet31": "Res1dNet31",
    "res1dnet51": "Res1dNet51",
}


@pytest.mark.parametrize("name", CLASSES)
def test_settings_and_records_equal_the_zoo(name, shared):
    facts = json.loads((shared / "reference/panns_zoo.json").read_text())["models"][CLASSES[name]]
    entry = find_model(name)
    assert entry.config.frontend == WaveformConfig(facts["sample_rate"])
    assert entry.config.min_input_samples == facts["min_input_samples"]
    assert entry.config.n_classes == facts["classes"]
    assert facts["outputs"]["embedding"] == [1, entry.config.embedding_dim]
    assert entry.weights.url == facts["checkpoint"]["url"]
    assert entry.weights.file == facts["checkpoint"]["file"]
    assert entry.weights.value == facts["checkpoint"]["mAP"]
    assert entry.weights.check == "none"
    assert "3960586" in entry.weights.describe_check()


def test_shortest_inputs_by_hand():
    assert LeeNetConfig().min_input_samples == 1
    assert DaiNetConfig().min_input_samples == 63 * 4 + 80  # 64 steps, quartered 3 times
    assert DaiNetConfig(widths=(8,)).min_input_samples == 80
    assert Res1dNetConfig().min_input_samples == 4095 * 5 + 1  # 4,096 steps, quartered 6 times
    assert Res1dNetConfig(widths=(8, 8), depths=(1, 1)).min_input_samples == 16


@pytest.mark.parametrize(
    ("config", "wrong", "message"),
    [
        (LeeNetConfig(), {"widths": ()}, "widths=()"),
        (LeeNetConfig(), {"n_convs": 0}, "n_convs=(0,) must be"),
        (LeeNetConfig(), {"n_poolings": 9}, "n_poolings=9 must be 0 to 8"),
        (DaiNetConfig(), {"widths": (64, 0)}, "widths=(64, 0) must be"),
        (DaiNetConfig(), {"stem_width": 0}, "stem_width=(0,) must be"),
        (Res1dNetConfig(), {"depths": (2, 2)}, "depths=(2, 2) must have equal lengths"),
        (Res1dNetConfig(), {"depths": (2, 2, 2, 2, 2, 2, 0)}, "depths=(2, 2, 2, 2, 2, 2, 0) must be"),
    ],
)
def test_invalid_settings_are_refused(config, wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(config, **wrong)
