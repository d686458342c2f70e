"""HDF5 files, as Keras saves weights; and damaged and hostile ones.

`keras_weights.h5.gz` was written by h5py 3.16 as Keras does: a group for each part of the name of a layer, with lists
of names as attributes. `WANTED` has its numbers.
"""

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.errors import CheckpointError
from panns.published.file_formats import read_arrays
from tests.hypothesis_examples import examples

WHOLE = gzip.decompress(Path(__file__).with_name("keras_weights.h5.gz").read_bytes())
WANTED = {
    **{
        f"layer{i}/conv/layer{i}/conv/kernel:0": np.arange(i, i + 6, dtype="<f4").reshape(1, 1, 2, 3)
        for i in range(1, 10)
    },
    **{f"layer{i}/conv/bn/layer{i}/conv/bn/beta:0": np.full(2, i, "<f4") for i in (1, 2)},
    "logits/logits/kernel:0": np.arange(12, dtype=">f4").reshape(3, 4),
    "logits/logits/bias:0": np.arange(4, dtype="<f8"),
    "logits/logits/half:0": np.array([0.5, -2], "<f2"),
    "logits/logits/steps:0": np.array(-7, "<i8"),
    "logits/logits/bytes:0": np.array([1, 255], "|u1"),
    "logits/logits/none:0": np.zeros((0, 3), "<f4"),
}
ROOT = 64  # place of the address of the root group


def read(content, path):
    path.write_bytes(content)
    return read_arrays(path)


def changed(place, code, value):
    content = bytearray(WHOLE)
    struct.pack_into(f"<{code}", content, place, value)
    return bytes(content)


def after(text, n_bytes=0, start=0):
    """Place of some bytes in the file, and so many further."""
    return WHOLE.index(text, start) + n_bytes


def test_arrays_of_keras_are_read(tmp_path):
    found = read(WHOLE, tmp_path / "weights.h5")
    assert found.keys() == WANTED.keys()
    for key, array in WANTED.items():
        assert found[key].dtype == array.dtype, key
        np.testing.assert_array_equal(found[key], array)


# Layout of an array in one piece: version 3, kind 1; the number of bytes follows the address.
BIAS_LAYOUT = after(b"\x03\x01" + struct.pack("<Q", after(np.arange(4, dtype="<f8").tobytes())))
NAMES = after(b"HEAP", 24)
TREE = after(b"TREE")
ENTRY = after(b"SNOD", 8)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (changed(8, "B", 3), "version 3 of its first block"),
        (changed(13, "B", 4), "places have 4 and 8 bytes"),
        (changed(24, "Q", 512), "8 and 8 bytes from 512 on"),
        (changed(ROOT, "Q", 2**64 - 1), "outside the file"),
        (changed(ROOT, "Q", 2**63), "outside the file"),
        (changed(96, "B", 2), "version 2 of an object"),
        (changed(TREE + 4, "B", 1), "list of another kind"),
        (changed(TREE, "I", 0), "list of the group '' is missing"),
        (changed(TREE + 6, "H", 65_535), "outside the file|refer to one part twice|is missing"),
        (changed(TREE + 32, "Q", TREE), "refer to one part twice"),
        (changed(ENTRY + 8, "Q", 96), "refer to one part twice"),
        (changed(ENTRY, "Q", 2**40), "a name in the group .* is missing"),
        (changed(NAMES, "Q", 2**40), "outside the file"),
        (changed(after(b"HEAP"), "I", 0), "names of the group '.*' are missing"),
        (changed(BIAS_LAYOUT, "B", 2), r"bias:0 is in parts or packed \(layout 2\.1\)"),
        (changed(BIAS_LAYOUT + 1, "B", 2), r"bias:0 is in parts or packed \(layout 3\.2\)"),
        (changed(BIAS_LAYOUT + 2, "Q", 2**64 - 1), "bias:0 lies outside the file"),
        (changed(BIAS_LAYOUT + 10, "Q", 2**62), "bias:0 lies outside the file"),
        (changed(BIAS_LAYOUT + 10, "Q", 31), r"bias:0 has the shape \(4,\) in 31 bytes"),
        (WHOLE[:8], "outside the file"),
        (WHOLE[:2_000], "truncated: it has 2,000 bytes of"),
        (WHOLE[:-1], "truncated"),
    ],
)
def test_a_damaged_file_is_refused(content, words, tmp_path):
    with pytest.raises(CheckpointError, match=f"as HDF5: .*({words})"):
        read(content, tmp_path / "a")


def test_arrays_at_one_place_are_refused(tmp_path):
    """Every array of 24 bytes becomes one of 24,000 bytes, by its dimensions and its layout."""
    dimensions = struct.pack("<QQQQ", 1, 1, 2, 3)
    content = WHOLE.replace(dimensions, struct.pack("<QQQQ", 1, 1, 2_000, 3))
    for i in range(1, 10):
        place = after(np.arange(i, i + 6, dtype="<f4").tobytes())
        content = content.replace(
            b"\x03\x01" + struct.pack("<QQ", place, 24), b"\x03\x01" + struct.pack("<QQ", 0, 24_000)
        )
    with pytest.raises(CheckpointError, match="its arrays overlap"):
        read(content, tmp_path / "a")


@settings(max_examples=examples(60))
@given(
    changes=st.lists(
        st.tuples(st.integers(8, len(WHOLE) - 8), st.sampled_from("BHIQ"), st.integers(0, 2**64 - 1)),
        min_size=1,
        max_size=4,
    )
)
def test_any_change_is_refused_or_read_within_bounds(changes, tmp_path_factory):
    content = bytearray(WHOLE)
    for place, code, value in changes:
        struct.pack_into(f"<{code}", content, place, value % 256 ** struct.calcsize(code))
    tracemalloc.start()
    try:
        found = read(bytes(content), tmp_path_factory.getbasetemp() / "damaged.h5")
        assert sum(array.nbytes for array in found.values()) <= len(WHOLE)
    except CheckpointError:
        pass
    finally:
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
        tracemalloc.stop()
