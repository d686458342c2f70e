"""Published files of YAMNet in three formats become one network."""

import csv
import itertools

import numpy as np
import pytest
import torch

from panns.errors import CheckpointError
from panns.frontend import mel_filters
from panns.labels import named_labels
from panns.models import find_model
from panns.models.parameters import parameters_of
from panns.models.yamnet import YAMNET_LOGMEL
from panns.published.conversion import fit, read_published
from panns.published.yamnet import from_published
from tests.published.tflite_builder import (
    CONV_2D,
    DEPTHWISE_CONV_2D,
    FULLY_CONNECTED,
    RELU,
    RELU6,
    Constant,
    Operator,
    tflite_bytes,
)

WIDTHS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
RNG = np.random.default_rng(0)


def keras_layers():
    """Layer, whether it is depthwise, and the shape of its kernel in Keras."""
    yield "layer1/conv", False, (3, 3, 1, 32)
    for i, (n_in, n_out) in enumerate(itertools.pairwise(WIDTHS)):
        yield f"layer{i + 2}/depthwise_conv", True, (3, 3, n_in, 1)
        yield f"layer{i + 2}/pointwise_conv", False, (1, 1, n_in, n_out)


@pytest.fixture(scope="module")
def keras():
    """Arrays as in Google's file."""
    arrays = {}
    for layer, is_depthwise, shape in keras_layers():
        kernel = "depthwise_kernel" if is_depthwise else "kernel"
        n_out = shape[2] if is_depthwise else shape[3]
        arrays[f"{layer}/{layer}/{kernel}:0"] = RNG.normal(size=shape).astype(np.float32)
        for name in ("beta", "moving_mean", "moving_variance"):
            arrays[f"{layer}/bn/{layer}/bn/{name}:0"] = RNG.uniform(0.1, 2, n_out).astype(np.float32)
    arrays["logits/logits/kernel:0"] = RNG.normal(size=(1024, 521)).astype(np.float32)
    arrays["logits/logits/bias:0"] = RNG.normal(size=521).astype(np.float32)
    return arrays


def as_torch(keras):
    """The arrays of Keras under the names of torch_audioset."""
    arrays = {"classifier.weight": keras["logits/logits/kernel:0"].T, "classifier.bias": keras["logits/logits/bias:0"]}
    for layer, is_depthwise, _ in keras_layers():
        name = "layer1.fused" if layer == "layer1/conv" else layer.replace("/", ".")
        kernel = keras[f"{layer}/{layer}/{'depthwise_kernel' if is_depthwise else 'kernel'}:0"]
        norm = {key: keras[f"{layer}/bn/{layer}/bn/{key}:0"] for key in ("beta", "moving_mean", "moving_variance")}
        arrays |= {
            f"{name}.conv.weight": kernel.transpose((2, 3, 0, 1) if is_depthwise else (3, 2, 0, 1)),
            f"{name}.bn.weight": np.ones_like(norm["beta"]),
            f"{name}.bn.bias": norm["beta"],
            f"{name}.bn.running_mean": norm["moving_mean"],
            f"{name}.bn.running_var": norm["moving_variance"],
            f"{name}.bn.num_batches_tracked": np.array(0),
        }
    return arrays


def test_batch_norms_of_keras_are_folded(keras):
    found = fit(from_published(keras), parameters_of("yamnet"), where="here")
    x = RNG.normal(size=(2, 1, 8, 8))
    cases = {"stem": ("layer1/conv", 1), "blocks.0.depthwise": ("layer2/depthwise_conv", 32)}
    for ours, (layer, n_in) in cases.items():
        kernel = keras[f"{layer}/{layer}/{'depthwise_kernel' if 'depthwise' in layer else 'kernel'}:0"]
        norm = [keras[f"{layer}/bn/{layer}/bn/{key}:0"] for key in ("moving_mean", "moving_variance", "beta")]
        mean, variance, beta = (value[:, None, None] for value in norm)
        maps = torch.from_numpy(np.repeat(x, n_in, axis=1).astype(np.float32))
        # Each output of Keras' convolution is a sum over the taps, one kernel[row, column, in, out] for each.
        one_out = np.zeros((2, 32, 6, 6))
        for row in range(3):
            for column in range(3):
                patch = maps.numpy()[:, :, row : row + 6, column : column + 6]
                weight = kernel[row, column]  # (in, out), or (channels, 1)
                one_out += patch * weight[:, 0, None, None] if n_in == 32 else patch * weight[0][:, None, None]
        wanted = (one_out - mean) / np.sqrt(variance + 1e-4) + beta
        conv = torch.nn.functional.conv2d(
            maps, torch.from_numpy(found[f"{ours}.weight"]), torch.from_numpy(found[f"{ours}.bias"]), groups=n_in
        )
        np.testing.assert_allclose(conv.numpy(), wanted, rtol=1e-4, atol=1e-4)


def test_torch_and_keras_give_one_network(keras):
    ours, theirs = from_published(keras), from_published(as_torch(keras))
    assert ours.keys() == theirs.keys()
    for key, array in ours.items():
        np.testing.assert_array_equal(array, theirs[key])


def test_a_file_of_torch_is_read(keras, tmp_path):
    torch.save({key: torch.from_numpy(np.array(value)) for key, value in as_torch(keras).items()}, tmp_path / "a.pth")
    found = read_published(find_model("yamnet"), tmp_path / "a.pth")
    np.testing.assert_array_equal(found["classifier.bias"], keras["logits/logits/bias:0"])


def small_graph(mel=None, activation=RELU, n_layers=27):
    """A graph with the operators of YAMNet and one channel."""
    mel = mel_filters(YAMNET_LOGMEL).T if mel is None else mel
    kinds = [CONV_2D, *[DEPTHWISE_CONV_2D, CONV_2D] * 13][:n_layers]
    constants = [Constant(np.ascontiguousarray(mel)), Constant(np.zeros(1, np.float32))]
    operators = [Operator(FULLY_CONNECTED, (0, 1, -1))]
    for kind in kinds:
        constants.append(Constant(np.ones((1, 3, 3, 1), np.float32)))
        operators.append(Operator(kind, (0, len(constants), 2), activation))
    constants.append(Constant(np.ones((521, 1), np.float32)))
    operators.append(Operator(FULLY_CONNECTED, (0, len(constants), 2)))
    return tflite_bytes(constants, operators)


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        ({}, r"stem\.bias has shape|has shape"),  # the names fit; the shapes are those of another width
        ({"mel": np.zeros((64, 257), np.float32)}, r"mel filters, \(64, 257\), are those of another front end"),
        ({"mel": np.zeros((40, 257), np.float32)}, r"mel filters, \(40, 257\)"),
        ({"activation": RELU6}, "layer 1 of the graph is conv_2d_relu6"),
        ({"n_layers": 5}, "layer 6 of the graph is fully_connected"),
    ],
)
def test_another_graph_is_refused(graph, words, tmp_path):
    (tmp_path / "a.tflite").write_bytes(small_graph(**graph))
    with pytest.raises(CheckpointError, match=f"loaded as yamnet does not fit: .*{words}"):
        read_published(find_model("yamnet"), tmp_path / "a.tflite")


@pytest.mark.parametrize(
    ("kernel", "n_norm", "words"),
    [
        ((1, 1_000_000, 1, 1), 10_000_000, r"shape \(1, 1000000, 1, 1\), and a norm of \(10000000,\)"),
        ((1_000_000,), 1_000_000, r"shape \(1000000,\), and a norm of \(1000000,\)"),
    ],
)
def test_odd_shapes_are_refused_before_memory_is_taken(keras, kernel, n_norm, words):
    """Multiplied as they are, they would give ten million kernels."""
    name, norm = "layer5.pointwise_conv", np.ones(n_norm, np.float32)
    parts = {f"{name}.bn.{part}": norm for part in ("weight", "bias", "running_mean", "running_var")}
    with pytest.raises(ValueError, match=rf"blocks\.3\.pointwise has a kernel of {words}"):
        from_published(as_torch(keras) | {f"{name}.conv.weight": np.ones(kernel, np.float32)} | parts)


@pytest.mark.parametrize("variance", [-1.0, np.nan])
def test_an_impossible_variance_is_refused(keras, variance):
    name = "layer5/pointwise_conv/bn/layer5/pointwise_conv/bn/moving_variance:0"
    arrays = from_published(keras | {name: np.full(256, variance)})
    with pytest.raises(CheckpointError, match=r"blocks\.3\.pointwise.* holds NaN or infinity"):
        fit(arrays, parameters_of("yamnet"), where="here")


def test_a_missing_array_is_named(keras):
    without = {key: array for key, array in keras.items() if "layer9/pointwise_conv/bn" not in key}
    with pytest.raises(KeyError, match="layer9/pointwise_conv/bn"):
        from_published(without)


def test_the_published_classes_have_their_labels(shared):
    path = shared / "reference/yamnet/class_map.csv"
    if not path.exists():
        pytest.skip("needs the published list")
    labels, audioset = named_labels("audioset_yamnet"), named_labels("audioset")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [(label.id, label.en) for label in labels] == [(row["mid"], row["display_name"]) for row in rows]
    assert [label.zh for label in labels] == [audioset[int(row["audioset_index"])].zh for row in rows]
