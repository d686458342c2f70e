"""Parity with the originals by the arrays in `tests/golden` alone: nothing beside the checkout is needed."""

import json

import numpy as np
import pytest
import torch

from panns.frontend import log_mel
from panns.models import find_model
from tests.golden import published, recipe
from tests.networks.test_golden import MAX_DB, MAX_EMBEDDING, MAX_PROB, difference, network_of

PARAMETERS = {"ced_tiny": recipe.ced_parameter, "mn04_as": recipe.mobile_net_parameter}


@pytest.fixture(scope="module")
def golden():
    with np.load(published.FILE) as stored:
        return dict(stored)


def test_the_arrays_are_those_of_the_reference(shared, golden):
    expected = published.arrays(shared / "reference")
    assert expected.keys() == golden.keys()
    assert all(np.array_equal(golden[key], value) for key, value in expected.items())


def test_cnn6_equals_the_original():
    with np.load(published.FILE.with_name("cnn6_1s.npz")) as stored:
        network = network_of("cnn6", recipe.state_dict(recipe.cnn6_shapes()))
        waveforms = torch.from_numpy(recipe.waveforms(32_000, 1))
        with torch.inference_mode():
            output = network(waveforms)
            features = network.frontend(waveforms)
        assert difference(output.clip_logits.sigmoid(), stored["clip_probs"]) <= MAX_PROB
        assert difference(output.embedding, stored["embedding"]) <= MAX_EMBEDDING
        for ours in (features.numpy(), log_mel(waveforms.numpy(), network.config.frontend)):
            assert difference(ours[:, stored["logmel_frames"]], stored["logmel"]) <= MAX_DB
    assert output.frame_logits is None


# The random parameters of the MobileNet amplify the rounding of its spectrum.
@pytest.mark.parametrize(("name", "max_prob"), [("ced_tiny", MAX_PROB), ("mn04_as", 5e-5)])
def test_published_networks_equal_the_originals(name, max_prob, golden):
    parameters, statistics = {}, golden.get(f"{name}/statistics")
    for key, shape in json.loads(golden[f"{name}/shapes"].tobytes()):
        if statistics is not None and key.endswith(("running_mean", "running_var")):
            parameters[key], statistics = statistics[: shape[0]], statistics[shape[0] :]
        else:
            parameters[key] = PARAMETERS[name](key, tuple(shape))
    assert statistics is None or len(statistics) == 0
    network = network_of(name, parameters)
    with torch.inference_mode():
        output = network(torch.from_numpy(recipe.waveforms(network.config.frontend.sample_rate, 1)))
    assert difference(output.clip_logits.sigmoid(), golden[f"{name}/clip_probs"]) <= max_prob
    assert difference(output.embedding, golden[f"{name}/embedding"]) <= 5 * max_prob


@pytest.mark.parametrize(("name", "most"), [("ced_tiny", 5e-4), ("mn04_as", 2e-4)])
def test_log_mels_equal_the_originals(name, most, golden):
    config = find_model(name).config.frontend
    ours = log_mel(recipe.waveforms(config.sample_rate, 1), config)
    assert difference(ours[:, golden["frames"]], golden[f"{name}/logmel"]) <= most
