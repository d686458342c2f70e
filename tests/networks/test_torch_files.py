import io
import os
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from panns.checkpoints.checkpoint import TORCH_FILE
from panns.checkpoints.manifest import ModelManifest
from panns.errors import CheckpointError
from panns.labels import LabelSet
from panns.models.cnn import CnnConfig
from panns.networks.build import build_network, load_strictly
from panns.networks.published import read_state_dict
from panns.networks.saving import load_network, save_checkpoint
from panns.networks.torch_files import UnreadableTorchFile, read_torch_file
from tests.commands import needs_posix

CONFIG = CnnConfig(channels=(4, 8), n_poolings=2, hidden_dim=8, n_classes=2)
TENSORS = {"a": torch.arange(600.0).reshape(20, 30), "b": torch.ones(7, dtype=torch.int64)}


def flipped(content, place, bit):
    return content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :]


@pytest.mark.parametrize("n_changes", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_changed_bit_changes_a_number(tmp_path, n_changes):
    """torch reads a file with a changed bit as other numbers; of 40 such training states, 39 were trained on."""
    path = tmp_path / "state.pt"
    torch.save(TENSORS, path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    n_refused = 0
    for place, bit in zip(rng.integers(0, len(content), n_changes), rng.integers(0, 8, n_changes), strict=True):
        path.write_bytes(flipped(content, place, bit))
        try:
            found = read_torch_file(path, may_be_legacy=False)
        except UnreadableTorchFile:
            n_refused += 1
        else:  # in padding, or in a date
            assert found.keys() == TENSORS.keys()
            assert all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)
    assert n_refused > n_changes / 2


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = tmp_path / "state.pt"
    torch.save(TENSORS, path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(UnreadableTorchFile, match="damaged"):
        read_torch_file(path, may_be_legacy=False)


def test_a_compressed_file_is_refused(tmp_path):
    """A megabyte of it may unpack to a gigabyte."""
    plain = io.BytesIO()
    torch.save(TENSORS, plain)
    with zipfile.ZipFile(plain) as stored, zipfile.ZipFile(tmp_path / "a.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in stored.namelist():
            packed.writestr(name, stored.read(name))
    with pytest.raises(UnreadableTorchFile, match="damaged"):
        read_torch_file(tmp_path / "a.pt")


@needs_posix
def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "a.pt")
    with pytest.raises(UnreadableTorchFile):
        read_torch_file(tmp_path / "a.pt")


def quantised():
    return torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 0, torch.qint8)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: torch.ones(2, 2).to_sparse(), "a is a sparse coo tensor"),
        (lambda: torch.ones(2, 2).to_sparse_csr(), "a is a sparse csr tensor"),
        (quantised, "a is a quantised tensor|damaged"),
        (lambda: torch.ones(2, dtype=torch.complex64), "a is of type complex64"),
        (lambda: torch.ones(2).to(torch.float8_e5m2), "a is of type float8_e5m2"),
        (lambda: torch.ones(1).expand(1_000_000, 1_000_000), "a has the shape .*more numbers than are stored"),
    ],
)
def test_odd_tensors_are_messages(tmp_path, make, words):
    torch.save({"a": make()}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=words):
        read_state_dict(tmp_path / "a.pth")


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
