"""Frame-wise MobileNets: parity with the original, from its parameters and its sounds."""

import json
import re
from functools import lru_cache

import numpy as np
import pytest
import torch

from panns.checkpoints.manifest import ModelManifest
from panns.export.to_onnx import export_onnx
from panns.export.verify import verify_onnx
from panns.frontend import log_mel
from panns.labels import named_labels
from panns.models import find_model
from panns.models.frame_mobilenet import KALDI_LOGMEL_16K, FrameMobileNetConfig
from panns.networks.build import construct_network, load_strictly
from panns.networks.saving import save_checkpoint
from panns.published.frame_mobilenet import from_published
from tests.commands import WITHOUT_TORCH, run_python, succeed
from tests.conftest import SHARED
from tests.networks.test_golden import difference, golden_waveforms, original_module
from tests.tiny_checkpoints import healthy_network

REFERENCE = SHARED / "reference/frame_mn"
SHOWN_CLASSES = [0, 72, 137, 263, 446]
NAMES = ("frame_mn04", "frame_mn06", "frame_mn10", "frame_mn20", "frame_mn30")
CASES = [pytest.param(name, marks=() if name == "frame_mn04" else pytest.mark.slow) for name in NAMES]
# From one log-mel, and from a waveform: the original's float32 transform and filters move its log-mel by up to 7e-4.
MAX_LOGIT, MAX_PROB, MAX_EMBEDDING = 3e-4, 5e-5, 5e-5
MAX_LOGIT_OF_WAVEFORM, MAX_PROB_OF_WAVEFORM, MAX_EMBEDDING_OF_WAVEFORM = 2e-2, 5e-3, 2e-2


def published_parameters(name):
    """Parameters in the form of the original, without a prefix."""
    original = original_module(REFERENCE / "recipe_frame_mn.py")
    facts = json.loads((REFERENCE / "state_dicts.json").read_text())[name]
    statistics = {key.removeprefix("bn:"): array for key, array in golden(name).items() if key.startswith("bn:")}
    return {key: original.fill(key, shape) for key, shape, _ in facts["state_dict"]} | statistics


def golden(name):
    with np.load(REFERENCE / f"{name}.npz") as stored:
        return dict(stored)


@lru_cache(maxsize=1)
def original_network(name):
    network = construct_network(name)
    arrays = from_published(published_parameters(name))
    load_strictly(network, {key: torch.from_numpy(np.array(array)) for key, array in arrays.items()}, where=name)
    return network.eval()


def check_scores(output, name, key, max_logit, max_prob, max_embedding):
    wanted = golden(name)
    logits = output.frame_logits.transpose(1, 2)  # (batch, classes, frames)
    shown = wanted[f"{key}:strong_classes"]
    assert difference(logits[:, SHOWN_CLASSES], shown) <= max_logit
    assert difference(logits[:, SHOWN_CLASSES].sigmoid(), 1 / (1 + np.exp(-shown))) <= max_prob
    (every,) = (one for one in wanted if one.startswith(f"{key}:strong_every"))
    assert difference(logits[..., :: int(every.rpartition("every")[2])], wanted[every]) <= max_logit
    assert difference(output.embedding, wanted[f"{key}:embedding"]) <= max_embedding
    assert torch.equal(output.clip_logits, output.frame_logits.amax(dim=1))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("shared")
def test_scores_of_the_same_log_mel_equal_the_original(name):
    features = torch.from_numpy(golden("frame_mn04")["1s_16000:logmel"]).transpose(1, 2)
    with torch.inference_mode():
        output = original_network(name).forward_features(features)
    check_scores(output, name, "1s_16000", MAX_LOGIT, MAX_PROB, MAX_EMBEDDING)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("length", ["1s_16000", pytest.param("10s_16000", marks=pytest.mark.slow)])
@pytest.mark.usefixtures("shared")
def test_scores_of_a_waveform_equal_the_original(name, length):
    with torch.inference_mode():
        output = original_network(name)(golden_waveforms(length))
    check_scores(output, name, length, MAX_LOGIT_OF_WAVEFORM, MAX_PROB_OF_WAVEFORM, MAX_EMBEDDING_OF_WAVEFORM)


@pytest.mark.usefixtures("shared")
def test_every_stage_equals_the_original():
    network, means = original_network("frame_mn04"), []
    hooks = [
        stage.register_forward_hook(lambda _, __, output: means.append(output.mean(dim=(2, 3))))
        for stage in (network.stem, *network.blocks, network.last)
    ]
    stored = golden("frame_mn04")
    with torch.inference_mode():
        network.forward_features(torch.from_numpy(stored["1s_16000:logmel"]).transpose(1, 2))
    for hook in hooks:
        hook.remove()
    assert len(means) == 17
    for i, mean in enumerate(means):
        assert difference(mean, stored[f"1s_16000:features{i}_channel_mean"]) <= MAX_EMBEDDING, i


@pytest.mark.usefixtures("shared")
def test_the_log_mel_equals_the_original():
    wanted = golden("frame_mn04")["1s_16000:logmel"].transpose(0, 2, 1)
    errors = np.abs(log_mel(golden_waveforms("1s_16000").numpy(), KALDI_LOGMEL_16K) - wanted)
    assert errors.max() <= 1e-3
    assert np.quantile(errors, 0.999) <= 1.5e-4


@pytest.mark.parametrize(
    ("backbone", "head"),
    [("model.frame_mn.", ""), ("net.model.", "net."), ("model.model.", "model."), ("model.fmn.", ""), ("", "")],
)
@pytest.mark.usefixtures("shared")
def test_published_names_with_every_prefix(backbone, head):
    plain = published_parameters("frame_mn04")
    prefixed = {f"{backbone if key.startswith('features.') else head}{key}": array for key, array in plain.items()}
    found = from_published(prefixed)
    assert found.keys() == construct_network("frame_mn04").state_dict().keys()
    assert found["classifier.weight"] is plain["strong_head.weight"]
    assert found["blocks.14.project.0.weight"] is plain["features.15.block.3.0.weight"]


def test_two_entries_of_one_name_are_refused():
    array = np.zeros(1, np.float32)
    with pytest.raises(ValueError, match="1 entries have the names of others"):
        from_published({"strong_head.bias": array, "model.strong_head.bias": array})


@pytest.mark.parametrize(
    ("name", "n_parameters", "dim"), [("frame_mn04", 862_000, 384), ("frame_mn30", 28_570_000, 2880)]
)
def test_settings_equal_the_published_models(name, n_parameters, dim):
    config = find_model(name).config
    assert (config.embedding_dim, config.n_classes, config.frame_hop_s) == (dim, 447, 0.04)
    assert config.n_frames(160_000) == 250
    assert (config.n_frames(16_000), config.n_frames(40_000)) == (25, 63)
    assert config.max_input_samples == 160_000
    with torch.device("meta"):
        network = construct_network(name)
    # Without the classifier of clips, which is dropped.
    found = sum(parameter.numel() for parameter in network.parameters()) + 447 * (dim + 1)
    assert found == pytest.approx(n_parameters, rel=3e-3)


def test_a_frame_depends_on_the_whole_sound():
    network = healthy_network("frame_mn04", FrameMobileNetConfig(width=0.1))
    sound = 0.1 * torch.randn(1, 48_000, generator=torch.Generator().manual_seed(0))
    other = torch.cat([sound[:, :32_000], 10 * sound[:, 32_000:]], dim=1)
    with torch.inference_mode():
        first, second = (network(one).frame_logits[0, :25] for one in (sound, other))
    assert (first - second).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 0.0}, "width=0.0 must be positive"),
        ({"dropout": 1.0}, "dropout=1.0 must be at least 0 and below 1"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        FrameMobileNetConfig(**settings)


@pytest.mark.slow
@pytest.mark.usefixtures("shared")
def test_the_original_can_be_exported(tmp_path):
    """From one log-mel the graph equals the network; from its own, the rounding would be amplified beyond 1e-4."""
    entry = find_model("frame_mn04")
    manifest = ModelManifest(
        entry.name, entry.config, named_labels(entry.labels), licence="MIT", source="made by a test"
    )
    checkpoint = save_checkpoint(original_network("frame_mn04"), manifest, tmp_path / "model")
    export_onnx(checkpoint, tmp_path / "a.onnx")
    differences = verify_onnx(checkpoint, tmp_path / "a.onnx")
    assert 0 < differences.scores < 1e-4
    assert 0 < differences.log_mel_db < 1e-2


@pytest.mark.slow
@pytest.mark.usefixtures("shared")
def test_a_published_file_runs_without_torch(tmp_path):
    """From the file of torch to scores of frames."""
    tensors = {
        f"net.model.{key}" if key.startswith("features.") else f"net.{key}": torch.from_numpy(np.array(array))
        for key, array in published_parameters("frame_mn04").items()
    }
    torch.save(tensors, tmp_path / "fmn04_strong.pt")
    np.save(tmp_path / "sound.npy", golden_waveforms("10s_16000").numpy())
    code = f"{WITHOUT_TORCH}import sys, numpy as np, panns; np.save('probs.npy', {RUN}.frame_probs)"
    succeed(run_python(code, "fmn04_strong.pt", "sound.npy", cwd=tmp_path))
    wanted = 1 / (1 + np.exp(-golden("frame_mn04")["10s_16000:strong_classes"].astype(float)))
    found = np.load(tmp_path / "probs.npy").transpose(0, 2, 1)[:, SHOWN_CLASSES]
    assert difference(found, wanted) <= MAX_PROB_OF_WAVEFORM


RUN = "panns.load('frame_mn04', sys.argv[1]).run(np.load(sys.argv[2]))"
