import math

import pytest
import torch

from panns.networks.heads import AttentionHead, logit_of_mean_probability


def logit(probability):
    return math.log(probability / (1 - probability))


def test_mean_of_probabilities_by_hand():
    logits = torch.tensor([logit(0.9), logit(0.1), logit(0.2)])[None, :, None]
    weights = torch.tensor([0.5, 0.3, 0.2])[None, :, None]
    mean = logit_of_mean_probability(logits, weights.log()).sigmoid()
    assert mean.item() == pytest.approx(0.5 * 0.9 + 0.3 * 0.1 + 0.2 * 0.2, abs=1e-6)


@pytest.mark.parametrize("value", [-80.0, -20.0, 0.0, 20.0, 80.0])
def test_neither_0_nor_1_is_rounded_away(value):
    frames = torch.full((1, 4, 2), value)
    equal = torch.full((1, 4, 1), math.log(0.25))
    assert logit_of_mean_probability(frames, equal).tolist() == [[pytest.approx(value, abs=1e-4)] * 2]


def attention_head(attention, classes):
    """One that hears `(attention, class logit)` of each frame as its two inputs."""
    head = AttentionHead(2, 1)
    with torch.no_grad():
        for layer, weight in ((head.attention, [[1.0, 0.0]]), (head.classifier, [[0.0, 1.0]])):
            layer.weight.copy_(torch.tensor(weight))
            layer.bias.zero_()
    return head(torch.tensor([attention, classes]).T[None])


def test_attention_weighs_the_frames():
    output = attention_head([math.log(3), 0.0], [logit(0.8), logit(0.4)])
    assert output.clip_logits.sigmoid().item() == pytest.approx(0.75 * 0.8 + 0.25 * 0.4, abs=1e-6)
    assert output.frame_logits.sigmoid().flatten().tolist() == pytest.approx([0.8, 0.4], abs=1e-6)


def test_attention_is_clamped_to_10_as_in_the_published_models():
    clamped, unclamped = (
        attention_head([high, low], [logit(0.8), logit(0.4)]).clip_logits.item()
        for high, low in ((1_000.0, 9.0), (10.0, 9.0))
    )
    assert clamped == unclamped
    assert clamped != pytest.approx(logit(0.8), abs=1e-3)
    low = attention_head([0.0, -1_000.0], [logit(0.5), logit(0.9)]).clip_logits.item()
    assert low == attention_head([0.0, -10.0], [logit(0.5), logit(0.9)]).clip_logits.item()
