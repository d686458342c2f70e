import math

import pytest
import torch

from panns.networks.heads import ClipHead, DecisionLevelHead, logit_of_mean_probability, pool_by_attention


def logit(probability):
    return math.log(probability / (1 - probability))


def test_mean_of_probabilities_by_hand():
    logits = torch.tensor([logit(0.9), logit(0.1), logit(0.2)])[None, :, None]
    weights = torch.tensor([0.5, 0.3, 0.2])[None, :, None]
    mean = logit_of_mean_probability(logits, weights.log()).sigmoid()
    assert mean.item() == pytest.approx(0.5 * 0.9 + 0.3 * 0.1 + 0.2 * 0.2, abs=1e-6)


@pytest.mark.parametrize("value", [-80.0, -20.0, 0.0, 20.0, 80.0])
def test_extreme_probabilities_stay_finite(value):
    frames = torch.full((1, 4, 2), value)
    equal = torch.full((1, 4, 1), math.log(0.25))
    assert logit_of_mean_probability(frames, equal).tolist() == [[pytest.approx(value, abs=1e-4)] * 2]


def pooled(attention, probabilities):
    frame_logits = torch.tensor([logit(probability) for probability in probabilities])[None, :, None]
    return pool_by_attention(frame_logits, torch.tensor(attention)[None, :, None]).item()


def test_attention_weights_the_frames():
    assert pooled([math.log(3), 0.0], [0.8, 0.4]) == pytest.approx(logit(0.75 * 0.8 + 0.25 * 0.4), abs=1e-5)


def test_attention_is_clamped_to_10():
    clamped = pooled([1_000.0, 9.0], [0.8, 0.4])
    assert clamped == pooled([10.0, 9.0], [0.8, 0.4])
    assert clamped != pytest.approx(logit(0.8), abs=1e-3)
    assert pooled([0.0, -1_000.0], [0.5, 0.9]) == pooled([0.0, -10.0], [0.5, 0.9])


def head(pooling="max"):
    torch.manual_seed(0)
    return DecisionLevelHead(6, 5, 3, dropout=0.5, pooling=pooling).eval()


@pytest.mark.parametrize(
    ("pooling", "pool"), [("max", lambda probs: probs.amax(dim=1)), ("average", lambda probs: probs.mean(dim=1))]
)
def test_decision_level_heads_pool_frame_probabilities(pooling, pool):
    output = head(pooling)(torch.randn(2, 6, 9))
    assert output.frame_logits.shape == (2, 9, 3)
    torch.testing.assert_close(output.clip_logits.sigmoid(), pool(output.frame_logits.sigmoid()))


def test_clip_head_scores_a_frame_by_its_neighbourhood():
    torch.manual_seed(0)
    clip_head = ClipHead(6, 5, 3, dropout=0.5).eval()
    x = torch.randn(2, 6, 9)
    frame_logits = clip_head.frame_logits(x)
    for frame in range(1, 8):
        torch.testing.assert_close(frame_logits[:, frame], clip_head(x[:, :, frame - 1 : frame + 2]).clip_logits)
