"""YAMNet: parity with a float64 computation of the published weights, and its patches."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import panns
from panns.frontend import log_mel
from panns.models import find_model
from panns.models.yamnet import YamnetConfig
from panns.networks.build import load_published
from panns.networks.yamnet import SameConv
from panns.tasks.tagging import tags_from_probs
from tests.tiny_checkpoints import healthy_network

CONFIG = find_model("yamnet").config
MAX_PROB, MAX_EMBEDDING, MAX_LOG_MEL = 1e-4, 1e-3, 1e-3
SHORT = ("silence", "tone", "2.5s_16000/0", "2.5s_16000/1")


@pytest.fixture(scope="module")
def published(shared):
    path = shared / "weights/yamnet.tflite"
    if not path.exists():
        pytest.skip("needs the published file")
    return path


@pytest.fixture(scope="module")
def golden(shared):
    with np.load(shared / "reference/yamnet/yamnet.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def waveform_of(shared):
    with np.load(shared / "reference/golden/waveforms.npz") as arrays:
        speech = (arrays["2.5s_16000"] / 32768).astype(np.float32)
    tone = np.sin(2 * np.pi * 440 * np.arange(48_000) / 16_000).astype(np.float32)
    return {"silence": 0 * tone, "tone": tone, "2.5s_16000/0": speech[0], "2.5s_16000/1": speech[1]}


@pytest.fixture(scope="module")
def recognizer(published, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PANNS_CACHE", str(tmp_path_factory.mktemp("yamnet")))
        return panns.load("yamnet", published, n_threads=1)


@pytest.mark.parametrize("name", SHORT)
def test_the_default_backend_equals_the_definition(name, recognizer, golden, waveform_of):
    scores = recognizer.run(waveform_of[name])
    wanted = golden[f"{name}:scores"]
    assert np.abs(scores.frame_probs[0] - wanted).max() <= MAX_PROB
    assert np.abs(scores.clip_probs[0] - wanted.mean(axis=0)).max() <= MAX_PROB
    assert np.abs(scores.embedding[0] - golden[f"{name}:embedding"].mean(axis=0)).max() <= MAX_EMBEDDING
    np.testing.assert_allclose(scores.frame_onsets_s[0], np.arange(len(wanted)) * 0.48)


@pytest.mark.parametrize("name", ["tone", "2.5s_16000/0"])
def test_the_log_mel_equals_the_definition(name, golden, waveform_of):
    frames = log_mel(waveform_of[name], CONFIG.frontend)
    patches = [frames[start : start + 96] for start in range(0, len(frames) - 95, 48)]
    assert np.abs(np.stack(patches) - golden[f"{name}:logmel"]).max() <= MAX_LOG_MEL


def test_torch_equals_the_definition(published, golden, waveform_of):
    network = load_published(find_model("yamnet"), published)
    waveforms = torch.from_numpy(np.stack([waveform_of["2.5s_16000/0"], waveform_of["2.5s_16000/1"]]))
    with torch.inference_mode():
        output = network(waveforms)
    for row in (0, 1):
        wanted = golden[f"2.5s_16000/{row}:scores"]
        assert np.abs(output.frame_logits[row].sigmoid().numpy() - wanted).max() <= MAX_PROB
        assert np.abs(output.embedding[row].numpy() - golden[f"2.5s_16000/{row}:embedding"].mean(0)).max() <= 1e-4


def test_sounds_of_files_equal_the_definition(recognizer, golden, shared):
    """With decoding and resampling: 1e-3."""
    names = [key.removesuffix(":scores") for key in golden if key.endswith(("g:scores", "c:scores"))]
    assert len(names) == 6
    for name in names:
        tagging = recognizer.tag(shared / "data" / name, top=None)
        probs = np.zeros(521)
        probs[[tag.index for tag in tagging.tags]] = [tag.score for tag in tagging.tags]
        assert np.abs(probs - golden[f"{name}:scores"].mean(axis=0)).max() <= 1e-3


def test_the_three_checks_of_the_publisher(recognizer):
    """`yamnet_test.py` in tensorflow/models: the class is among the ten highest."""
    rng = np.random.RandomState(51773)
    sounds = {
        "Silence": np.zeros(48_000),
        "White noise": rng.uniform(-1, 1, 48_000),
        "Sine wave": np.sin(2 * np.pi * 440 * np.arange(48_000) / 16_000),
    }
    for label, waveform in sounds.items():
        probs = recognizer.run(waveform.astype(np.float32)).clip_probs[0]
        assert label in {tag.label for tag in tags_from_probs(probs, recognizer.manifest.labels, top=10)}


def test_padding_is_that_of_tensorflow():
    """With a stride of 2 and an even size, the padding is one line after the end and none before the start."""
    conv = SameConv(1, 1, stride=2)
    torch.nn.init.ones_(conv.weight)
    torch.nn.init.zeros_(conv.bias)
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 0, 0], x[0, 0, 3, 3] = 1, 10
    assert conv(x)[0, 0].tolist() == [[1, 0], [0, 10]]
    assert conv(torch.ones(1, 1, 4, 4))[0, 0].tolist() == [[9, 6], [6, 4]]


def test_a_patch_is_scored_on_its_own():
    network = healthy_network("yamnet", replace(CONFIG, width=0.1))
    waveform = 0.1 * torch.randn(1, 15_600 + 2 * 7_680, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        whole = network(waveform)
        alone = [network(waveform[:, start : start + 15_600]) for start in (0, 7_680, 15_360)]
    assert whole.frame_logits.shape == (1, 3, 521)
    for frame, one in zip(whole.frame_logits[0], alone, strict=True):
        torch.testing.assert_close(one.clip_logits[0], frame, atol=1e-4, rtol=1e-4)
    mean = torch.stack([one.clip_logits.sigmoid() for one in alone]).mean(dim=0)
    torch.testing.assert_close(whole.clip_logits.sigmoid(), mean, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("n_samples", "n_patches"), [(1, 1), (15_600, 1), (15_601, 2), (23_280, 2), (160_000, 20)])
def test_number_of_patches(n_samples, n_patches):
    assert CONFIG.n_frames(n_samples) == n_patches == 1 + max(0, -(-(n_samples - 15_600) // 7_680))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"width": 0.0}, "width=0.0 must be positive"),
        ({"frontend": replace(CONFIG.frontend, fill=None)}, "fill=None must be the length of a patch"),
        ({"frontend": replace(CONFIG.frontend, fill=(90, 45))}, "90 frames and n_mels=64 must be multiples of 32"),
        ({"frontend": replace(CONFIG.frontend, n_mels=80)}, "96 frames and n_mels=80"),
    ],
)
def test_wrong_settings_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        YamnetConfig(**settings)
