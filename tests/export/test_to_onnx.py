import re
import sys
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import helper

import panns
from panns.checkpoints.checkpoint import METADATA_KEY, open_checkpoint
from panns.checkpoints.manifest import ModelManifest
from panns.checkpoints.onnx_metadata import read_onnx_metadata, seal
from panns.errors import CheckpointError, MissingExtra
from panns.export.to_onnx import LOG_MEL, export_onnx
from panns.export.verify import TOLERANCE, verify_onnx
from panns.frontend import log_mel
from panns.labels import audioset
from panns.models.registry import find_model
from panns.networks.saving import save_checkpoint
from panns.runtime import onnx_backend
from panns.runtime.call_limit import CallLimit
from panns.runtime.load import load_model
from panns.runtime.onnx_backend import OnnxBackend
from tests.sounds import RATE, changing_sound, noise
from tests.tiny_checkpoints import healthy_network


@pytest.fixture(scope="module")
def small_mobilenet(made_once):
    """A checkpoint with the Kaldi front end."""
    config = replace(find_model("mn04_as").config, width=0.1)
    manifest = ModelManifest("mn04_as", config, audioset(), licence="MIT", source="made by a test")
    return made_once("mobilenet", lambda folder: save_checkpoint(healthy_network("mn04_as", config), manifest, folder))


@pytest.fixture(
    scope="module",
    params=[
        "tiny_checkpoint",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("tiny_frames_checkpoint", "small_mobilenet")),
    ],
)
def pair(request, made_once):
    """A checkpoint, and its exported file, which includes the front end."""
    checkpoint = open_checkpoint(request.getfixturevalue(request.param))
    if request.param == "tiny_checkpoint":
        return checkpoint, request.getfixturevalue("exported_file")

    def make(folder):
        folder.mkdir()
        export_onnx(checkpoint, folder / "model.onnx")

    return checkpoint, made_once(f"{request.param}_inside", make) / "model.onnx"


@pytest.mark.parametrize("n_clips", [1, 2, 3])
@pytest.mark.parametrize("n_samples", [1, 2, 512, 513, 514, 4801, RATE, 3 * RATE])
def test_waveform_model_equals_torch(pair, n_clips, n_samples):
    checkpoint, path = pair
    torch_backend = load_model(checkpoint, backend="torch", device="cpu").backend
    waveform = np.stack([changing_sound(3, seed=seed)[:n_samples] for seed in range(n_clips)])
    want, have = torch_backend(waveform), OnnxBackend(open_checkpoint(path), "cpu", 1)(waveform)
    for field in ("clip_probs", "frame_probs", "embedding"):
        expected, found = getattr(want, field), getattr(have, field)
        assert (expected is None) == (found is None), field
        if expected is not None:
            np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def test_the_file_is_valid_and_complete(pair):
    _, path = pair
    onnx.checker.check_model(path, full_check=True)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_inputs_and_outputs_are_named(pair):
    checkpoint, path = pair
    graph = onnx.load(path).graph
    assert [one.name for one in graph.input] == ["waveform"]
    axes = [axis.dim_param for axis in graph.input[0].type.tensor_type.shape.dim]
    assert axes == ["batch", "samples"]
    assert [one.name for one in graph.output] == checkpoint.manifest.onnx_outputs


def test_the_file_contains_the_manifest(pair):
    checkpoint, path = pair
    by_onnx = {one.key: one.value for one in onnx.load(path).metadata_props}
    assert read_onnx_metadata(path)[METADATA_KEY] == by_onnx[METADATA_KEY]
    manifest = open_checkpoint(path).manifest
    assert manifest == replace(checkpoint.manifest, input="waveform", files={})


def test_the_file_contains_no_paths_of_the_machine(pair):
    content = pair[1].read_bytes()
    assert not re.search(rb"site-packages|/src/panns|\.py\b", content)


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_scores_equal_the_checkpoint_folder(tiny_checkpoint, exported_file, backend):
    folder, file = panns.load(tiny_checkpoint), panns.load(exported_file, backend=backend)
    clips = [changing_sound(3, seed=1), noise(1)[:1], changing_sound(33, seed=2)]
    want, have = folder.run(clips), file.run(clips)
    np.testing.assert_allclose(have.clip_probs, want.clip_probs, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(have.embedding, want.embedding, rtol=TOLERANCE, atol=TOLERANCE)
    assert file.manifest.labels == folder.manifest.labels


def test_torch_backend_refuses_an_exported_file(exported_file):
    with pytest.raises(CheckpointError, match=r"has no model\.safetensors; use backend='onnx'"):
        panns.load(exported_file, backend="torch")


def test_log_mel_model_equals_torch(tiny_checkpoint):
    checkpoint = open_checkpoint(tiny_checkpoint)
    path = tiny_checkpoint / "model.onnx"  # converted for the runtime
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [one.name for one in model.graph.input] == ["features"]
    assert open_checkpoint(path).manifest.input == "features"
    waveform = np.stack([changing_sound(2, seed=seed) for seed in range(3)])
    features = log_mel(waveform, checkpoint.manifest.config.frontend)
    want = load_model(checkpoint, backend="torch", device="cpu").backend(waveform)
    have = OnnxBackend(open_checkpoint(path), "cpu", 1)(features)
    np.testing.assert_allclose(have.clip_probs, want.clip_probs, rtol=0, atol=TOLERANCE)


def test_verify_returns_the_largest_differences(tiny_checkpoint, exported_file):
    checkpoint = open_checkpoint(tiny_checkpoint)
    of_waveform, of_features = (
        verify_onnx(checkpoint, path) for path in (exported_file, tiny_checkpoint / "model.onnx")
    )
    assert 0 <= of_waveform.scores < 1e-5
    assert 0 < of_waveform.log_mel_db < 2e-3
    assert 0 <= of_features.scores < 1e-5
    assert of_features.log_mel_db is None


def test_the_log_mel_is_no_output(exported_file):
    """It has a name inside the graph, by which it is verified."""
    graph = onnx.load(exported_file).graph
    assert LOG_MEL not in [one.name for one in graph.output]
    assert [LOG_MEL in node.output for node in graph.node].count(True) == 1


def test_verify_refuses_another_log_mel(tiny_checkpoint, exported_file, tmp_path):
    model = onnx.load(exported_file)
    kernels = next(one for one in model.graph.initializer if one.dims[1:] == [1, 1024])
    kernels.raw_data = (1.01 * np.frombuffer(kernels.raw_data, dtype=np.float32)).astype(np.float32).tobytes()
    changed = tmp_path / "changed.onnx"
    onnx.save(model, changed)
    seal(changed)
    with pytest.raises(
        CheckpointError,
        match=r"the log-mel of the exported file differs .* dB, above .* 1e-02 dB; .*--frontend outside",
    ):
        verify_onnx(open_checkpoint(tiny_checkpoint), changed)


def test_verify_refuses_changed_weights(tiny_checkpoint, exported_file, tmp_path):
    model = onnx.load(exported_file)
    weights = next(one for one in model.graph.initializer if one.name.endswith("head.classifier.weight"))
    weights.raw_data = (1.01 * np.frombuffer(weights.raw_data, dtype=np.float32)).astype(np.float32).tobytes()
    changed = tmp_path / "changed.onnx"
    onnx.save(model, changed)
    seal(changed)
    with pytest.raises(CheckpointError, match=r"differs from the network by .*1e-04"):
        verify_onnx(open_checkpoint(tiny_checkpoint), changed)


def test_verify_refuses_nan_scores(tiny_checkpoint, exported_file, tmp_path):
    model = onnx.load(exported_file)
    weights = next(one for one in model.graph.initializer if one.name.endswith("head.classifier.weight"))
    weights.raw_data = np.full(len(weights.raw_data) // 4, np.nan, dtype=np.float32).tobytes()
    broken = tmp_path / "broken.onnx"
    onnx.save(model, broken)
    seal(broken)
    with pytest.raises(CheckpointError, match=r"differs from the network by inf"):
        verify_onnx(open_checkpoint(tiny_checkpoint), broken)


def test_verify_refuses_other_outputs(tiny_checkpoint, tiny_frames_checkpoint):
    with pytest.raises(CheckpointError, match=r"outputs of .* differ"):
        verify_onnx(open_checkpoint(tiny_frames_checkpoint), tiny_checkpoint / "model.onnx")


def test_a_missing_exporter_names_its_extra(tiny_checkpoint, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(
        MissingExtra, match=r"exporting to ONNX needs .*'onnxscript'.*pip install 'panns-audio\[export\]'"
    ):
        export_onnx(open_checkpoint(tiny_checkpoint), tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []


def endless(body_of, exported_file, tmp_path):
    """A copy of an exported file whose last step is repeated."""
    model = onnx.load(exported_file)
    output = model.graph.output[0].name
    for node in model.graph.node:
        for i, name in enumerate(node.output):
            if name == output:
                node.output[i] = "before"
    body_of(model, output)
    path = tmp_path / "endless.onnx"
    onnx.save(model, path)
    seal(path)
    return path


def loop(model, output):
    """A loop of 2^62 rounds."""
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go_in"], ["go_out"]), helper.make_node("Abs", ["x_in"], ["x_out"])],
        "body",
        [
            value("i", onnx.TensorProto.INT64, []),
            value("go_in", onnx.TensorProto.BOOL, []),
            value("x_in", onnx.TensorProto.FLOAT, None),
        ],
        [value("go_out", onnx.TensorProto.BOOL, []), value("x_out", onnx.TensorProto.FLOAT, None)],
    )
    constants = [np.array(2**62), np.array(True)]
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(array, name) for name, array in zip(("n", "go"), constants, strict=True)
    )
    model.graph.node.append(helper.make_node("Loop", ["n", "go", "before"], [output], body=body))


def scan_of_nothing(model, output):
    """A scan over 2^62 rows without a number, which take no memory."""
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Abs", ["x_in"], ["x_out"]), helper.make_node("Identity", ["row"], ["same"])],
        "body",
        [value("x_in", onnx.TensorProto.FLOAT, None), value("row", onnx.TensorProto.FLOAT, [0])],
        [value("x_out", onnx.TensorProto.FLOAT, None), value("same", onnx.TensorProto.FLOAT, [0])],
    )
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([2**62, 0]), "shape"))
    model.graph.node.append(helper.make_node("ConstantOfShape", ["shape"], ["rows"]))
    model.graph.node.append(
        helper.make_node("Scan", ["before", "rows"], [output, "others"], body=body, num_scan_inputs=1)
    )


def test_a_call_ends_though_its_graph_does_not(exported_file, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_backend, "CALL_LIMIT", CallLimit(0.2, tick_s=0.05))
    recognizer = panns.load(endless(scan_of_nothing, exported_file, tmp_path))
    with pytest.raises(CheckpointError, match=r"endless\.onnx computes for longer than 0\.2 s"):
        recognizer.tag((np.zeros(32_000, np.float32), 32_000))


def foreign(model, output):
    model.graph.node.append(helper.make_node("BeamSearch", ["before"], [output], domain="com.microsoft"))


@pytest.mark.parametrize(("repeat", "word"), [(loop, "Loop"), (foreign, "BeamSearch")])
def test_a_graph_without_end_is_refused(exported_file, tmp_path, repeat, word):
    """A foreign graph may hold a loop of 2^62 rounds, and its digest may be right."""
    path = endless(repeat, exported_file, tmp_path)
    with pytest.raises(CheckpointError, match=rf"endless\.onnx has an operator that may run without end \({word}\)"):
        panns.load(path)
