import json
import re
from dataclasses import replace

import pytest

from panns.frontend import LogMelConfig, mel_filters
from panns.models.patch_attention import CED_LOGMEL, FULL_BAND, PatchAttentionConfig
from panns.models.registry import find_model, list_models
from tests.small_models import registered_config

FAMILY = [entry for entry in list_models() if entry.family == "patch_attention"]
OURS = ["patch_attention", "patch_attention_small", "patch_attention_tiny", "patch_attention_16"]
# As published in the repository's table.
MEAN_AP = {"ced_tiny": 0.481, "ced_mini": 0.490, "ced_small": 0.496, "ced_base": 0.500}
ZENODO_RECORDS = {"ced_tiny": 8275347, "ced_mini": 8275347, "ced_small": 8275319, "ced_base": 8275347}


def test_own_and_published_models_are_registered():
    assert [entry.name for entry in FAMILY] == [*OURS, *MEAN_AP]


def test_the_base_model_by_hand():
    config = registered_config("patch_attention")
    assert config.frontend == LogMelConfig(n_mels=128, f_min_hz=20.0, f_max_hz=16_000.0)
    assert config.frontend.hop_s == 0.01
    assert (config.patch, config.stride, config.dim, config.n_heads) == ((64, 64), (64, 64), 768, 12)
    assert (config.n_rows, config.embedding_dim, config.max_patches) == (2, 768, 1000)
    assert config.min_input_samples == 63 * 320
    assert config.frame_hop_s == pytest.approx(0.64)
    assert config.patches.has_weights


@pytest.mark.parametrize("name", OURS)
def test_own_models_differ_only_in_size(name):
    entry = find_model(name)
    assert entry.weights is None
    assert entry.converter is None
    config = registered_config(name)
    assert config.pooling == "attention"
    assert config.frontend == FULL_BAND
    assert config.n_columns == config.n_frames(320_000)  # one for each frame of 10 s, its length in training


@pytest.mark.parametrize(
    ("name", "n_samples", "n_frames"),
    [
        ("patch_attention", 1, 1),
        ("patch_attention", 64 * 320 - 1, 1),
        ("patch_attention", 64 * 320, 2),
        ("patch_attention", 320_000, 16),
        ("patch_attention_16", 320_000, 63),
        ("ced_tiny", 160_000, 0),
    ],
)
def test_number_of_frames_by_hand(name, n_samples, n_frames):
    assert registered_config(name).n_frames(n_samples) == n_frames


def test_overlapping_patches_make_more_frames():
    config = PatchAttentionConfig(stride=(16, 32))
    assert config.n_frames(127 * 320) == 5  # of 128 log-mel frames, from 0, 16, 32, 48 and 64
    assert config.n_rows == 3
    assert config.frame_hop_s == pytest.approx(0.16)


def test_ced_averages_patches():
    for name in MEAN_AP:
        config = registered_config(name)
        assert config.pooling == "mean"
        assert config.frame_hop_s is None
        assert not config.patches.has_weights
        assert config.min_input_samples == 15 * 160
        assert config.max_patches == config.n_columns * config.n_rows == 252


def test_ced_settings_equal_the_published_models(shared):
    published = json.loads((shared / "reference/ced/state_dicts.json").read_text())
    assert set(published) == set(MEAN_AP)
    for name, facts in published.items():
        config = registered_config(name)
        shapes = {key: shape for key, shape, _ in facts["state_dict"]}
        assert config.frontend == CED_LOGMEL
        assert (config.dim, config.n_heads, config.depth) == (facts["embed_dim"], facts["heads"], facts["depth"])
        assert shapes["patch_embed.proj.weight"] == [config.dim, 1, *config.patch]
        assert shapes["time_pos_embed"] == [1, config.dim, 1, config.n_columns]
        assert shapes["freq_pos_embed"] == [1, config.dim, config.n_rows, 1]
        assert shapes["blocks.0.mlp.fc1.weight"] == [config.mlp_ratio * config.dim, config.dim]
        assert shapes["outputlayer.1.weight"] == [config.n_classes, config.dim]


@pytest.mark.parametrize("name", MEAN_AP)
def test_records_are_the_files_linked_by_the_repository(name):
    weights = find_model(name).weights
    assert re.fullmatch(rf"audiotransformer_{name.removeprefix('ced_')}_mAP_4\d\d\d\.pt", weights.file)
    assert abs(int(weights.file[-7:-3]) / 10_000 - MEAN_AP[name]) < 5e-4
    assert weights.url == f"https://zenodo.org/record/{ZENODO_RECORDS[name]}/files/{weights.file}?download=1"
    assert (weights.metric, weights.value, weights.licence) == ("mAP", MEAN_AP[name], "Apache-2.0")
    assert weights.digests == {}
    assert weights.check == "none"


@pytest.mark.parametrize("frontend", [FULL_BAND, CED_LOGMEL])
def test_every_mel_band_has_a_filter(frontend):
    assert mel_filters(frontend).any(axis=0).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"patch": (64, 129)}, "patch=(64, 129) must be at least 1 frame and 1 to n_mels=128 bands"),
        ({"patch": (0, 64)}, "patch=(0, 64) must be at least 1 frame"),
        ({"patch": (64, 0)}, "patch=(64, 0) must be at least 1 frame"),
        ({"stride": (65, 64)}, "stride=(65, 64) must be 1 to patch=(64, 64) in time and frequency"),
        ({"stride": (64, 0)}, "stride=(64, 0) must be 1 to patch=(64, 64)"),
        ({"n_heads": 11}, "dim=768 must be a multiple of n_heads=11"),
        ({"n_heads": 0}, "dim=768 must be a multiple of n_heads=0, both at least 1"),
        ({"dim": 0}, "dim=0 must be a multiple of n_heads=12, both at least 1"),
        ({"depth": 0}, "depth=0 must be at least 1"),
        ({"mlp_ratio": 0}, "mlp_ratio=0 must be at least 1"),
        ({"n_columns": 0}, "n_columns=0 must be at least 1"),
        ({"n_classes": 0}, "n_classes=0 must be at least 1"),
        ({"max_patches": 1}, "max_patches=1 is less than one column of 2 patches"),
        ({"dropout": 1.0}, "dropout=1.0 must be at least 0 and below 1"),
        ({"drop_path": float("nan")}, "drop_path=nan must be at least 0 and below 1"),
    ],
)
def test_invalid_settings_are_refused(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(PatchAttentionConfig(), **wrong)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"patch": (16, 48), "stride": (16, 48)},
            r"patch=\(16, 48\) at stride=\(16, 48\) does not cover all n_mels=128 bands",
        ),
        ({"pooling": "max"}, "pooling='max'"),
        ({"patch": (64, 64, 64)}, r"patch=\(64, 64, 64\) and stride=.* must have two values"),
    ],
)
def test_invalid_combinations_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        PatchAttentionConfig(**settings)
