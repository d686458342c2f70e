from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from panns.checkpoints.checkpoint import MANIFEST_FILE, TORCH_FILE, Checkpoint, open_checkpoint
from panns.checkpoints.manifest import ModelManifest
from panns.errors import CheckpointError, SettingsError
from panns.labels import LabelSet
from panns.models.cnn import CnnConfig
from panns.networks.build import build_network
from panns.networks.saving import load_network, round_to_half, save_checkpoint

CONFIG = CnnConfig(channels=(4, 8), n_poolings=2, hidden_dim=8, n_classes=2)
MANIFEST = ModelManifest(architecture="cnn6", config=CONFIG, labels=LabelSet.from_names("pets", ["cat", "dog"]))


@pytest.fixture
def checkpoint(tmp_path):
    return save_checkpoint(build_network("cnn6", CONFIG).eval(), MANIFEST, tmp_path / "new" / "folder")


def with_parameters(checkpoint, write):
    """The checkpoint with other parameters under a digest that fits them."""
    write(checkpoint.path / TORCH_FILE)
    return checkpoint.record_files(TORCH_FILE)


def test_saved_checkpoint_can_be_opened(checkpoint):
    assert open_checkpoint(checkpoint.path) == checkpoint
    assert checkpoint.manifest.config == CONFIG
    assert sorted(path.name for path in checkpoint.path.iterdir()) == [MANIFEST_FILE, TORCH_FILE]


def test_existing_checkpoint_is_replaced(checkpoint):
    other = build_network("cnn6", CONFIG)
    saved = save_checkpoint(other, replace(MANIFEST, source="another"), checkpoint.path)
    assert open_checkpoint(checkpoint.path) == saved
    assert torch.equal(load_network(saved).head.classifier.weight, other.head.classifier.weight)
    with pytest.raises(CheckpointError, match="differs from"):
        load_network(checkpoint)


def test_loaded_network_has_the_saved_config(checkpoint):
    assert load_network(checkpoint).config == CONFIG


def test_checkpoint_without_parameters_names_other_backends(tmp_path):
    with pytest.raises(CheckpointError, match=r"has no model\.safetensors; use backend='onnx'"):
        load_network(Checkpoint(tmp_path, MANIFEST))


@pytest.mark.parametrize("content", [b"", b"abc", b"\xff" * 100, b"\x08" + bytes(7) + b"{}      "])
def test_damaged_file_with_matching_digest_is_refused(checkpoint, content):
    damaged = with_parameters(checkpoint, lambda path: path.write_bytes(content))
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        load_network(damaged)


def test_parameters_of_another_network_are_refused(checkpoint):
    other = with_parameters(checkpoint, lambda path: save_file({"w": torch.zeros(1)}, path))
    with pytest.raises(
        CheckpointError, match=r"does not fit: \d+ missing, such as blocks\.0\..*; 1 unknown, such as w"
    ):
        load_network(other)


def test_parameters_out_of_half_precision_are_named():
    network = build_network("cnn6", CONFIG)
    with torch.no_grad():
        network.head.classifier.bias[0] = 70_000.0
    with pytest.raises(SettingsError, match=r"head.classifier.bias reaches 70000, .* 65504; store it in float32"):
        round_to_half(network)
