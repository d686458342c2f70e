import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from panns.errors import CheckpointError
from panns.frontend import LogMelConfig, fft_window, mel_filters
from panns.models import find_model
from panns.networks.build import load_published, load_strictly
from panns.published.cnn import from_published
from panns.published.state_dict import read_state_dict, split_frontend
from tests.golden.recipe import cnn6_shapes, state_dict
from tests.hypothesis_examples import examples

TENSORS = {"conv.weight": torch.arange(6.0).reshape(2, 3), "norm.num_batches_tracked": torch.tensor(5)}
ARRAYS = {key: tensor.numpy() for key, tensor in TENSORS.items()}
CNN14 = find_model("cnn14").config.frontend
SMALL = LogMelConfig(
    sample_rate=8_000, n_fft=64, window_samples=64, hop_samples=80, n_mels=4, f_min_hz=50, f_max_hz=4_000
)
FOURIER = "spectrogram_extractor.stft.conv_{}.weight"
MEL = "logmel_extractor.melW"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.pth"


def save(content, path, **how):
    torch.save(content, path, **how)
    return path


def check_same(ours, expected):
    assert list(ours) == list(expected)
    assert all(np.array_equal(ours[key], expected[key]) for key in expected)


@pytest.mark.parametrize(
    "content",
    [
        TENSORS,
        {"model": TENSORS},
        {"model": TENSORS, "iteration": 600_000, "sampler": {"seed": 1}},
        {"state_dict": TENSORS, "epoch": 3},
        {"model": {"state_dict": TENSORS}},
        {f"module.{key}": value for key, value in TENSORS.items()},
        {"model": {f"module.{key}": value for key, value in TENSORS.items()}},
    ],
    ids=["plain", "model", "training", "state_dict", "both", "module", "model-module"],
)
def test_reads_every_published_layout(content, path):
    check_same(read_state_dict(save(content, path)), TENSORS)


def test_reads_the_layout_of_old_torch(path):
    check_same(read_state_dict(save(TENSORS, path, _use_new_zipfile_serialization=False)), TENSORS)


def test_only_the_first_module_prefix_is_removed(path):
    assert list(read_state_dict(save({"module.module.w": torch.zeros(1)}, path))) == ["module.w"]


class Code:
    """Unpickled, this makes a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("is_torch_file", [True, False])
@pytest.mark.parametrize("wrap", [lambda code: code, lambda code: {"model": TENSORS, "optimizer": code}])
def test_a_file_with_code_is_refused_and_not_run(path, tmp_path, wrap, is_torch_file):
    mark = tmp_path / "run"
    content = wrap(Code(mark))
    if is_torch_file:
        save(content, path)
    else:
        path.write_bytes(pickle.dumps({"model": content}, protocol=2))
    with pytest.raises(CheckpointError, match="as PyTorch weights"):
        read_state_dict(path)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Code(mark)))  # noqa: S301 - the code would have worked
    assert mark.exists()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("is_zip", [True, False])
def test_a_truncated_file_is_refused(path, share, is_zip):
    save({"model": {"w": torch.rand(1000)}}, path, _use_new_zipfile_serialization=is_zip)
    os.truncate(path, int(share * path.stat().st_size))
    with pytest.raises(CheckpointError, match=r"weights\.pth as PyTorch weights"):
        read_state_dict(path)


@pytest.mark.parametrize(
    "content", [b"<!DOCTYPE html><html>404</html>", b"version https://git-lfs.github.com/spec/v1\n", b"\x00" * 100]
)
def test_a_file_of_another_kind_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="as PyTorch weights"):
        read_state_dict(path)


def test_a_missing_file_is_refused(path):
    with pytest.raises(CheckpointError, match="as PyTorch weights"):
        read_state_dict(path)


@pytest.mark.parametrize("content", [{}, {"model": {}}, [torch.zeros(1)], torch.zeros(1), {"lr": 0.1}, {"w": [1.0]}, 5])
def test_a_file_without_named_tensors_is_refused(path, content):
    with pytest.raises(CheckpointError, match="has no state dict"):
        read_state_dict(save(content, path))


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("damaged")
    old, new = save(TENSORS, folder / "old", _use_new_zipfile_serialization=False), save(TENSORS, folder / "new")
    return folder / "weights.pth", {"old": old.read_bytes(), "new": new.read_bytes()}


@pytest.mark.filterwarnings("ignore:Detected pickle protocol", "ignore:Defining your `__torch_function__`")
@settings(max_examples=examples(400))
@given(
    kind=st.sampled_from(["old", "new"]),
    changes=st.lists(st.tuples(st.integers(0, 699), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_changed_bytes_are_read_or_refused(damaged, kind, changes):
    """Nothing but a `CheckpointError` may come out, whatever the bytes."""
    path, whole = damaged
    content = bytearray(whole[kind])
    for place, value in changes:
        content[place % len(content)] = value
    path.write_bytes(content)
    try:
        tensors = read_state_dict(path)
    except CheckpointError:
        return
    assert all(isinstance(tensor, np.ndarray) for tensor in tensors.values())


def test_a_missing_storage_is_refused(path):
    save(TENSORS, path, _use_new_zipfile_serialization=False)
    content = bytearray(path.read_bytes())
    *_, key = re.finditer(rb"\d{6,}", content)  # of the list of storages, behind the tensors
    content[key.start()] ^= 1  # another digit
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="as PyTorch weights"):
        read_state_dict(path)


def frontend_tensors(config):
    """As torchlibrosa has them: e^(-i angle) under the window."""
    angle = 2 * np.pi * np.outer(np.arange(config.n_fft // 2 + 1), np.arange(config.n_fft)) / config.n_fft
    kernels = np.exp(-1j * angle) * fft_window(config)
    return {
        FOURIER.format("real"): torch.tensor(kernels.real[:, None], dtype=torch.float32),
        FOURIER.format("imag"): torch.tensor(kernels.imag[:, None], dtype=torch.float32),
        MEL: torch.tensor(mel_filters(config)),
    }


def frontend_arrays(config):
    return {key: tensor.numpy() for key, tensor in frontend_tensors(config).items()}


def test_a_matching_front_end_is_accepted():
    check_same(split_frontend({**frontend_arrays(SMALL), **ARRAYS}, SMALL, name="small"), ARRAYS)


def test_a_front_end_in_another_precision_is_compared():
    halves = {key: array.astype(np.float64) for key, array in frontend_arrays(SMALL).items()}
    check_same(split_frontend({**halves, **ARRAYS}, SMALL, name="small"), ARRAYS)


def test_the_front_end_is_optional():
    check_same(split_frontend(dict(ARRAYS), SMALL, name="small"), ARRAYS)


@pytest.mark.parametrize("key", [FOURIER.format("real"), FOURIER.format("imag"), MEL])
def test_every_tensor_of_the_front_end_is_compared(key):
    tensors = frontend_arrays(SMALL)
    changed = tensors[key].copy()
    changed.reshape(-1)[np.abs(changed).argmax()] += 1e-3
    with pytest.raises(
        CheckpointError, match=re.escape(f"{key} in this file, {tuple(changed.shape)}, differs from that of")
    ):
        split_frontend({**tensors, key: changed}, SMALL, name="small")
    with pytest.raises(CheckpointError, match=re.escape(key)):
        split_frontend({key: np.full_like(changed, np.nan)}, SMALL, name="small")


@pytest.mark.parametrize("other", ["cnn14_16k", "cnn14_8k", "cnn14_mel32", "cnn14_mel128"])
def test_the_front_end_of_another_model_is_refused(other):
    message = r"differs from that of cnn14 \(32000 Hz, 1024 samples, 64 bands, 50 to 14000 Hz\)"
    with pytest.raises(CheckpointError, match=message):
        split_frontend(frontend_arrays(find_model(other).config.frontend), CNN14, name="cnn14")


def test_cnn14_refuses_the_file_of_cnn14_16k(path):
    """The parameters fit at either rate, so without the check the scores would be wrong."""
    save({"model": frontend_tensors(find_model("cnn14_16k").config.frontend)}, path)
    with pytest.raises(CheckpointError, match=r"differs from that of cnn14"):
        load_published(find_model("cnn14"), path)


@pytest.fixture(scope="module")
def cnn6():
    """A published CNN6, without its front end."""
    return {key: torch.from_numpy(value) for key, value in state_dict(cnn6_shapes()).items()}


def test_a_published_file_is_loaded(cnn6, path):
    network = load_published(find_model("cnn6"), save({"model": {**frontend_tensors(CNN14), **cnn6}}, path))
    assert not network.training
    assert torch.equal(network.input_norm.running_mean, cnn6["bn0.running_mean"])
    assert torch.equal(network.blocks[3][0].weight, cnn6["conv_block4.conv1.weight"])
    assert torch.equal(network.head.projection.weight, cnn6["fc1.weight"])
    assert torch.equal(network.head.classifier.bias, cnn6["fc_audioset.bias"])


def test_half_precision_is_widened(cnn6, path):
    halves = {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in cnn6.items()}
    network = load_published(find_model("cnn6"), save(halves, path))
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    with torch.inference_mode():
        assert network(torch.zeros(1, 8_000)).clip_logits.dtype == torch.float32


def test_missing_parameters_are_named(cnn6, path):
    save({key: tensor for key, tensor in cnn6.items() if not key.startswith("fc1.")}, path)
    message = r"weights\.pth loaded as cnn6 does not fit: 2 missing, such as head\.projection\.bias"
    with pytest.raises(CheckpointError, match=message):
        load_published(find_model("cnn6"), path)


def test_unknown_parameters_are_named(cnn6, path):
    save({**cnn6, "fc2.weight": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError, match=r"does not fit: 1 unknown, such as fc2\.weight"):
        load_published(find_model("cnn6"), path)


def test_wrong_shapes_are_named(cnn6, path):
    save({**cnn6, "fc_audioset.bias": torch.zeros(10)}, path)
    message = r"does not fit: head\.classifier\.bias has shape \(10,\), expected \(527,\)"
    with pytest.raises(CheckpointError, match=message):
        load_published(find_model("cnn6"), path)


def test_another_model_of_the_family_is_refused(cnn6, path):
    with pytest.raises(CheckpointError, match="loaded as cnn10 does not fit: 24 missing, such as "):
        load_published(find_model("cnn10"), save(cnn6, path))


def test_another_family_is_refused(cnn6, path):
    with pytest.raises(CheckpointError, match="loaded as mn04_as does not fit: "):
        load_published(find_model("mn04_as"), save(cnn6, path))


def test_a_refused_file_leaves_the_network_unchanged():
    network = torch.nn.Linear(2, 2)
    before = network.weight.clone()
    with pytest.raises(CheckpointError, match="here does not fit: 1 missing, such as bias"):
        load_strictly(network, {"weight": torch.zeros(2, 2)}, where="here")
    assert torch.equal(network.weight, before)


def test_published_names_are_converted():
    names = {
        "bn0.weight": "input_norm.weight",
        "conv_block1.conv1.weight": "blocks.0.0.weight",
        "conv_block3.bn1.running_var": "blocks.2.1.running_var",
        "conv_block6.conv2.weight": "blocks.5.3.weight",
        "conv_block6.bn2.bias": "blocks.5.4.bias",
        "fc1.bias": "head.projection.bias",
        "fc_audioset.weight": "head.classifier.weight",
        "att_block.att.bias": "head.attention.bias",
        "att_block.cla.bias": "head.classifier.bias",
    }
    assert list(from_published(dict.fromkeys(names, np.zeros(1)))) == list(names.values())


def test_the_attention_block_becomes_linear_layers():
    published = {"att_block.att.weight": np.zeros((5, 3, 1)), "att_block.bn_att.weight": np.zeros(5)}
    ours = from_published(published)
    assert {key: tuple(tensor.shape) for key, tensor in ours.items()} == {"head.attention.weight": (5, 3)}
