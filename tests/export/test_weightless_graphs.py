"""Graphs without weights: those in the package are those of the networks, and give their scores."""

import gzip
import itertools
import shutil
from collections import Counter

import numpy as np
import onnx
import pytest
import torch

from panns.checkpoints.checkpoint import GRAPH_FILE, ONNX_FILE, TORCH_FILE, open_checkpoint
from panns.checkpoints.graph_files import (
    GRAPHS,
    ParameterPart,
    has_shipped_graph,
    place_parameters,
    shipped_graph,
    with_external_parameters,
)
from panns.checkpoints.manifest import ModelManifest
from panns.checkpoints.tensor_file import TensorFile, write_tensors
from panns.errors import CheckpointError
from panns.export.graph import weightless_graph
from panns.export.verify import verify_graph
from panns.hub.resolve import resolve
from panns.labels import audioset, named_labels
from panns.models import find_model, list_models
from panns.models.parameters import parameters_of
from panns.networks.saving import load_network, save_checkpoint
from panns.runtime.load import load_model
from recipes.common.graphs import graph_of, structure_of
from tests.commands import needs_posix
from tests.tiny_checkpoints import healthy_network

SHIPPED = [entry for entry in list_models() if has_shipped_graph(entry.name)]
FAST = ("cnn6",)


def in_cases(names):
    return [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in names]


def structure(graph):
    """What must not change between versions of torch and onnxscript: operators, attributes and connections."""
    model = onnx.load_model_from_string(graph)

    def nodes(subgraph):
        return [
            (
                node.op_type,
                list(node.input),
                list(node.output),
                sorted(
                    (one.name, nodes(one.g) if one.type == onnx.AttributeProto.GRAPH else one.SerializeToString())
                    for one in node.attribute
                ),
            )
            for node in subgraph.node
        ]

    constants = {one.name: onnx.numpy_helper.to_array(one).tolist() for one in model.graph.initializer}
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return nodes(model.graph), constants, metadata, [one.name for one in (*model.graph.input, *model.graph.output)]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({path.name.removesuffix(".onnx.gz") for path in GRAPHS.glob("*.gz")}))
def test_the_shipped_graph_is_that_of_the_network(name):
    assert structure(shipped_graph(name)) == structure(graph_of(find_model(name))), (
        f"run `python -m recipes.common.graphs {name}`"
    )


def test_every_model_has_its_graph():
    """Ensembles and models on the embedding of another one get theirs where they are made."""
    assert {entry.name for entry in list_models()} - {entry.name for entry in SHIPPED} == {"ensemble", "transfer"}


@pytest.mark.slow
def test_models_with_equal_structures_share_a_graph():
    from panns.checkpoints.graph_files import INDEX_FILE
    from panns.system.json_files import read_json_object

    index = read_json_object(INDEX_FILE)
    structures = {entry.name: structure_of(entry) for entry in SHIPPED}
    assert all(structures[name] == structures[graph] for name, graph in index.items())


@pytest.fixture(scope="module")
def checkpoint_of(tmp_path_factory):
    def make(name):
        folder = tmp_path_factory.mktemp(name) / "model"
        entry = find_model(name)
        network = healthy_network(name, entry.config)
        manifest = ModelManifest(name, entry.config, named_labels(entry.labels), licence="MIT", source="made by a test")
        return save_checkpoint(network, manifest, folder)

    return make


@pytest.fixture(scope="module")
def cnn6(checkpoint_of):
    return checkpoint_of("cnn6")


@pytest.mark.parametrize("name", in_cases([entry.name for entry in SHIPPED]))
def test_scores_of_a_shipped_graph_are_those_of_the_network(name, checkpoint_of):
    checkpoint = checkpoint_of(name)
    assert not checkpoint.has_file(ONNX_FILE)
    assert verify_graph(checkpoint, checkpoint.read_graph()).scores <= 1e-4


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_backends_take_the_parameters_from_the_parameter_file(cnn6, backend):
    waveform = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 48_000)).astype(np.float32)
    scores = load_model(cnn6, backend=backend, device="cpu", n_threads=1).score(waveform)
    with torch.inference_mode():
        expected = load_network(cnn6)(torch.from_numpy(waveform))
    np.testing.assert_allclose(scores.clip_probs, expected.clip_logits.sigmoid(), atol=1e-4)
    np.testing.assert_allclose(scores.embedding, expected.embedding, rtol=1e-3, atol=1e-3)


def test_half_precision_is_widened_by_the_graph(cnn6, tmp_path):
    folder = shutil.copytree(cnn6.path, tmp_path / "half")
    file = TensorFile(folder / TORCH_FILE)
    arrays = {name: np.array(file.array(name)) for name in file.arrays}
    halves = {name: array.astype(np.float16).astype(array.dtype) for name, array in arrays.items()}
    write_tensors(folder / TORCH_FILE, halves)
    half = open_checkpoint(folder).record_files(TORCH_FILE)
    assert (folder / TORCH_FILE).stat().st_size < 0.6 * (cnn6.path / TORCH_FILE).stat().st_size
    assert verify_graph(half, half.read_graph()).scores <= 1e-4


@needs_posix
def test_a_linked_parameter_file_is_followed(cnn6, tmp_path):
    """As in caches that keep each content once."""
    folder = tmp_path / "linked"
    folder.mkdir()
    for path in cnn6.path.iterdir():
        (folder / path.name).symlink_to(path)
    load_model(open_checkpoint(folder), device="cpu", n_threads=1)


def test_missing_parameters_are_named(cnn6, tmp_path):
    folder = shutil.copytree(cnn6.path, tmp_path / "short")
    file = TensorFile(folder / TORCH_FILE)
    write_tensors(folder / TORCH_FILE, {name: np.array(file.array(name)) for name in file.arrays if "head" not in name})
    short = open_checkpoint(folder).record_files(TORCH_FILE)
    with pytest.raises(CheckpointError, match=r"does not fit cnn6.*head\."):
        load_model(short, device="cpu", n_threads=1)


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
@pytest.mark.parametrize(
    ("name", "shape"),
    [("head.classifier.weight", (527, 100)), ("head.classifier.bias", (1,))],  # runtimes stretch the second one
)
def test_parameters_of_another_shape_are_refused(cnn6, tmp_path, backend, name, shape):
    folder = shutil.copytree(cnn6.path, tmp_path / "other")
    file = TensorFile(folder / TORCH_FILE)
    arrays = {name: np.array(file.array(name)) for name in file.arrays}
    write_tensors(folder / TORCH_FILE, arrays | {name: np.ones(shape, np.float32)})
    other = open_checkpoint(folder).record_files(TORCH_FILE)
    with pytest.raises(CheckpointError, match=rf"{name} has shape .*{shape[0]}.*expected"):
        load_model(other, backend=backend, device="cpu", n_threads=1)


def test_large_convolutions_are_in_parts():
    """ONNX Runtime copies each weight four times while it loads them, and once more where it merges a batch norm."""
    parts = [ParameterPart.from_plain(text) for text in structure_parts("cnn14")]
    split = [part for part in parts if part.first is not None]
    n_parts = Counter(part.name for part in split)
    assert n_parts == {f"blocks.{block}.{layer}.weight": 1 for block in (3, 4) for layer in (0, 3)} | {
        "blocks.5.0.weight": 2,
        "blocks.5.3.weight": 4,
    }
    shapes = parameters_of("cnn14")
    for name in n_parts:
        rows = [(part.first, part.last) for part in split if part.name == name]
        assert rows[0][0] == 0
        assert rows[-1][1] == shapes[name].shape[0]
        assert all(before[1] == after[0] for before, after in itertools.pairwise(rows))


def structure_parts(name):
    from panns.checkpoints.graph_files import PARAMETERS_KEY
    from panns.checkpoints.onnx_metadata import read_metadata
    from panns.system.json_files import parse_json

    return parse_json(read_metadata(memoryview(shipped_graph(name)))[PARAMETERS_KEY])


def test_a_completed_graph_is_a_valid_model(cnn6):
    graph = shipped_graph("cnn6")
    placed = place_parameters(graph, TensorFile(cnn6.path / TORCH_FILE))
    model = onnx.load_model_from_string(with_external_parameters(graph, placed, TORCH_FILE))
    onnx.load_external_data_for_model(model, str(cnn6.path))
    onnx.checker.check_model(model, full_check=True)


def test_graphs_of_the_package_are_small():
    assert sum(path.stat().st_size for path in GRAPHS.iterdir()) < 600_000
    assert all(len(gzip.decompress(path.read_bytes())) < 2_000_000 for path in GRAPHS.glob("*.gz"))


@pytest.mark.slow
def test_a_config_of_ones_own_gets_its_graph_once(tmp_path):
    from dataclasses import replace

    config = replace(find_model("cnn6").config, channels=(4, 8), n_poolings=2, hidden_dim=8)
    manifest = ModelManifest("cnn6", config, audioset(), licence="MIT", source="made by a test")
    checkpoint = save_checkpoint(healthy_network("cnn6", config), manifest, tmp_path)
    assert not checkpoint.has_graph
    ready = resolve(tmp_path)
    assert ready.has_file(GRAPH_FILE)
    assert not ready.has_file(ONNX_FILE)
    weightless_bytes = (tmp_path / GRAPH_FILE).stat().st_size
    assert weightless_bytes < 40_000
    ready.verify()
    assert resolve(tmp_path) == ready
    assert weightless_graph(load_network(ready), manifest) == ready.read_graph()
