"""Ensembles of trained models."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from panns.checkpoints.manifest import ModelManifest
from panns.cli.main import app
from panns.errors import SettingsError
from panns.labels import LabelSet
from panns.networks.build import build_network
from panns.networks.saving import save_checkpoint
from panns.recognizer import load
from panns.training.ensembling import join_models
from panns.training.run import train_model
from panns.training.settings import read_settings
from tests.small_models import small_config
from tests.sounds import noise


def invoke(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments])


def make(
    folder, *, seed=0, architecture="residual_cnn", labels=("cat", "dog"), activation="softmax", window_s=5.0, **changes
):
    torch.manual_seed(seed)
    config = small_config("ensemble").base_config if architecture == "residual_cnn" else small_config(architecture)
    config = type(config)(**{**vars(config), "n_classes": len(labels), **changes})
    network = build_network(architecture, config).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.Linear):  # else all classes score alike
            torch.nn.init.normal_(module.weight)
    manifest = ModelManifest(
        architecture, config, LabelSet.from_names("x", list(labels)), activation, window_s=window_s,
        licence=f"licence {seed % 2}", source=f"seed {seed}", training_data="sounds",
    )  # fmt: skip
    return str(save_checkpoint(network, manifest, folder).path)


def test_an_ensemble_scores_the_mean_of_the_logits(tmp_path):
    members = [make(tmp_path / str(seed), seed=seed) for seed in range(3)]
    result = invoke("models", "join", *members, "-o", tmp_path / "all")
    assert result.exit_code == 0
    assert "mean of the logits of 3 models" in result.stdout
    joined = load(tmp_path / "all", backend="torch")
    waveform = noise(1.0)
    probs = np.stack([load(member, backend="torch").run([waveform]).clip_probs[0] for member in members])
    mean = np.exp(np.log(probs).mean(axis=0))
    np.testing.assert_allclose(joined.run([waveform]).clip_probs[0], mean / mean.sum(), atol=1e-6)
    manifest = joined.manifest
    assert (manifest.architecture, manifest.window_s, manifest.training_data) == ("ensemble", 5.0, "sounds")
    assert manifest.licence == "licence 0; licence 1"
    assert manifest.source == "the mean of 3 models' logits: seed 0; seed 1; seed 2"


def test_half_precision_halves_the_file(tmp_path):
    members = [make(tmp_path / str(seed), seed=seed) for seed in range(2)]
    files = [
        join_models(members, tmp_path / stored, stored=stored).path / "model.safetensors"
        for stored in ("float32", "float16")
    ]
    assert files[1].stat().st_size < 0.7 * files[0].stat().st_size
    sound = noise(1.0)
    whole, rounded = (load(file.parent, backend="torch").run([sound]).clip_probs for file in files)
    np.testing.assert_allclose(rounded, whole, atol=0.01)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"architecture": "cnn6"}, "architecture was residual_cnn and is cnn6"),
        ({"dropout": 0.4}, "config.dropout was 0.2 and is 0.4"),
        ({"labels": ("cat", "cow")}, "classes was ['cat', 'dog'] and is ['cat', 'cow']"),
        ({"activation": "sigmoid"}, "activation was softmax and is sigmoid"),
        ({"window_s": 1.0}, "window_s was 5.0 and is 1.0"),
    ],
)
def test_members_that_differ_are_refused(tmp_path, other, words):
    first, second = make(tmp_path / "first"), make(tmp_path / "second", **other)
    with pytest.raises(
        SettingsError, match=re.escape(f"{second} and {first} differ in more than their parameters: {words}")
    ):
        join_models([first, second], tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_models_that_cannot_be_joined_are_refused(tmp_path):
    """An exported file has no parameters for torch, and a streaming model keeps one state a stream."""
    first = make(tmp_path / "first")
    exported = make(tmp_path / "exported")
    (tmp_path / "exported" / "model.safetensors").unlink()
    with pytest.raises(SettingsError, match=r"has no model\.safetensors"):
        join_models([first, exported], tmp_path / "all")
    with pytest.raises(SettingsError, match="'stream' has a state"):
        join_models(["stream", "stream"], tmp_path / "all")


@pytest.mark.slow
def test_onnx_runtime_scores_an_ensemble_like_torch(tmp_path):
    members = [make(tmp_path / str(seed), seed=seed) for seed in range(2)]
    joined, sound = join_models(members, tmp_path / "all").path, noise(1.0)
    onnx, torch_ = (load(joined, backend=backend).run([sound]).clip_probs for backend in ("onnx", "torch"))
    np.testing.assert_allclose(onnx, torch_, atol=1e-5)


@pytest.mark.slow
def test_an_ensemble_can_be_fine_tuned_and_teach(tmp_path, settings_file):
    """The last blocks of every member train."""
    members = [make(tmp_path / str(seed), seed=seed) for seed in range(2)]
    joined = join_models(members, tmp_path / "all").path
    changes = ("n_steps=1", "model.transfer.trained=last", "model.transfer.n_last_blocks=1")
    tuned = train_model(read_settings(settings_file, (f"model.name={joined}", *changes)), tmp_path / "tuned").checkpoint
    before, after = (load_file(folder / "model.safetensors") for folder in (joined, tuned.path))
    changed = {
        key.split(".", 2)[1]
        for key in before
        if before[key].shape == after[key].shape and (before[key] != after[key]).any()
    }
    assert changed == {"0", "1"}
    changes = (f"teacher.name={joined}", "loss.embedding=1.0", "n_steps=1")
    train_model(read_settings(settings_file, changes), tmp_path / "taught")


def test_one_model_or_a_used_folder_is_refused(tmp_path):
    first = make(tmp_path / "first")
    with pytest.raises(SettingsError, match="1 model given"):
        join_models([first], tmp_path / "all")
    with pytest.raises(SettingsError, match="holds a model already"):
        join_models([first, first], tmp_path / "first")
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="file is a file"):
        join_models([first, first], tmp_path / "file")
    with pytest.raises(SettingsError, match="mn04_as is the name of a registered model"):
        join_models([first, first], Path("mn04_as"))
    result = invoke("models", "join", first, "-o", tmp_path / "all")
    assert result.exit_code != 0
    assert "1 model given" in str(result.exception)
