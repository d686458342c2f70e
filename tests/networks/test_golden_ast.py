"""Parity with the published AST: the same parameters and the same sound give the same scores."""

import json
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import safetensors.numpy
import torch

from panns.models import find_model
from panns.networks.build import construct_network, load_strictly
from panns.published.spectrogram_transformer import from_published
from tests.commands import WITHOUT_TORCH, run_python, succeed
from tests.conftest import SHARED
from tests.networks.test_golden import difference, golden_waveforms, original_module
from tests.sounds import write_wav

# From one log-mel, and from the waveform: the original's float32 front end is 1.9e-4 from the definition.
MAX_LOGIT, MAX_EMBEDDING, MAX_LOGIT_OF_WAVEFORM = 1e-5, 1e-5, 5e-5
SIZES = ["ast_2", pytest.param("ast_12", marks=pytest.mark.slow)]
BOTH = ["ast_2", "ast_12"]


def published_facts(size):
    return json.loads((SHARED / "reference/ast/state_dicts.json").read_text())[size]


def hub_parameters(size):
    """Parameters in the form of the transformers library."""
    original = original_module(SHARED / "reference/ast/recipe_ast.py")
    return {key: original.fill(key, shape) for key, shape, _ in published_facts(size)["safetensors"]}


@lru_cache(maxsize=1)
def original_network(size):
    network = construct_network(
        "ast_10_10", replace(find_model("ast_10_10").config, depth=published_facts(size)["layers"])
    )
    arrays = from_published(hub_parameters(size))
    load_strictly(network, {key: torch.from_numpy(np.array(array)) for key, array in arrays.items()}, where=size)
    assert sum(parameter.numel() for parameter in network.parameters()) == published_facts(size)["parameters"]
    return network.eval()


def sounds(length):
    """Two waveforms; those of over 10 s repeat the one of 10 s."""
    if length == "1s":
        return golden_waveforms("1s_16000")
    return golden_waveforms("10s_16000").repeat(1, 2)[:, : round(float(length.removesuffix("s")) * 16_000)]


def golden(name):
    with np.load(SHARED / "reference/ast/ast.npz") as stored:
        return stored[name]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.usefixtures("shared")
def test_scores_of_the_same_log_mel_equal_the_original(size):
    with torch.inference_mode():
        output = original_network(size).forward_features(torch.from_numpy(golden("1s:input_values")))
    assert difference(output.clip_logits, golden(f"{size}/1s:logits")) <= MAX_LOGIT
    assert difference(output.embedding, golden(f"{size}/1s:embedding")) <= MAX_EMBEDDING


@pytest.mark.slow
@pytest.mark.parametrize(("size", "length"), [(size, length) for size in BOTH for length in ("1s", "10.24s", "12s")])
@pytest.mark.usefixtures("shared")
def test_scores_of_a_waveform_equal_the_original(size, length):
    """The original leaves out what is beyond 1,024 frames."""
    network = original_network(size)
    with torch.inference_mode():
        output = network(sounds(length)[:, : network.config.max_input_samples])
    assert difference(output.clip_logits, golden(f"{size}/{length}:logits")) <= MAX_LOGIT_OF_WAVEFORM
    assert difference(output.embedding, golden(f"{size}/{length}:embedding")) <= MAX_LOGIT_OF_WAVEFORM


@pytest.mark.slow
@pytest.mark.parametrize("size", BOTH)
@pytest.mark.usefixtures("shared")
def test_every_block_equals_the_original(size):
    network = original_network(size)
    means = []
    for block in network.blocks:
        block.register_forward_pre_hook(lambda _, inputs: means.append(inputs[0].mean(dim=1)))
    hook = network.blocks.register_forward_hook(lambda _, __, output: means.append(output.mean(dim=1)))
    with torch.inference_mode():
        network.forward_features(torch.from_numpy(golden("1s:input_values")))
    hook.remove()
    original_network.cache_clear()
    assert len(means) == len(network.blocks) + 1
    for i, mean in enumerate(means):
        assert difference(mean, golden(f"{size}/1s:hidden{i}_token_mean")) <= MAX_EMBEDDING, i


@pytest.mark.usefixtures("shared")
def test_both_published_forms_have_the_names_of_the_original():
    """With small arrays in place of the weights: each has its place."""
    facts = published_facts("ast_12")
    shapes = {key: shape for key, shape, _ in facts["safetensors"]}
    hub, authors = {}, {}
    for number, (key, name, *rows) in enumerate(facts["mapping"]):
        hub[key] = np.full(shapes[key][:1] if "embeddings." not in key else shapes[key], number, np.float32)
        if rows:
            authors.setdefault(name, np.zeros(2304, np.float32))[slice(*rows[0])] = hub[key]
        else:
            authors[name] = hub[key]
    authors |= dict.fromkeys(facts["pth_unused"], np.zeros(1000, np.float32))
    assert authors.keys() == {key for key, *_ in facts["pth"]}
    ours = from_published(hub)
    theirs = from_published({key.removeprefix("module."): array for key, array in authors.items()})
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[key], theirs[key]) for key in ours)
    with torch.device("meta"):
        network = construct_network("ast_10_10")
    assert ours.keys() == network.state_dict().keys()
    assert all(len(array) == len(network.state_dict()[key]) for key, array in ours.items())


@pytest.mark.slow
@pytest.mark.usefixtures("shared")
def test_a_file_of_the_model_hub_runs_without_torch(tmp_path):
    """Its size is that of the published file, to the byte."""
    path = tmp_path / "model.safetensors"
    safetensors.numpy.save_file(hub_parameters("ast_12"), path, metadata={"format": "pt"})
    assert path.stat().st_size == find_model("ast_10_10").weights.n_bytes
    sound = write_wav(tmp_path / "a.wav", sounds("1s")[0].numpy(), 16_000)
    code = WITHOUT_TORCH + "from panns.cli.main import main; main()"
    options = ("--model", "ast_10_10", "--weights", path, "--top", "1", "--json")
    answer = json.loads(succeed(run_python(code, "tag", sound, *options)))["tags"][0]
    expected = 1 / (1 + np.exp(-golden("ast_12/1s:logits")[0].astype(float)))
    assert answer["index"] == expected.argmax()
    assert answer["score"] == pytest.approx(expected.max(), abs=1e-4)
