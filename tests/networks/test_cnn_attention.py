from dataclasses import replace

import pytest
import torch

from panns.errors import CheckpointError
from panns.models.cnn import CnnConfig
from panns.models.cnn_attention import CnnAttentionConfig
from panns.models.registry import find_model
from panns.networks.build import build_network, load_published
from panns.networks.cnn_attention import MapAttention, MapRecurrence, sinusoids
from panns.networks.recurrent import recur
from tests.golden import recipe

BRANCHED = ["cnn14_attention", "cnn14_gru"]
SMALL_CNN = CnnConfig(channels=(4, 4, 8, 8, 8, 8), hidden_dim=16)


def small(name):
    return build_network(name, replace(find_model(name).config, cnn=SMALL_CNN, dim=8, n_heads=2))


@pytest.fixture(scope="module")
def published_cnn14(shared, tmp_path_factory):
    """A file as published of CNN14, with the parameters of the golden recipe."""
    import json

    entries = json.loads((shared / "reference/panns_zoo/Cnn14.json").read_text())
    parameters = recipe.state_dict({key: shape for key, shape, _ in entries})
    path = tmp_path_factory.mktemp("cnn14") / "Cnn14.pth"
    torch.save({"model": {key: torch.from_numpy(value) for key, value in parameters.items()}}, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", BRANCHED)
def test_initial_scores_equal_the_published_cnn14(name, published_cnn14):
    network = load_published(find_model(name), published_cnn14)
    waveforms = torch.from_numpy(recipe.waveforms(32_000, 1))
    with torch.inference_mode():
        expected, output = load_published(find_model("cnn14"), published_cnn14)(waveforms), network(waveforms)
    assert torch.equal(output.clip_logits, expected.clip_logits)
    assert torch.equal(output.embedding, expected.embedding)


@pytest.mark.slow
def test_initialisation_of_a_branch_is_deterministic(published_cnn14):
    first, second = (load_published(find_model("cnn14_gru"), published_cnn14).state_dict() for _ in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_weights_of_another_model_are_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({key: torch.from_numpy(value) for key, value in recipe.state_dict(recipe.cnn6_shapes()).items()}, path)
    with pytest.raises(CheckpointError, match=r"other\.pth loaded as cnn14_gru does not fit"):
        load_published(find_model("cnn14_gru"), path)


@pytest.mark.parametrize("name", BRANCHED)
def test_the_branch_starts_at_zero_and_learns(name):
    torch.manual_seed(0)
    network = small(name).eval()
    features = torch.randn(2, 160, 64) * 20 - 40
    with torch.inference_mode():
        before = network.forward_features(features)
        assert torch.equal(before.clip_logits, network.cnn.forward_features(features).clip_logits)
        torch.nn.init.normal_(network.branch.restore.weight)
        after = network.forward_features(features)
    assert not torch.allclose(before.clip_logits, after.clip_logits)
    assert before.frame_logits.shape == (2, 5, 527)


@pytest.mark.parametrize("branch", [MapAttention(6, 2, 8, 2), MapRecurrence(6, 8)])
def test_a_branch_depends_on_temporal_order(branch):
    """Shuffled columns must change the output, because the head after the branch pools over time."""
    torch.manual_seed(0)
    x = torch.randn(1, 6, 4, 2)
    order = [2, 0, 3, 1]
    with torch.inference_mode():
        shuffled = branch(x[:, :, order])
        expected = branch(x)[:, :, order]
    assert (shuffled - expected).abs().max() > 1e-3


def test_attention_distinguishes_rows():
    torch.manual_seed(0)
    branch = MapAttention(6, 2, 8, 2)
    x = torch.randn(1, 6, 4, 2)
    with torch.inference_mode():
        alike = (branch(x.flip(3)) - branch(x).flip(3)).abs().max()
        torch.nn.init.normal_(branch.rows)
        different = (branch(x.flip(3)) - branch(x).flip(3)).abs().max()
    assert alike < 1e-5
    assert different > 1e-3


def test_sinusoids_by_hand():
    found = sinusoids(3, 4, like=torch.zeros(1))
    steps = torch.arange(3.0)[:, None] * torch.tensor([1.0, 0.01])
    torch.testing.assert_close(found, torch.cat([steps.sin(), steps.cos()], dim=1))


def test_the_recurrent_layer_equals_torch():
    torch.manual_seed(0)
    gru = torch.nn.GRU(3, 4, batch_first=True, bidirectional=True)
    x = torch.randn(2, 5, 3)
    assert torch.equal(recur(gru, x), gru(x)[0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cnn": replace(SMALL_CNN, head="max")}, r"cnn\.head='max' must be 'clip'"),
        ({"branch": "lstm"}, "branch='lstm'"),
        ({"dim": 0}, "dim=0 and n_heads=8 must be at least 1"),
        ({"n_heads": 0}, "dim=128 and n_heads=0 must be at least 1"),
        ({"dim": 12, "n_heads": 8}, "dim=12 must be even and a multiple of n_heads=8"),
        ({"dim": 9, "branch": "gru"}, "dim=9 must be even"),
    ],
)
def test_invalid_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        CnnAttentionConfig(**settings)
