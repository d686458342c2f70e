import importlib.util
import json

import numpy as np
import pytest

from tests.golden.recipe import CNN6_DIGEST, cnn6_shapes, digest, parameter, state_dict, uniform, waveforms


@pytest.fixture(scope="module")
def original(shared):
    spec = importlib.util.spec_from_file_location("original_recipe", shared / "reference/golden/recipe.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_draws_are_multiples_of_2_to_the_minus_24():
    draws = uniform("x", 9)
    assert np.array_equal(draws[:5], uniform("x", 5))
    assert np.array_equal(draws * 2**24, np.rint(draws * 2**24))
    assert 0 <= draws.min() < draws.max() < 1


def test_digest_of_the_cnn6_parameters():
    assert digest(state_dict(cnn6_shapes())) == CNN6_DIGEST


def test_shapes_of_cnn6_equal_the_published_model(shared):
    published = json.loads((shared / "reference/panns_zoo/Cnn6.json").read_text())
    assert [(key, tuple(shape)) for key, shape, _ in published] == list(cnn6_shapes().items())
    index = json.loads((shared / "reference/golden/index.json").read_text())
    assert index["models"]["Cnn6"]["weights_sha256"] == CNN6_DIGEST


@pytest.mark.parametrize("name", ["Cnn14_DecisionLevelAtt", "MobileNetV2", "ResNet54", "Res1dNet31", "Wavegram_Cnn14"])
def test_parameters_equal_the_original_recipe(shared, original, name):
    entries = json.loads((shared / f"reference/panns_zoo/{name}.json").read_text())
    has_logmel = any(key == "logmel_extractor.melW" for key, *_ in entries)
    small = [
        (key, tuple(shape))
        for key, shape, _ in entries
        if not key.startswith(("spectrogram_extractor.", "logmel_extractor.")) and np.prod(shape) < 20_000
    ]
    assert small
    for key, shape in small:
        ours, theirs = parameter(key, shape, has_logmel=has_logmel), original.fill(key, shape, has_logmel=has_logmel)
        assert ours.dtype == theirs.dtype
        assert np.array_equal(ours, theirs), key


@pytest.mark.parametrize("sample_rate", [32_000, 16_000, 8_000])
@pytest.mark.parametrize("duration_s", [1, 2.5])
def test_waveforms_equal_the_stored_ones(shared, sample_rate, duration_s):
    with np.load(shared / "reference/golden/waveforms.npz") as stored:
        assert np.array_equal(waveforms(sample_rate, duration_s) * 32768, stored[f"{duration_s}s_{sample_rate}"])
