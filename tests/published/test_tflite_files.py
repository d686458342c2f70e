"""TensorFlow Lite files: constants by operator, 8-bit weights as floats, and damaged and hostile files."""

import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.errors import CheckpointError
from panns.published.file_formats import read_arrays
from tests.hypothesis_examples import examples
from tests.published.tflite_builder import (
    CONV_2D,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    RELU,
    RELU6,
    RESHAPE,
    Constant,
    Operator,
    tflite_bytes,
)

RNG = np.random.default_rng(0)
INTEGERS = RNG.integers(-127, 128, (4, 1, 1, 3)).astype(np.int8)
SCALES = (0.5, 0.25, 0.125, 2.0)
CONSTANTS = (
    Constant(np.arange(8, dtype=np.float32).reshape(2, 2, 2, 1)),
    Constant(INTEGERS, scale=SCALES, zero=(0, 0, 0, 0)),
    Constant(np.ones(4, np.float32)),
    Constant(INTEGERS.reshape(3, 4), scale=(0.5,), zero=(3,)),
    Constant(np.array([1, -1], np.int32)),
    Constant(np.array([1.5, 2.5], np.float16)),
)
OPERATORS = (
    Operator(RESHAPE, (0, 5)),
    Operator(CONV_2D, (0, 1, -1), RELU),
    Operator(DEPTHWISE_CONV_2D, (0, 2, 3), RELU6),
    Operator(FULLY_CONNECTED, (0, 4, 6)),
)


def read(content, path):
    path.write_bytes(content)
    return read_arrays(path)


def test_constants_are_named_by_their_operators(tmp_path):
    found = read(tflite_bytes(CONSTANTS, OPERATORS), tmp_path / "a.tflite")
    assert list(found) == [
        "0.operator_22.1",
        "1.conv_2d_relu.1",
        "2.depthwise_conv_2d_relu6.1",
        "2.depthwise_conv_2d_relu6.2",
        "3.fully_connected.1",
        "3.fully_connected.2",
    ]
    np.testing.assert_array_equal(found["1.conv_2d_relu.1"], CONSTANTS[0].array)
    by_axis = INTEGERS * np.array(SCALES, np.float32)[:, None, None, None]
    np.testing.assert_array_equal(found["2.depthwise_conv_2d_relu6.1"], by_axis)
    np.testing.assert_array_equal(found["3.fully_connected.1"], (INTEGERS.reshape(3, 4) - np.float32(3)) * 0.5)
    assert found["3.fully_connected.1"].dtype == np.float32
    assert found["3.fully_connected.2"].dtype == np.float16
    assert found["0.operator_22.1"].tolist() == [1, -1]


@pytest.mark.parametrize(
    ("constant", "words"),
    [
        (Constant(np.ones(4, np.float32), shape=(5,)), r"shape \(5,\) in 16 bytes"),
        (Constant(np.ones(4, np.float32), shape=(-2, -2)), r"shape \(-2, -2\)"),
        (Constant(np.ones(4, np.float32), shape=(2**31 - 1,) * 8), "in 16 bytes"),
        (Constant(np.ones(4, np.float32), shape=(1,) * 9), "list of 9 entries"),
        (Constant(INTEGERS, scale=SCALES[:3]), r"3 scales for axis 0 of an array of shape \(4"),
        (Constant(INTEGERS, scale=SCALES, axis=3), "4 scales for axis 3"),
        (Constant(INTEGERS, scale=SCALES, axis=-1), "axis -1"),
        (Constant(INTEGERS, scale=SCALES, zero=(1, 2)), "4 scales for axis 0"),
        (Constant(INTEGERS, scale=(0.5,) * 100), "list of 100 entries"),
    ],
)
def test_a_constant_that_contradicts_itself_is_refused(constant, words, tmp_path):
    with pytest.raises(CheckpointError, match=f"as TensorFlow Lite: .*{words}"):
        read(tflite_bytes([constant], [Operator(CONV_2D, (0, 1))]), tmp_path / "a")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (tflite_bytes(CONSTANTS, OPERATORS, version=4), "version 4 and 1 graphs"),
        (tflite_bytes(CONSTANTS, OPERATORS, n_graphs=2), "version 3 and 2 graphs"),
        (tflite_bytes(CONSTANTS, [Operator(CONV_2D, (0, 7))]), "part 7 of 7"),
        (tflite_bytes(CONSTANTS, [Operator(CONV_2D, (0, -2))]), "part -2 of 7"),
        (tflite_bytes(CONSTANTS, [Operator(CONV_2D, (0,))]), "no constants"),
        (tflite_bytes(CONSTANTS, [Operator(CONV_2D, (1,) * 65)]), "list of 65 entries"),
        (tflite_bytes([], [Operator(RESHAPE, ())] * 20_001), "list of 20,001 entries"),
        (b"\x10\0\0\0TFL3", "outside the file"),
        (b"\xff\xff\xff\xffTFL3" + bytes(8), "outside the file"),
        (b"\x08\0\0\0TFL3\xff\xff\xff\x7f\0\0\0\0", "outside the file"),
        (b"\x08\0\0\0TFL3\x00\x00\x00\x80\0\0\0\0", "outside the file"),
        (b"\x08\0\0\0TFL3", "outside the file"),
    ],
)
def test_a_damaged_graph_is_refused(content, words, tmp_path):
    with pytest.raises(CheckpointError, match=f"as TensorFlow Lite: .*{words}"):
        read(content, tmp_path / "a")


def test_scales_that_are_not_finite_are_read_without_warnings(tmp_path):
    scales = (3e38, np.inf, np.nan, 1.0)
    found = read(tflite_bytes([Constant(INTEGERS, scale=scales)], [Operator(CONV_2D, (0, 1))]), tmp_path / "a")
    assert not np.isfinite(found["0.conv_2d.1"]).all()


def test_many_operators_of_one_array_are_refused_before_memory_is_taken(tmp_path):
    large = Constant(np.zeros(1_000_000, np.int8), scale=(1.0,))
    content = tflite_bytes([large], [Operator(CONV_2D, (1,) * 64)] * 100)  # 25 GB of floats
    tracemalloc.start()
    with pytest.raises(CheckpointError, match="share more arrays"):
        read(content, tmp_path / "a")
    assert tracemalloc.get_traced_memory()[1] < 4 * len(content) + 2_000_000
    tracemalloc.stop()


WHOLE = tflite_bytes(CONSTANTS, OPERATORS)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_refused(share, tmp_path):
    with pytest.raises(CheckpointError):
        read(WHOLE[: int(share * len(WHOLE))], tmp_path / "a")


@settings(max_examples=examples(300))
@given(
    changes=st.lists(
        st.tuples(st.integers(8, len(WHOLE) - 5), st.integers(-(2**31), 2**31 - 1)), min_size=1, max_size=4
    )
)
def test_a_damaged_file_is_refused_or_read_within_bounds(changes, tmp_path_factory):
    content = bytearray(WHOLE)
    for place, value in changes:
        struct.pack_into("<i", content, place, value)
    try:
        found = read(bytes(content), tmp_path_factory.getbasetemp() / "damaged.tflite")
    except CheckpointError:
        return
    assert sum(array.nbytes for array in found.values()) <= 4 * len(WHOLE)


def test_the_real_file(shared):
    path = shared / "weights/yamnet.tflite"
    if not path.exists():
        pytest.skip("needs the published file")
    found = read_arrays(path)
    assert found["42.fully_connected.1"].shape == (521, 1024)
    assert found["14.conv_2d_relu.1"].shape == (32, 3, 3, 1)
    assert len(np.unique(found["42.fully_connected.1"])) <= 256
