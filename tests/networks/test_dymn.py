import json
from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from panns.models import find_model
from panns.models.dymn import DynamicMobileNetConfig
from panns.networks.build import construct_network
from panns.networks.complexity import multiply_adds
from panns.networks.dymn import (
    Context,
    DynamicDepthwise,
    DynamicPointwise,
    DynamicReLU,
    KernelWeights,
)
from panns.published.dymn import from_published

CONFIG = DynamicMobileNetConfig()
DIM = 8


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def with_kernels(convolution):
    with torch.no_grad():
        convolution.kernels.copy_(random(*convolution.kernels.shape, seed=1))
        convolution.weights.linear.weight.copy_(random(4, DIM, seed=2))
    return convolution


def clip_by_clip(convolution, x, context, **settings):
    """Its definition: every clip has a kernel of its own."""
    maps = []
    for i in range(len(x)):
        weights = convolution.weights(context[i : i + 1])[0]
        kernel = sum(weight * kernel for weight, kernel in zip(weights, convolution.kernels, strict=True))
        maps.append(
            functional.conv2d(x[i : i + 1], kernel.reshape(len(kernel), -1, *settings["size"]), **settings["how"])
        )
    return torch.cat(maps)


@pytest.mark.parametrize("n_clips", [1, 3])
def test_dynamic_pointwise_convolution_has_a_kernel_per_clip(n_clips):
    convolution = with_kernels(DynamicPointwise(5, 7, DIM, CONFIG))
    x, context = random(n_clips, 5, 6, 9), random(n_clips, DIM, seed=3)
    expected = clip_by_clip(convolution, x, context, size=(1, 1), how={})
    torch.testing.assert_close(convolution(x, context), expected)


@pytest.mark.parametrize(("kernel_size", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
@pytest.mark.parametrize("n_clips", [1, 3])
@pytest.mark.parametrize("form", ["_map_of_mean", "_mean_of_maps"])
def test_dynamic_depthwise_convolution_has_a_kernel_per_clip(form, n_clips, kernel_size, stride):
    convolution = with_kernels(DynamicDepthwise(5, DIM, CONFIG, kernel_size=kernel_size, stride=stride))
    x, context = random(n_clips, 5, 6, 9), random(n_clips, DIM, seed=3)
    how = {"stride": stride, "padding": kernel_size // 2, "groups": 5}
    expected = clip_by_clip(convolution, x, context, size=(kernel_size, kernel_size), how=how)
    torch.testing.assert_close(getattr(convolution, form)(x, convolution.weights(context)), expected)
    torch.testing.assert_close(convolution(x, context), expected)


def test_kernel_weights_sum_to_1_at_every_temperature():
    context = 10 * random(3, DIM)
    sharp, even = KernelWeights(DIM, CONFIG), KernelWeights(DIM, replace(CONFIG, temperature=1e6))
    even.load_state_dict(sharp.state_dict())
    torch.testing.assert_close(sharp(context).sum(dim=1), torch.ones(3))
    torch.testing.assert_close(even(context), torch.full((3, 4), 0.25))
    assert sharp(context).amax(dim=1).min() > 0.3


def test_dynamic_relu_without_context_is_relu():
    relu = DynamicReLU(5, DIM)
    torch.nn.init.zeros_(relu.linear.bias)
    x = random(2, 5, 4, 6)
    torch.testing.assert_close(relu(x, torch.zeros(2, DIM)), functional.relu(x))


def test_dynamic_relu_by_hand():
    relu = DynamicReLU(2, DIM)
    with torch.no_grad():
        # sigmoid(ln 3) is 3/4, so ln 3 gives half of what is allowed, and -ln 3 minus half of it.
        relu.linear.bias.copy_(torch.tensor([1.0, -1, 1, -1, -1, 1, 0, 0]) * torch.log(torch.tensor(3.0)))
    y = relu(torch.tensor([2.0, -2.0]).expand(1, 2, 1, 2), torch.zeros(1, DIM))
    # The larger of 1.5 x + 0.25 and -0.5 x - 0.25; of 0.5 x and 0.5 x.
    torch.testing.assert_close(y, torch.tensor([[[[3.25, 0.75]], [[1.0, -1.0]]]]))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("n_mels", "n_frames"), [(4, 32), (5, 33), (1, 1)])
def test_coordinate_weights_fit_the_output_map(n_mels, n_frames, stride):
    context = Context(3, DIM, 6, stride).eval()
    depthwise = with_kernels(DynamicDepthwise(6, DIM, CONFIG, kernel_size=5, stride=stride))
    output = context(random(2, 3, n_mels, n_frames))
    behind = depthwise(random(2, 6, n_mels, n_frames), output.clip)
    assert output.mel_weights.shape == (2, 6, behind.shape[2], 1)
    assert output.frame_weights.shape == (2, 6, 1, behind.shape[3])
    for weights in (output.mel_weights, output.frame_weights):
        assert weights.min() > 0
        assert weights.max() < 1


def test_time_and_frequency_are_distinguished():
    """A map that changes over time alone has the same weight at every frequency, and the other way round."""
    context = Context(3, DIM, 6, stride=1).eval()
    over_time = random(1, 3, 1, 9).expand(1, 3, 4, 9)
    output = context(over_time)
    assert output.mel_weights.std(dim=2).max() < 1e-6
    assert output.frame_weights.std(dim=3).max() > 1e-3
    output = context(over_time.transpose(2, 3))
    assert output.frame_weights.std(dim=3).max() < 1e-6
    assert output.mel_weights.std(dim=2).max() > 1e-3


@pytest.mark.parametrize("name", ["dymn04_as", "dymn10_as", "dymn20_as"])
def test_published_entries_map_one_to_one(name, shared):
    published = json.loads((shared / "reference/efficientat/state_dicts.json").read_text())[name.removesuffix("_as")]
    with torch.device("meta"):
        network = construct_network(name, find_model(name).config)
        tensors = {key: torch.empty(shape) for key, shape, _ in published["state_dict"]}
    ours = {key: value.shape for key, value in network.state_dict().items()}
    assert {key: value.shape for key, value in from_published(tensors).items()} == ours
    assert sum(parameter.numel() for parameter in network.parameters()) == published["parameters"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "published_giga"), [("dymn04_as", 0.12), ("dymn10_as", 0.58), ("dymn20_as", 2.2)])
def test_cost_of_ten_seconds_equals_the_paper(name, published_giga):
    with torch.device("meta"):
        network = construct_network(name)
    assert multiply_adds(network, 10) / 1e9 == pytest.approx(published_giga, rel=0.03)


def test_published_kernels_are_read_in_order():
    numbers = torch.arange(4.0 * 2 * 9).reshape(1, 1, 4, 18)
    published = {"layers.3.depth_conv.weight": numbers, "layers.3.depth_norm.weight": torch.ones(2)}
    kernels = from_published(published)["blocks.3.depthwise.kernels"]
    assert kernels.shape == (4, 2, 3, 3)
    assert torch.equal(kernels[1, 1], torch.arange(27.0, 36.0).reshape(3, 3))
