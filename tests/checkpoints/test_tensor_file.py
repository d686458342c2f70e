"""Headers of parameter files that no model has are refused before memory or time is spent on them."""

import json
import struct

import pytest

from panns.checkpoints.tensor_file import TensorFile
from panns.errors import CheckpointError


def written(path, shape, kind="F32", n_bytes=0):
    header = json.dumps({"weight": {"dtype": kind, "shape": shape, "data_offsets": [0, n_bytes]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(n_bytes))
    return path


@pytest.mark.parametrize(
    ("shape", "kind", "words"),
    [
        ([1] * 100, "F32", "which no model has"),
        ([7] * 1_000_000, "F32", "which no model has"),
        ([0, 2**62, 2**62], "F32", "which no model has"),
        ([0, 2**47, 2**47], "F32", "which no model has"),
        ([0, 10**30], "F32", "which no model has"),
        ([10**4000] * 300, "F32", "which no model has"),
        ([-1], "F32", "which no model has"),
        (["2"], "F32", "which no model has"),
        ([2], "F32", "at bytes 0 to 0"),
        ([], "F8_E4M3", "'F8_E4M3'; .*F32.* are read"),
    ],
)
def test_odd_arrays_are_refused(tmp_path, shape, kind, words):
    with pytest.raises(CheckpointError, match=words) as caught:
        TensorFile(written(tmp_path / "odd.safetensors", shape, kind))
    assert len(str(caught.value)) < 500


def test_an_empty_array_and_a_number_are_read(tmp_path):
    assert TensorFile(written(tmp_path / "empty.safetensors", [0, 3])).array("weight").shape == (0, 3)
    assert TensorFile(written(tmp_path / "number.safetensors", [], n_bytes=4)).array("weight").shape == ()
