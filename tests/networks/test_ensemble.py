"""Ensembles of networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from panns.checkpoints.manifest import ModelManifest
from panns.config import config_to_dict
from panns.labels import LabelSet
from panns.models.ensemble import EnsembleConfig
from panns.models.registry import find_model, read_config
from panns.networks.build import build_network
from tests.small_models import small_config


@pytest.mark.parametrize("base", ["residual_cnn", "cnn6", "ced_tiny", "wavegram_logmel_cnn14"])
def test_scores_are_the_mean_of_the_members(base):
    config = EnsembleConfig(3, base, small_config(base))
    network = build_network("ensemble", config).eval()
    waveform = torch.randn(2, 40_000)
    with torch.inference_mode():
        together, alone = network(waveform), [member(waveform) for member in network.members]
    assert not torch.equal(alone[0].clip_logits, alone[1].clip_logits)
    probs = np.stack([torch.softmax(one.clip_logits, 1).numpy() for one in alone]).astype(np.float64)
    geometric = np.exp(np.log(probs).mean(axis=0))
    np.testing.assert_allclose(
        torch.softmax(together.clip_logits, 1).numpy(), geometric / geometric.sum(1, keepdims=True), rtol=1e-4
    )
    assert (together.frame_logits is None) == (alone[0].frame_logits is None)
    if together.frame_logits is not None:
        expected = torch.stack([one.frame_logits for one in alone]).mean(0)
        torch.testing.assert_close(together.frame_logits, expected)
        assert together.frame_logits.shape[1] == config.n_frames(40_000)
    if config.embedding_dim is not None:
        assert together.embedding.shape == (2, config.embedding_dim)
        width = config.embedding_dim // 3
        assert torch.equal(together.embedding[:, width : 2 * width], alone[1].embedding)


def test_config_round_trip_keeps_the_member_config():
    config = EnsembleConfig(2, "cnn6", small_config("cnn6"))
    assert read_config("ensemble", config_to_dict(config)) == config
    manifest = ModelManifest("ensemble", config, LabelSet.from_names("many", [f"class {i}" for i in range(527)]))
    assert ModelManifest.from_json(manifest.to_json(), where="here") == manifest


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"base": "cnn6", "base_config": {}}, "exactly n_members, base and base_config"),
        ({"n_members": "2", "base": "cnn6", "base_config": {}}, "n_members='2' must be a whole number"),
        ({"n_members": 1, "base": "cnn6", "base_config": {}}, "n_members=1"),
        ({"n_members": 2, "base": "cnn7", "base_config": {}}, "no model 'cnn7'; did you mean 'cnn6'"),
        ({"n_members": 2, "base": "cnn6", "base_config": {"chanels": []}}, "did you mean 'config.channels'"),
    ],
)
def test_a_damaged_config_is_refused(plain, words):
    with pytest.raises((ValueError, LookupError), match=words):
        read_config("ensemble", plain)


def test_members_with_a_state_are_refused():
    with pytest.raises(ValueError, match="base='stream'"):
        EnsembleConfig(2, "stream", find_model("stream").config)
