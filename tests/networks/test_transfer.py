"""A new head on top of any network."""

from __future__ import annotations

import pytest
import torch

from panns.checkpoints.manifest import ModelManifest
from panns.config import config_to_dict
from panns.labels import LabelSet
from panns.models.cnn import CnnConfig
from panns.models.registry import find_model, read_config
from panns.models.transfer import HeadConfig, TransferConfig
from panns.networks.build import build_network
from tests.small_models import small_config


def test_head_scores_the_output_of_its_base():
    base = small_config("cnn6")
    for reads, dims in (("logits", (7,)), ("embedding", ())):
        config = TransferConfig(HeadConfig(3, reads=reads, hidden_dims=dims), "cnn6", base)
        network = build_network("transfer", config).eval()
        waveform = torch.randn(2, 32_000)
        with torch.inference_mode():
            below, above = network.base(waveform), network(waveform)
            read = below.clip_logits if reads == "logits" else below.embedding
            assert torch.equal(above.clip_logits, network.head(read))
        assert torch.equal(above.embedding, below.embedding)
        assert above.clip_logits.shape == (2, 3)
        assert above.frame_logits is None


@pytest.mark.parametrize("base", ["mn01_as", "dymn04_as"])
def test_head_on_bands_keeps_frequency_bands_apart(base):
    config = TransferConfig(HeadConfig(3, reads="bands", hidden_dims=()), base, small_config(base))
    network = build_network("transfer", config).eval()
    waveform = torch.randn(2, 32_000)
    with torch.inference_mode():
        below, above = network.base(waveform), network(waveform)
        assert below.bands.shape == (2, 4, config.embedding_dim)
        torch.testing.assert_close(below.bands.mean(dim=1), below.embedding)
        assert torch.equal(above.clip_logits, network.head(below.bands.flatten(1)))


@pytest.mark.parametrize("head", [HeadConfig(3), HeadConfig(3, reads="embedding", hidden_dims=())])
def test_a_new_head_scores_all_classes_equally(head):
    network = build_network("transfer", TransferConfig(head, "cnn6", small_config("cnn6"))).eval()
    with torch.inference_mode():
        assert not network(torch.randn(2, 32_000)).clip_logits.any()


def test_config_round_trip_keeps_the_base_config():
    config = TransferConfig(HeadConfig(2), "cnn14", CnnConfig(channels=(4, 8), n_poolings=1))
    assert read_config("transfer", config_to_dict(config)) == config
    manifest = ModelManifest("transfer", config, LabelSet.from_names("pets", ["cat", "dog"]))
    assert ModelManifest.from_json(manifest.to_json(), where="here") == manifest


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"head": {}}, "exactly head, base and base_config"),
        ({"head": {"n_clases": 3}, "base": "cnn6", "base_config": {}}, "did you mean 'config.head.n_classes'"),
        ({"head": {}, "base": "cnn7", "base_config": {}}, "no model 'cnn7'; did you mean 'cnn6'"),
        ({"head": {}, "base": "cnn6", "base_config": {"chanels": []}}, "did you mean 'config.channels'"),
    ],
)
def test_a_damaged_config_is_refused(plain, words):
    with pytest.raises((ValueError, LookupError), match=words):
        read_config("transfer", plain)


def test_impossible_heads_are_refused():
    with pytest.raises(ValueError, match="embedding"):
        TransferConfig(
            HeadConfig(reads="embedding"), "cnn14_decision_level_max", find_model("cnn14_decision_level_max").config
        )
    with pytest.raises(ValueError, match=r"bands.*cnn6"):
        TransferConfig(HeadConfig(reads="bands"), "cnn6", find_model("cnn6").config)
    with pytest.raises(ValueError, match=r"hidden_dims=\(0,\) must be at least 1"):
        HeadConfig(hidden_dims=(0,))
