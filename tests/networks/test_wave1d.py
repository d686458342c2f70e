"""Networks over the waveform: shortest inputs, and initial branches."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from panns.models.wave1d import DaiNetConfig, LeeNetConfig, Res1dNetConfig
from panns.networks.build import build_network
from panns.networks.wave1d import Residual
from panns.published.wave1d import dainet_from_published
from tests.small_models import registered_config

SMALL_LEE = LeeNetConfig(widths=(4,) * 9, n_convs=2, n_poolings=7, hidden_dim=8)
SMALL_DAI = DaiNetConfig(stem_width=4, widths=(4, 6, 8), hidden_dim=8)
SMALL_RES1D = Res1dNetConfig(stem_width=4, widths=(4, 6, 8), depths=(1, 2, 1), hidden_dim=8)
SMALL = {"leenet24": SMALL_LEE, "dainet19": SMALL_DAI, "res1dnet31": SMALL_RES1D}


def frames_of_the_head(network, waveform):
    seen = []
    hook = network.head.register_forward_hook(lambda _module, given, _result: seen.append(given[0].shape[2]))
    with torch.inference_mode():
        network.eval().forward_features(waveform)
    hook.remove()
    return seen[0]


@pytest.mark.parametrize("name", ["dainet19", "res1dnet31"])
def test_the_shortest_input_gives_one_frame(name):
    network = build_network(name, SMALL[name])
    shortest = network.config.min_input_samples
    assert frames_of_the_head(network, torch.randn(1, shortest)) == 1
    with pytest.raises(RuntimeError):
        network.forward_features(torch.randn(1, shortest - 1))


@pytest.mark.parametrize(("n_samples", "n_frames"), [(1, 1), (3**8, 1), (3**8 + 1, 2), (32_000, 5)])
def test_leenet_pads_to_multiples_of_three(n_samples, n_frames):
    # One block divides by stride and seven by maxima; each rounds up.
    assert frames_of_the_head(build_network("leenet24", SMALL_LEE), torch.randn(1, n_samples)) == n_frames


@pytest.mark.parametrize("name", SMALL)
def test_the_shortest_inputs_can_be_trained_on(name):
    network = build_network(name, SMALL[name])
    output = network(torch.randn(2, network.config.min_input_samples))  # batch norms need two values
    output.clip_logits.sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())


@pytest.mark.parametrize("name", ["dainet19", "res1dnet31"])
def test_residual_blocks_start_as_their_shortcuts(name):
    blocks = [module for module in build_network(name, SMALL[name]).modules() if isinstance(module, Residual)]
    assert len(blocks) == {"dainet19": 3, "res1dnet31": 4}[name]
    for block in blocks:
        n_in = next(block.branch.children()).in_channels if name == "dainet19" else block.branch.conv1.in_channels
        x = torch.randn(2, n_in, 16)
        assert torch.equal(block(x), block.shortcut(x).relu())


# Of the published state dicts; DaiNet19's holds 64 * 64 + 2 * 64 more, which it never uses.
@pytest.mark.parametrize(
    ("name", "n_parameters"),
    [
        ("leenet11", 748_367),
        ("leenet24", 10_003_791),
        ("dainet19", 4_385_807 - 4_224),
        ("res1dnet31", 80_464_463),
        ("res1dnet51", 106_538_063),
    ],
)
def test_number_of_parameters(name, n_parameters):
    with torch.device("meta"):
        network = build_network(name)
    assert sum(parameter.numel() for parameter in network.parameters()) == n_parameters


def test_a_block_that_changes_channels_projects_its_shortcut():
    network = build_network("dainet19", replace(SMALL_DAI, widths=(6, 6, 8)))
    assert isinstance(network.blocks[1].shortcut, torch.nn.Identity)
    assert network.blocks[0].shortcut.conv.weight.shape == (6, 4, 1)


def test_the_unused_shortcut_of_dainet_is_left_out():
    assert registered_config("dainet19").widths[0] == registered_config("dainet19").stem_width
    zeros = np.zeros(1, np.float32)
    kept = dainet_from_published(
        {
            "bn0.weight": zeros,
            "conv_block1.downsample.weight": zeros,
            "conv_block1.bn_downsample.running_mean": zeros,
            "conv_block2.bn_downsample.running_mean": zeros,
        }
    )
    assert list(kept) == ["stem.1.weight", "blocks.1.shortcut.norm.running_mean"]
