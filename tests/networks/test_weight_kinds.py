import pytest
import torch
from safetensors.torch import save_file

from panns.checkpoints.checkpoint import TORCH_FILE
from panns.checkpoints.manifest import ModelManifest
from panns.errors import CheckpointError
from panns.labels import LabelSet
from panns.models.cnn import CnnConfig
from panns.networks.build import build_network, load_strictly
from panns.networks.saving import load_network, save_checkpoint

CONFIG = CnnConfig(channels=(4, 8), n_poolings=2, hidden_dim=8, n_classes=2)
TENSORS = {"a": torch.arange(600.0).reshape(20, 30), "b": torch.ones(7, dtype=torch.int64)}


def with_one_changed(change):
    parameters = build_network("cnn6", CONFIG).state_dict()
    parameters["head.classifier.weight"] = change(parameters["head.classifier.weight"])
    return parameters


CHANGES = [
    (lambda weight: (100 * weight).to(torch.int64), "int64, where float32"),
    (lambda weight: weight > 0, "bool, where float32"),
    (lambda weight: (100 * weight).to(torch.uint8), "uint8, where float32"),
    (lambda weight: weight.to(torch.float8_e4m3fn), "float8_e4m3fn, where float32"),
    (lambda weight: weight.new_full(weight.shape, torch.nan), "NaN or infinity"),
    (lambda weight: weight.new_full(weight.shape, torch.inf), "NaN or infinity"),
]


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_weights_of_another_kind_are_refused(change, words):
    """Truth values as weights gave Video game music 1.000."""
    with pytest.raises(CheckpointError, match=f"here does not fit: head.classifier.weight .*{words}"):
        load_strictly(build_network("cnn6", CONFIG), with_one_changed(change), where="here")


@pytest.mark.parametrize(("change", "words"), CHANGES)
def test_saved_weights_of_another_kind_are_refused(tmp_path, change, words):
    manifest = ModelManifest("cnn6", CONFIG, LabelSet.from_names("pets", ["cat", "dog"]))
    checkpoint = save_checkpoint(build_network("cnn6", CONFIG), manifest, tmp_path)
    save_file(with_one_changed(change), tmp_path / TORCH_FILE)
    with pytest.raises(CheckpointError, match=words):
        load_network(checkpoint.record_files(TORCH_FILE))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_are_converted(dtype):
    network = build_network("cnn6", CONFIG)
    load_strictly(network, with_one_changed(lambda weight: weight.to(dtype)), where="here")
    assert network.head.classifier.weight.dtype == torch.float32


def test_counts_stay_whole_numbers():
    parameters = build_network("cnn6", CONFIG).state_dict()
    name = next(key for key in parameters if key.endswith("num_batches_tracked"))
    parameters[name] = torch.tensor(1.5)
    with pytest.raises(CheckpointError, match="float32, where int64"):
        load_strictly(build_network("cnn6", CONFIG), parameters, where="here")
