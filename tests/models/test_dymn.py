import json

import pytest

from panns.models.dymn import DynamicMobileNetConfig
from panns.models.registry import find_model, list_models
from tests.small_models import registered_config

NAMES = ("dymn04_as", "dymn10_as", "dymn20_as")


def test_every_published_dynamic_mobile_net_is_registered():
    assert tuple(entry.name for entry in list_models() if entry.family == "dymn") == NAMES


@pytest.mark.parametrize(
    ("name", "file", "mean_ap"),
    [
        ("dymn04_as", "dymn04_as.pt", 0.450),
        ("dymn10_as", "dymn10_as.pt", 0.477),
        ("dymn20_as", "dymn20_as_mAP_493.pt", 0.493),
    ],
)
def test_records_are_release_files_of_the_repository(name, file, mean_ap):
    weights = find_model(name).weights
    assert weights.file == file
    assert weights.url == f"https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/{file}"
    assert (weights.metric, weights.value, weights.licence) == ("mAP", mean_ap, "MIT")


def test_note_gives_both_published_scores_of_dymn20():
    assert "0.491" in find_model("dymn20_as").weights.note


@pytest.mark.parametrize("name", NAMES)
def test_sizes_equal_the_published_models(name, shared):
    published = json.loads((shared / "reference/efficientat/state_dicts.json").read_text())
    facts, config = published[name.removesuffix("_as")], registered_config(name)
    shapes = {key: shape for key, shape, _ in facts["state_dict"]}
    assert config.width == facts["width_mult"]
    assert config.embedding_dim == shapes["out_c.0.weight"][0]
    assert config.n_classes == shapes["classifier.5.weight"][0]
    for block in range(15):
        dim, expanded = (shapes[f"layers.{block}.context_gen.conv_f.weight"][axis] for axis in (1, 0))
        assert config.context_dim(expanded) == dim
        assert config.n_kernels == shapes[f"layers.{block}.proj_conv.residuals.0.bias"][0]


@pytest.mark.parametrize("name", NAMES)
def test_temperature_is_that_of_the_end_of_annealing(name):
    assert registered_config(name).temperature == 1.0


@pytest.mark.parametrize(("expanded", "dim"), [(16, 32), (128, 32), (200, 48), (480, 120), (960, 128)])
def test_contexts_by_hand(expanded, dim):
    """A quarter as a multiple of 8, from 32 to 128."""
    assert DynamicMobileNetConfig().context_dim(expanded) == dim


def test_shortest_input_equals_mn10_without_frame_scores():
    config = DynamicMobileNetConfig()
    assert config.min_input_samples == registered_config("mn10_as").min_input_samples == 31 * 320 + 1
    assert config.frame_hop_s is None
    assert config.n_frames(320_000) == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 0.0}, "width=0.0 must be positive"),
        ({"n_kernels": 0}, "n_kernels=0 must be at least 1"),
        ({"temperature": 0.0}, "temperature=0.0 must be positive"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        DynamicMobileNetConfig(**settings)
