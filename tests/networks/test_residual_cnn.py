"""The residual CNN: time grid, and scores from weighted frames."""

from __future__ import annotations

import pytest
import torch

from panns.models.residual_cnn import ResidualCnnConfig
from panns.networks.blocks import AttentionPool
from panns.networks.residual_cnn import ResidualCnn
from tests.tiny_checkpoints import healthy_network

SMALL = ResidualCnnConfig(stem_channels=4, channels=(4, 6, 8), embedding_dim=8, n_heads=2)


@pytest.mark.parametrize("n_samples", [1, 513, 2_240, 2_559, 2_560, 2_561, 32_000, 51_234])
def test_number_of_frames_equals_the_config(n_samples):
    output = healthy_network("residual_cnn", SMALL)(torch.zeros(1, n_samples))
    assert output.frame_logits.shape == (1, SMALL.n_frames(n_samples), 527)


def test_frames_of_80_ms_are_at_their_times():
    assert ResidualCnnConfig().frame_hop_s == pytest.approx(0.08)
    network = healthy_network("residual_cnn", SMALL)
    features = torch.full((1, 801, 64), -60.0)
    changed = features.clone()
    changed[:, 400:408] = -20.0  # log-mel frames of score frame 50
    with torch.inference_mode():
        difference = (
            network.forward_features(features).frame_logits - network.forward_features(changed).frame_logits
        ).abs()
    assert abs(int(difference.amax(dim=2).argmax()) - 50) <= 1
    assert difference[:, :40].max() == 0
    assert difference[:, 62:].max() == 0


def test_one_frame_scores_as_the_clip():
    network = healthy_network("residual_cnn", SMALL)
    with torch.inference_mode():
        output = network.forward_features(torch.randn(2, 8, 64) * 20 - 40)
    torch.testing.assert_close(output.frame_logits[:, 0], output.clip_logits)


def test_attention_weights_each_head_separately():
    pool = AttentionPool(4, 2)
    with torch.no_grad():
        pool.attention.weight.zero_()
        pool.attention.bias.zero_()
        pool.attention.weight[0, 0] = (
            100.0  # the first head looks where the first feature is high, the second everywhere
        )
    frames = torch.tensor([[[1.0, 5.0, 1.0, 1.0], [0.0, 7.0, 3.0, 5.0]]])
    torch.testing.assert_close(pool(frames), torch.tensor([[1.0, 5.0, 2.0, 3.0]]))


def test_heads_must_divide_the_embedding():
    with pytest.raises(ValueError, match="embedding_dim=10 must be a multiple of n_heads=4"):
        ResidualCnnConfig(embedding_dim=10, n_heads=4)


def test_number_of_parameters():
    assert sum(parameter.numel() for parameter in ResidualCnn(ResidualCnnConfig()).parameters()) == 988_439
