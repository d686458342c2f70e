import shutil
import sys

import numpy as np
import pytest

import panns
from panns.checkpoints.checkpoint import ONNX_FILE, TORCH_FILE, open_checkpoint
from panns.errors import CheckpointError, DeviceUnavailable, MissingExtra
from panns.runtime.backend import BACKENDS
from panns.runtime.load import load_model
from tests.commands import run_python, succeed
from tests.sounds import RATE, changing_sound

TOLERANCE = 1e-4  # promised in docs/parity.md: the same scores from every backend
LENGTHS = [1, 513, 4801, RATE, 5 * RATE + 7, 31 * RATE]


@pytest.fixture(scope="module", params=["tiny_checkpoint", "tiny_frames_checkpoint"])
def models(request):
    checkpoint = open_checkpoint(request.getfixturevalue(request.param))
    return {name: load_model(checkpoint, backend=name, device="cpu", n_threads=1) for name in BACKENDS}


@pytest.mark.parametrize("backend", ["torch", "openvino"])
@pytest.mark.parametrize("n_samples", LENGTHS)
def test_backends_agree(models, backend, n_samples):
    clips = [changing_sound(31, seed=seed)[:n_samples] for seed in range(2 if n_samples < 6 * RATE else 1)]
    want, have = models["onnx"].run(clips), models[backend].run(clips)
    for field in ("clip_probs", "frame_probs", "embedding", "frame_onsets_s"):
        expected, found = getattr(want, field), getattr(have, field)
        assert (expected is None) == (found is None), field
        if expected is not None:
            assert expected.shape == found.shape
            np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_cpu_is_always_available(models, backend):
    assert models[backend].backend.device == "cpu"


def test_recognizer_has_backend_and_device(tiny_checkpoint):
    recognizer = panns.load(tiny_checkpoint, device="cpu")
    assert (recognizer.backend, recognizer.device) == ("onnx", "cpu")


def test_auto_selects_an_available_device(tiny_checkpoint):
    torch = pytest.importorskip("torch")
    expected = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert panns.load(tiny_checkpoint, backend="torch").device == expected


@pytest.mark.parametrize(
    ("backend", "device", "message"),
    [
        ("onnx", "cuda", r"device='cuda'.* install onnxruntime-gpu"),
        ("onnx", "mps", r"device='mps' is not available on the backend 'onnx'.* use backend='torch'"),
        ("openvino", "cuda", r"device='cuda' .* 'openvino', which supports cpu"),
        ("openvino", "mps", r"device='mps' .* 'openvino'"),
        ("torch", "cuda", r"device='cuda' .* 'torch'; this machine has cpu"),
        ("torch", "mps", r"device='mps' .* 'torch'; this machine has cpu"),
    ],
)
def test_an_unavailable_device_is_refused(tiny_checkpoint, monkeypatch, backend, device, message):
    import onnxruntime
    import torch

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailable, match=message):
        panns.load(tiny_checkpoint, backend=backend, device=device)


def test_unknown_backend_or_device_is_refused(tiny_checkpoint):
    with pytest.raises(ValueError, match=r"backend='tensorrt' is not one of onnx, torch, openvino"):
        panns.load(tiny_checkpoint, backend="tensorrt")
    with pytest.raises(ValueError, match=r"backend='tensorrt' is not one of"):
        load_model(open_checkpoint(tiny_checkpoint), backend="tensorrt")
    with pytest.raises(ValueError, match=r"device='gpu' is not one of auto, cpu, cuda, mps"):
        panns.load(tiny_checkpoint, device="gpu")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("n_threads", [0, -1, True, 1.5, "2"])
def test_an_invalid_number_of_threads_is_refused(backend, n_threads):
    with pytest.raises(ValueError, match=rf"n_threads={n_threads!r}"):
        panns.load("cnn14", backend=backend, n_threads=n_threads)


@pytest.mark.parametrize(
    ("backend", "package", "message"),
    [
        ("openvino", "openvino", r"'openvino'.*pip install 'panns-audio\[openvino\]'"),
        ("torch", "torch", r"'torch'.*pip install 'panns-audio\[train\]'"),
    ],
)
def test_a_missing_backend_names_its_extra(tiny_checkpoint, monkeypatch, backend, package, message):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=message):
        panns.load(tiny_checkpoint, backend=backend)


@pytest.fixture
def copy(tiny_checkpoint, tmp_path):
    return shutil.copytree(tiny_checkpoint, tmp_path / "copy")


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_a_changed_file_is_refused(copy, backend):
    with (copy / ONNX_FILE).open("r+b") as file:
        file.seek(5000)
        file.write(b"\x00\x01\x02\x03")
    with pytest.raises(CheckpointError, match=r"model\.onnx differs from .*model\.json"):
        panns.load(copy, backend=backend)


def test_a_changed_parameter_file_is_refused(copy):
    with (copy / "model.safetensors").open("ab") as file:
        file.write(b"\x00")
    with pytest.raises(CheckpointError, match=r"model\.safetensors differs"):
        panns.load(copy, backend="torch")


def test_a_missing_file_is_named(copy):
    (copy / TORCH_FILE).unlink()
    with pytest.raises(CheckpointError, match=r"has no model\.safetensors; use backend='onnx'"):
        panns.load(copy, backend="torch")
    (copy / ONNX_FILE).unlink()
    with pytest.raises(CheckpointError, match=r"has neither model\.onnx nor model\.safetensors"):
        panns.load(copy)


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
@pytest.mark.parametrize("content", [b"", b"no model", b"half"])
def test_an_invalid_model_file_is_refused(copy, backend, content):
    """The digest matches, so the runtime itself reads the file."""
    path = copy / ONNX_FILE
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content == b"half" else content)
    open_checkpoint(copy).record_files(ONNX_FILE)
    with pytest.raises(CheckpointError, match=r"model\.onnx cannot be run by (ONNX Runtime|OpenVINO)"):
        panns.load(copy, backend=backend)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_exported_file_is_refused(exported_file, tmp_path, share):
    path = tmp_path / "cut.onnx"
    path.write_bytes(exported_file.read_bytes()[: int(share * exported_file.stat().st_size)])
    with pytest.raises(CheckpointError, match=r"cut\.onnx (is damaged|has no manifest)"):
        panns.load(path)


@pytest.mark.parametrize("backend", ["onnx", "openvino"])
def test_a_graph_must_match_its_manifest(tiny_frames_checkpoint, tiny_checkpoint, tmp_path, backend):
    folder = shutil.copytree(tiny_frames_checkpoint, tmp_path / "mixed")
    shutil.copy(tiny_checkpoint / ONNX_FILE, folder / ONNX_FILE)
    open_checkpoint(folder).record_files(ONNX_FILE)
    with pytest.raises(CheckpointError, match="outputs clip_probs, embedding, but its manifest"):
        panns.load(folder, backend=backend)


def test_no_telemetry_is_stored(tiny_checkpoint, tmp_path):
    """By default, ONNX Runtime keeps a device id and a queue of events in the home folder."""
    succeed(run_python("import sys, panns; panns.load(sys.argv[1])", tiny_checkpoint, HOME=tmp_path))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
