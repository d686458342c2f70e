import contextlib

import onnx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from panns.checkpoints.onnx_metadata import SEAL_KEY, check_seal, read_onnx_metadata, refuse_unsafe_graph, seal
from panns.errors import CheckpointError
from tests.hypothesis_examples import examples

# Surrogates cannot be written as UTF-8.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def model_bytes(metadata, *, n_weights=20):
    """A model of one addition, as the onnx package writes it."""
    shape = [n_weights]
    weights = helper.make_tensor("w", TensorProto.FLOAT, shape, [0.5] * n_weights)
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        initializer=[weights],
    )
    model = helper.make_model(graph, producer_name="test", doc_string="a model")
    helper.set_model_props(model, metadata)
    return model.SerializeToString()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("onnx") / "model.onnx"


WHOLE = model_bytes({"panns": '{"labels": "狗, dog"}', "other": ""})


@given(st.dictionaries(texts, texts, max_size=5))
@example({"": ""})
@example({"panns": "x" * 200_000, "é": "吠"})
def test_reads_what_the_onnx_package_writes(path, metadata):
    path.write_bytes(model_bytes(metadata))
    assert read_onnx_metadata(path) == metadata


def test_entries_around_the_graph_are_found(path):
    """Protocol buffers may be concatenated: then repeated fields go on, wherever they stand."""
    more = onnx.ModelProto()
    helper.set_model_props(more, {"late": "yes"})
    path.write_bytes(more.SerializeToString() + WHOLE)
    assert set(read_onnx_metadata(path)) == {"late", "panns", "other"}


def test_unknown_fields_of_every_kind_are_skipped(path):
    unknown = bytes([30 << 3 & 0x7F | 0x80, 1]) + b"\x07"  # field 30, a number
    unknown += bytes([30 << 3 & 0x7F | 0x80 | 1, 1]) + bytes(8)  # eight bytes
    unknown += bytes([30 << 3 & 0x7F | 0x80 | 5, 1]) + bytes(4)  # four bytes
    path.write_bytes(unknown + WHOLE)
    assert read_onnx_metadata(path)["panns"] == '{"labels": "狗, dog"}'


def test_an_empty_file_has_no_metadata(path):
    path.write_bytes(b"")
    assert read_onnx_metadata(path) == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (WHOLE[: len(WHOLE) // 2], "unexpected end of file"),
        (WHOLE[:-1], "unexpected end of file"),
        (b"\xff" * 20, "truncated number"),
        (b"\x08", "truncated number"),
        (b"\x09\x00", "unexpected end of file"),
        (b"\x0b", "unknown wire type 3"),
        (b"\x72\x02\x08\x01", "damaged metadata"),
        (b"\x72\x02\x0a\x7f", "damaged metadata"),
        (b"\x72\x03\x0a\x01\xff", "utf-8"),
        (b"not a model at all", "not an ONNX model"),
    ],
)
def test_damaged_file_is_refused(path, content, words):
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"damaged, or not an ONNX model") as caught:
        read_onnx_metadata(path)
    assert words in str(caught.value)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.onnx.*No such file"):
        read_onnx_metadata(tmp_path / "none.onnx")


def test_truncated_files_never_give_wrong_metadata(path):
    """A cut between two fields is valid, and the metadata read is a part of the metadata written."""
    written = {"panns": '{"labels": "狗, dog"}', "other": ""}
    n_refused = 0
    for n_bytes in range(len(WHOLE)):
        path.write_bytes(WHOLE[:n_bytes])
        try:
            assert read_onnx_metadata(path).items() <= written.items()
        except CheckpointError:
            n_refused += 1
    assert n_refused > 0.95 * len(WHOLE)


@settings(max_examples=examples(300))
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_changed_bytes_are_read_or_refused(path, changes):
    content = bytearray(WHOLE)
    for place, value in changes:
        content[place] = value
    path.write_bytes(content)
    refused_or_text(path)


@settings(max_examples=examples(300))
@given(st.binary(max_size=200))
@example(b"\x72\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")
def test_any_bytes_are_read_or_refused(path, content):
    path.write_bytes(content)
    refused_or_text(path)


def refused_or_text(path):
    """Read the metadata; any exception but `CheckpointError` fails the test."""
    try:
        metadata = read_onnx_metadata(path)
    except CheckpointError:
        return
    assert all(isinstance(text, str) for item in metadata.items() for text in item)


def test_a_sealed_file_is_an_intact_onnx_model(path):
    path.write_bytes(WHOLE)
    seal(path)
    check_seal(path)
    onnx.checker.check_model(onnx.load(path), full_check=True)
    assert set(read_onnx_metadata(path)) == {"panns", "other", SEAL_KEY}


def test_every_changed_byte_of_a_sealed_file_is_found(path):
    path.write_bytes(WHOLE)
    seal(path)
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(CheckpointError, match="digest"):
            check_seal(path)


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content + b"\0", lambda _: b""])
def test_cut_and_extended_files_are_found(path, change):
    path.write_bytes(WHOLE)
    seal(path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(CheckpointError, match="differs from its digest"):
        check_seal(path)


def tensor(*, is_external):
    made = helper.make_tensor("w", TensorProto.FLOAT, [2], [1.0, 2.0])
    if is_external:
        made.ClearField("float_data")
        made.data_location = TensorProto.EXTERNAL
        made.external_data.add(key="location", value="weights.bin")
    return made


def constant(value):
    return helper.make_node("Constant", [], ["c"], value=value)


def graph_of(nodes, initializer=()):
    return helper.make_graph(nodes, "graph", [], [], initializer=initializer)


@pytest.mark.parametrize("is_external", [False, True])
@pytest.mark.parametrize(
    "make",
    [
        lambda one: helper.make_model(graph_of([], [one])),
        lambda one: helper.make_model(graph_of([constant(one)])),
        lambda one: helper.make_model(
            graph_of([helper.make_node("If", ["x"], ["y"], then_branch=graph_of([], [one]), else_branch=graph_of([]))])
        ),
    ],
    ids=["initializer", "constant", "branch"],
)
def test_weights_in_other_files_are_refused(path, make, is_external):
    path.write_bytes(make(tensor(is_external=is_external)).SerializeToString())
    with pytest.raises(CheckpointError, match="weights in another file") if is_external else contextlib.nullcontext():
        refuse_unsafe_graph(path)


def scan(*nodes):
    return helper.make_node("Scan", ["x"], ["y"], body=graph_of(nodes), num_scan_inputs=1)


FUNCTION = helper.make_function("own", "f", ["x"], ["y"], [helper.make_node("Abs", ["x"], ["y"])], [])


@pytest.mark.parametrize(
    ("nodes", "functions", "word"),
    [
        ([scan(helper.make_node("Abs", ["x"], ["y"]))], [], None),
        ([scan(), scan()], [], None),
        ([scan(scan())], [], "Scan"),
        (
            [helper.make_node("If", ["x"], ["y"], then_branch=graph_of([helper.make_node("Loop", ["n"], ["y"])]))],
            [],
            "Loop",
        ),
        ([helper.make_node("SequenceMap", ["x"], ["y"], body=graph_of([]))], [], "SequenceMap"),
        ([helper.make_node("BeamSearch", ["x"], ["y"], domain="com.microsoft")], [], "BeamSearch"),
        ([], [FUNCTION], "functions"),
    ],
)
def test_a_graph_that_may_not_end_is_refused(path, nodes, functions, word):
    path.write_bytes(helper.make_model(graph_of(nodes), functions=functions).SerializeToString())
    with contextlib.nullcontext() if word is None else pytest.raises(CheckpointError, match=word):
        refuse_unsafe_graph(path)


def test_a_graph_of_millions_of_nodes_is_refused_soon(path):
    """Each level of branches takes 3 bytes."""
    inner = b""
    for _ in range(200):
        inner = tagged(5, tagged(6, tagged(1, inner)))
    path.write_bytes(tagged(7, tagged(1, inner)))
    with pytest.raises(CheckpointError, match="deeper"):
        refuse_unsafe_graph(path)


def tagged(number, content):
    length, n = b"", len(content)
    while n > 0x7F:
        length, n = length + bytes([n & 0x7F | 0x80]), n >> 7
    return bytes([number << 3 | 2]) + length + bytes([n]) + content
