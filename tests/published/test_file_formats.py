"""Published files in other formats than torch's."""

import json
import struct

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from panns.errors import CheckpointError
from panns.models import find_model
from panns.models.parameters import parameters_of
from panns.published.conversion import read_published
from panns.published.file_formats import read_arrays

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(2, np.float16), "c": np.zeros((), np.int64)}


def safetensors_file(path, header, data=b""):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def check_same(found, wanted):
    assert found.keys() == wanted.keys()
    for key, array in wanted.items():
        assert found[key].dtype == array.dtype
        np.testing.assert_array_equal(found[key], array)


def test_the_first_bytes_choose_the_reader_whatever_the_name(tmp_path):
    safetensors.numpy.save_file(ARRAYS, tmp_path / "a.pth", metadata={"format": "pt"})
    torch.save({key: torch.from_numpy(array) for key, array in ARRAYS.items()}, tmp_path / "b.safetensors")
    check_same(read_arrays(tmp_path / "a.pth"), ARRAYS)
    check_same(read_arrays(tmp_path / "b.safetensors"), ARRAYS)


def test_a_safetensors_file_is_converted_as_one_of_torch(tmp_path):
    rng = np.random.default_rng(0)
    shapes = {key: one.shape for key, one in parameters_of("mobilenetv2").items()}
    published = {
        key.replace("input_norm.", "bn0.")
        .replace("head.projection.", "fc1.")
        .replace("head.classifier.", "fc_audioset."): np.array(1)
        if key.endswith("num_batches_tracked")
        else rng.random(shape, np.float32)
        for key, shape in shapes.items()
    }
    safetensors.numpy.save_file(published, tmp_path / "a")
    found = read_published(find_model("mobilenetv2"), tmp_path / "a")
    np.testing.assert_array_equal(found["head.classifier.bias"], published["fc_audioset.bias"])


def test_bfloat16_becomes_float32(tmp_path):
    numbers = torch.randn(3, 5).bfloat16()
    safetensors.torch.save_file({"a": numbers, "b": torch.ones(2)}, tmp_path / "a")
    check_same(read_arrays(tmp_path / "a"), {"a": numbers.float().numpy(), "b": np.ones(2, np.float32)})


WHOLE = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ({"a": WHOLE | {"shape": [3]}}, r"shape \(3,\) at bytes 0 to 8"),
        ({"a": WHOLE | {"data_offsets": [0, 80], "shape": [20]}}, r"at bytes 0 to 80 of 8"),
        ({"a": WHOLE | {"dtype": "F128"}}, "F128"),
        ({"a": 5}, "as safetensors"),
    ],
    ids=["shape", "end", "type", "number"],
)
def test_a_damaged_safetensors_file_is_refused(header, words, tmp_path):
    path = safetensors_file(tmp_path / "a", header, bytes(8))
    with pytest.raises(CheckpointError, match=words):
        read_arrays(path)


def test_many_names_of_one_array_are_refused(tmp_path):
    one = {"dtype": "F32", "shape": [500], "data_offsets": [0, 2000]}
    path = safetensors_file(tmp_path / "a", {f"name{i}": one for i in range(200)}, bytes(2000))
    with pytest.raises(CheckpointError, match="its arrays overlap"):
        read_arrays(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"cannot read .*missing as published weights"):
        read_arrays(tmp_path / "missing")
