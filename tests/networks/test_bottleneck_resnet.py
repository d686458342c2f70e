"""ResNet50: equal to the common implementations, over one channel."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from panns.models.bottleneck_resnet import BottleneckResNetConfig
from panns.networks.bottleneck_resnet import Bottleneck, BottleneckResNet
from panns.networks.build import build_network, construct_network
from panns.networks.complexity import n_parameters
from tests.golden import recipe

SMALL = BottleneckResNetConfig(stem_channels=4, widths=(2, 4, 4, 6), depths=(2, 1, 2, 1))


def test_number_of_parameters_equals_resnet50():
    with torch.device("meta"):
        network = construct_network("resnet50")
    published = 25_557_032  # torchvision's resnet50: three colours, 1000 classes
    colours = (3 - 1) * 64 * 7 * 7
    classes = (1000 - 527) * (2048 + 1)
    input_norm = 2 * 64
    assert n_parameters(network) == published - colours - classes + input_norm == 24_581_711


@pytest.mark.parametrize("n_frames", [1, 31, 32, 33, 64, 101])
def test_maps_have_the_sizes_of_the_paper(n_frames):
    sizes = []
    network = BottleneckResNet(BottleneckResNetConfig(depths=(1, 1, 1, 1))).eval()
    for layer in (network.stem[0], network.stem, *network.stages):
        layer.register_forward_hook(lambda _layer, _inputs, output: sizes.append(tuple(output.shape)))
    with torch.inference_mode():
        output = network.forward_features(torch.randn(2, n_frames, 64))
    expected = [(64, 2), (64, 4), (256, 4), (512, 8), (1024, 16), (2048, 32)]
    assert sizes == [(2, channels, -(-n_frames // by), 64 // by) for channels, by in expected]
    assert output.embedding.shape == (2, 2048)
    assert output.frame_logits is None


def test_first_blocks_stride_in_3x3_and_shortcut():
    network = BottleneckResNet(BottleneckResNetConfig())
    strided = [
        name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d) and layer.stride == (2, 2)
    ]
    blocks = [f"stages.{stage}.0.{part}.0" for stage in (1, 2, 3) for part in ("spatial", "shortcut")]
    assert strided == ["stem.0.0", *blocks]


# The float64 logits of classes 0, 72, 137, 263 and 526 by torchvision 0.28.0: `ResNet(Bottleneck, [3, 4, 6, 3])` with a
# stem of one channel and 527 classes, its state dict filled in order with `golden_network`'s own after the input norm,
# which was computed by hand.
GOLDEN = [
    [-4.037268, 0.688612, 0.803435, 1.843819, 2.566800],
    [-8.375954, -0.466208, 2.692930, 2.803603, 0.069900],
]


def golden_network():
    network = BottleneckResNet(BottleneckResNetConfig()).eval()
    parameters = {
        key: torch.from_numpy(recipe.parameter(key, tuple(value.shape)))
        # Weights near 1 at the end of 16 branches would let the map grow without bound.
        * (0.25 if key.endswith("last_norm.weight") else 1)
        for key, value in network.state_dict().items()
    }
    network.load_state_dict(parameters)
    return network


def test_logits_equal_torchvision():
    features = torch.from_numpy(recipe.uniform("features", 2 * 70 * 64)).float().reshape(2, 70, 64) * 4 - 2
    with torch.inference_mode():
        logits = golden_network().forward_features(features).clip_logits
    # float32 against float64: 4e-5 measured; the logits' standard deviation is 2.9.
    torch.testing.assert_close(logits[:, [0, 72, 137, 263, 526]], torch.tensor(GOLDEN), rtol=0, atol=5e-4)


def test_branches_start_at_zero_and_convolutions_by_fan_out():
    torch.manual_seed(0)
    network = build_network("resnet50")
    blocks = [module for module in network.modules() if isinstance(module, Bottleneck)]
    assert len(blocks) == 16
    assert all(not block.last_norm.weight.any() for block in blocks)
    x = torch.rand(2, 2048, 3, 2)
    assert torch.equal(network.stages[3][1].eval()(x), x)
    spatial = network.stages[3][0].spatial[0].weight
    assert spatial.std().item() == pytest.approx((2 / (512 * 9)) ** 0.5, rel=0.01)
    expand = network.stages[3][0].expand.weight
    assert expand.std().item() == pytest.approx((2 / 2048) ** 0.5, rel=0.01)
    assert network.classifier.weight.std().item() == pytest.approx(0.01, rel=0.01)
    assert not network.classifier.bias.any()


def test_the_classifier_reads_the_embedding():
    network = build_network("resnet50", SMALL).eval()
    with torch.inference_mode():
        output = network(torch.randn(2, 40_000))
        assert output.embedding.shape == (2, 24)
        torch.testing.assert_close(network.classifier(output.embedding), output.clip_logits)


def test_each_band_has_its_own_input_norm():
    network = build_network("resnet50", SMALL).eval()
    features = torch.randn(1, 64, 64)
    with torch.inference_mode():
        before = network.forward_features(features).clip_logits
        network.input_norm.running_mean[5] = 30.0
        features[:, :, 5] += 30.0
        torch.testing.assert_close(network.forward_features(features).clip_logits, before, rtol=1e-5, atol=1e-6)
