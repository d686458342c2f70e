import json
import re
from dataclasses import replace

import pytest

from panns.frontend import LogMelConfig
from panns.models.cnn import CnnConfig
from panns.models.registry import find_model, list_models
from tests.models.test_registry import snake_case

CNNS = [entry for entry in list_models() if entry.family == "cnn"]
DECISION_LEVEL = [f"cnn14_decision_level_{head}" for head in ("max", "avg", "att")]


def test_settings_equal_the_zoo(shared):
    zoo = json.loads((shared / "reference/panns_zoo.json").read_text())["models"]
    for class_name, facts in zoo.items():
        if not class_name.startswith("Cnn"):
            continue
        config = find_model(snake_case(class_name)).config
        assert config.min_input_samples == facts["min_input_samples"], class_name
        assert config.n_classes == facts["classes"]
        assert config.frontend == LogMelConfig(
            sample_rate=facts["sample_rate"],
            n_fft=facts["window_size"],
            window_samples=facts["window_size"],
            hop_samples=facts["hop_size"],
            n_mels=facts["mel_bins"],
            f_min_hz=facts["fmin"],
            f_max_hz=facts["fmax"],
        ), class_name
        if "embedding" in facts["outputs"]:
            assert facts["outputs"]["embedding"] == [1, config.embedding_dim]
        assert ("framewise_output" in facts["outputs"]) == (config.frame_hop_s is not None)


@pytest.mark.parametrize("name", DECISION_LEVEL)
def test_decision_level_models_score_frames_of_320_ms(name):
    config = find_model(name).config
    assert config.frame_hop_s == 0.32
    assert config.embedding_dim is None


def test_other_models_have_no_frame_scores():
    assert {entry.name for entry in CNNS if entry.config.frame_hop_s is not None} == set(DECISION_LEVEL)


@pytest.mark.parametrize(("n_samples", "n_frames"), [(1, 1), (9_920, 1), (20_159, 1), (20_160, 2), (320_000, 31)])
def test_number_of_frames_by_hand(n_samples, n_frames):
    # 63 hops of 320 samples make 64 log-mel frames, two of 32.
    assert CnnConfig(head="max").n_frames(n_samples) == n_frames


def test_shortest_input_by_hand():
    assert CnnConfig().min_input_samples == 31 * 320  # 32 frames, halved 5 times
    assert CnnConfig(n_poolings=0).min_input_samples == 513  # what the front end can reflect


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_poolings": 7}, "n_poolings=7 must be 0 to 6"),
        ({"n_poolings": -1}, "n_poolings=-1 must be 0 to 6"),
        ({"frontend": LogMelConfig(n_mels=31)}, "n_mels=31 cannot be halved 5 times"),
        ({"kernel_sizes": (3, 4)}, "kernel_sizes=(3, 4) must be odd"),
    ],
)
def test_invalid_settings_are_refused(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(CnnConfig(), **wrong)
