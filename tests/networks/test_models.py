"""Tests of every registered model. A new family needs at most a line in `small_models.py`, which makes it small."""

from functools import lru_cache

import pytest
import torch

from panns.checkpoints.checkpoint import open_checkpoint
from panns.checkpoints.manifest import ModelManifest
from panns.labels import named_labels
from panns.models import find_model, list_models
from panns.networks.build import build_network
from panns.networks.contract import NetworkOutput
from panns.networks.saving import load_network, save_checkpoint
from tests.small_models import first_of_each_network, small_config
from tests.tiny_checkpoints import healthy_network

# The default run tests one model of each network class; `make test-full` tests all settings.
EVERY_TIME = first_of_each_network()
each_model = pytest.mark.parametrize(
    "name",
    [pytest.param(entry.name, marks=() if entry.name in EVERY_TIME else pytest.mark.slow) for entry in list_models()],
)


@lru_cache(maxsize=4)
def small_network(name):
    return healthy_network(name, small_config(name))


def noise(n_clips, n_samples, seed=0):
    generator = torch.Generator().manual_seed(seed)
    loudness = torch.logspace(-1, -3, n_clips)[:, None]
    return loudness * torch.randn(n_clips, n_samples, generator=generator)


def lengths(config):
    """One sample, lengths around the minimum, and more than a second."""
    shortest = config.min_input_samples
    return [1, shortest - 1, shortest, shortest + 1, config.frontend.sample_rate + 12_345]


def check_shapes(output, config, n_clips, n_samples):
    assert isinstance(output, NetworkOutput)
    assert output.clip_logits.shape == (n_clips, config.n_classes)
    if config.frame_hop_s is None:
        assert output.frame_logits is None
    else:
        assert output.frame_logits.shape == (n_clips, config.n_frames(n_samples), config.n_classes)
    if config.embedding_dim is None:
        assert output.embedding is None
    else:
        assert output.embedding.shape == (n_clips, config.embedding_dim)
    assert all(field.isfinite().all() for field in output if field is not None)


@each_model
@pytest.mark.parametrize("n_clips", [1, 2])
def test_output_shapes_at_any_length(name, n_clips):
    network = small_network(name)
    with torch.inference_mode():
        for n_samples in lengths(network.config):
            output = network(noise(n_clips, n_samples))
            check_shapes(output, network.config, n_clips, n_samples)
            assert output.frame_logits is not None or output.embedding is not None


@each_model
def test_scores_depend_on_the_sound(name):
    network = small_network(name)
    config = network.config
    with torch.inference_mode():
        first, second = network(noise(2, config.frontend.sample_rate)).clip_logits.sigmoid()
        silence = network(torch.zeros(1, config.frontend.sample_rate)).clip_logits[0].sigmoid()
    assert (first - second).abs().max() > 1e-2
    assert (first - silence).abs().max() > 1e-2


@each_model
def test_evaluation_is_deterministic(name):
    network = small_network(name)
    waveforms = noise(2, network.config.frontend.sample_rate)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with torch.inference_mode():
        first, second = network(waveforms), network(waveforms)
    for one, other in zip(first, second, strict=True):
        assert (one is None and other is None) or torch.equal(one, other)
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


@each_model
def test_scores_do_not_depend_on_the_batch(name):
    network = small_network(name)
    waveforms = noise(3, network.config.frontend.sample_rate)
    with torch.inference_mode():
        together = network(waveforms)
        for i, waveform in enumerate(waveforms):
            alone = network(waveform[None])
            # Trained models keep to 2e-6 (tests/runtime/test_model.py); random parameters amplify rounding.
            allowed = 2e-5
            assert (alone.clip_logits[0].sigmoid() - together.clip_logits[i].sigmoid()).abs().max() <= allowed
            if alone.frame_logits is not None:
                assert (alone.frame_logits[0].sigmoid() - together.frame_logits[i].sigmoid()).abs().max() <= allowed


@each_model
def test_short_clips_are_padded_with_zeros_at_the_end(name):
    network = small_network(name)
    shortest = network.config.min_input_samples
    clip = noise(1, shortest // 2)
    padded = torch.nn.functional.pad(clip, (0, shortest - clip.shape[-1]))
    with torch.inference_mode():
        assert torch.equal(network(clip).clip_logits, network(padded).clip_logits)


@each_model
def test_gradients_reach_every_parameter(name):
    torch.manual_seed(0)
    config = small_config(name)
    network = build_network(name, config)
    assert network.training
    optimiser = torch.optim.SGD(network.parameters(), lr=1e-3)
    for _ in range(3):  # branches that start at zero pass gradients on from the second step
        output = network(noise(3, config.frontend.sample_rate))
        check_shapes(output, config, 3, config.frontend.sample_rate)
        optimiser.zero_grad()
        (output.clip_logits * torch.randn(config.n_classes)).sum().backward()
        optimiser.step()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.dim() < 2 or parameter.grad.any(), key


@each_model
def test_a_checkpoint_restores_the_network(name, tmp_path):
    network = small_network(name)
    manifest = ModelManifest(architecture=name, config=network.config, labels=named_labels(find_model(name).labels))
    save_checkpoint(network, manifest, tmp_path)
    loaded = load_network(open_checkpoint(tmp_path))
    assert not loaded.training
    assert loaded.config == network.config
    assert not any(value.is_meta for value in (*loaded.parameters(), *loaded.buffers()))
    parameters = loaded.state_dict()
    assert parameters.keys() == network.state_dict().keys()
    assert all(torch.equal(parameters[key], value) for key, value in network.state_dict().items())
    waveforms = noise(2, network.config.frontend.sample_rate)
    with torch.inference_mode():
        for ours, theirs in zip(loaded(waveforms), network(waveforms), strict=True):
            if theirs is not None:  # another alignment in memory may change the order of sums
                torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


@each_model
def test_the_registered_config_builds(name):
    """Full size, on the meta device, which takes no memory."""
    entry = find_model(name)
    with torch.device("meta"):
        network = build_network(name)
    assert network.config == entry.config
