import json
import tracemalloc
from dataclasses import replace

import pytest

from panns.checkpoints.manifest import ModelManifest
from panns.config import config_to_dict
from panns.errors import CheckpointError
from panns.frontend import LogMelConfig
from panns.labels import LabelSet
from panns.models.bounds import check_bounds
from panns.models.registry import find_model, list_models


@pytest.mark.parametrize("entry", list_models(), ids=lambda entry: entry.name)
def test_every_registered_model_is_far_inside(entry):
    check_bounds(entry.config)


CNN = find_model("cnn14").config


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("cnn14", {"frontend": replace(LogMelConfig(), n_mels=10**9)}, r"frontend\.n_mels=1e\+09 .* 2,048"),
        ("cnn14", {"frontend": replace(LogMelConfig(), n_fft=2**30)}, "n_fft"),
        ("cnn14", {"frontend": replace(LogMelConfig(), hop_samples=2**40)}, "hop_samples"),
        ("cnn14", {"hidden_dim": 10**12}, "hidden_dim"),
        ("cnn14", {"channels": (64,) * 5 + (10**9,)}, "channels"),
        ("cnn14", {"channels": (8,) * 1000}, "channels has 1,000 values"),
        ("mn10_as", {"width": 1e9}, "width"),
        ("ced_tiny", {"depth": 10**7}, "depth"),
        ("ced_tiny", {"max_patches": 10**9}, "max_patches"),
        ("stream", {"memory_s": 1e9}, "memory_s"),
    ],
)
def test_numbers_beyond_every_machine_are_refused(name, changes, words):
    """n_mels of 1e9 took 3.6 GB."""
    config = find_model(name).config
    plain = config_to_dict(config)
    for key, value in changes.items():
        plain[key] = config_to_dict(value) if key == "frontend" else value
    manifest = json.loads(ModelManifest(name, config, labels_for(config)).to_json())
    del manifest["sha256"]
    manifest["config"] = plain
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=words):
        ModelManifest.from_json(json.dumps(manifest), where="here")
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


def labels_for(config):
    return LabelSet.from_names("numbers", [str(i) for i in range(config.n_classes)])
