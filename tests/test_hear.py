"""The interface of HEAR, by the rules of its validator."""

import numpy as np
import pytest
import torch

import panns
from panns import hear
from panns.errors import CheckpointError, UnknownModel
from tests.commands import WITHOUT_TORCH, run_python
from tests.sounds import noise

# Rates of HEAR's sounds, from the page of its interface. Version 2021.0.2 of its validator leaves out 32 kHz.
RATES = {16_000, 22_050, 32_000, 44_100, 48_000}


@pytest.fixture(scope="module", params=["builtin", "stream"])
def model(request):
    return hear.load_model(request.param)


def random_sounds(model, n_sounds, seconds):
    generator = torch.Generator().manual_seed(0)
    return 2 * torch.rand(n_sounds, int(seconds * model.sample_rate), generator=generator) - 1


def test_attributes_of_the_model(model):
    assert isinstance(model, torch.nn.Module)
    assert model.sample_rate in RATES
    assert type(model.scene_embedding_size) is int
    assert type(model.timestamp_embedding_size) is int
    assert len(list(model.parameters())) > 10
    assert not model.network.training


@pytest.mark.parametrize("seconds", [1.07, 1.98, pytest.param(4.0, marks=pytest.mark.slow)])
def test_timestamp_embeddings(model, seconds):
    embeddings, stamps_ms = hear.get_timestamp_embeddings(random_sounds(model, 2, seconds), model)
    assert embeddings.dtype == torch.float32
    assert embeddings.shape == (2, stamps_ms.shape[1], model.timestamp_embedding_size)
    assert stamps_ms.shape[0] == 2
    assert torch.isfinite(embeddings).all()
    steps = torch.diff(stamps_ms)
    assert steps.max() <= 50
    assert (steps - steps.mean()).abs().max() <= 1
    assert 0 <= stamps_ms.min() <= steps.mean()
    assert 1000 * seconds - 50 <= stamps_ms.max() <= 1000 * seconds


def test_scene_embeddings(model):
    sounds = random_sounds(model, 4, 2.74)
    embeddings = hear.get_scene_embeddings(sounds, model)
    assert embeddings.dtype == torch.float32
    assert embeddings.shape == (4, model.scene_embedding_size)
    ours = panns.load(model._manifest.architecture, n_threads=1).run(sounds.numpy()).embedding
    np.testing.assert_allclose(embeddings.numpy(), ours, atol=1e-4)


def test_stamps_do_not_drift_and_windows_are_centred(monkeypatch):
    """Each window is read around its stamp, at 0.1 ms, though a hop is not a whole number of samples."""
    model = hear.load_model("stream", window_s=0.1, hop_s=0.0123)
    seen = []

    class Recorder:
        def score(self, batch):
            seen.extend(batch)
            return panns.Scores(clip_probs=None, embedding=np.zeros((len(batch), model.timestamp_embedding_size)))

    monkeypatch.setattr(model, "running", lambda: (Recorder(), type("Backend", (), {"device": "cpu"})))
    ramp = torch.arange(1, 16_000 * 10 + 1, dtype=torch.float32)[None]  # its number in each sample
    _, stamps_ms = hear.get_timestamp_embeddings(ramp, model)
    assert stamps_ms.shape == (1, 814)
    for stamp_ms, window in zip(stamps_ms[0], seen, strict=True):
        assert abs((window[800] - 1) / 16 - stamp_ms) < 0.1 or stamp_ms > 9_999
    assert (seen[0][:800] == 0).all()
    assert seen[0][800] == 1


def test_a_window_reads_its_surroundings_only():
    model = hear.load_model("builtin")
    silence = torch.zeros(1, 2 * model.sample_rate)
    burst = silence.clone()
    burst[0, 32_000:33_000] = torch.from_numpy(noise(1.0)[:1000].copy())
    (quiet, loud), stamps_ms = hear.get_timestamp_embeddings(torch.cat([silence, burst]), model)
    differs = (quiet - loud).abs().amax(dim=1) > 1e-5
    heard = stamps_ms[0][differs]
    assert heard.min() >= 1000 - 200
    assert heard.max() <= 1031 + 200
    assert differs.sum() >= 8


def test_short_and_long_sounds(model):
    short, stamps_ms = hear.get_timestamp_embeddings(random_sounds(model, 1, 0.01), model)
    assert short.shape == (1, 1, model.timestamp_embedding_size)
    assert stamps_ms.tolist() == [[0.0]]
    assert torch.isfinite(hear.get_scene_embeddings(random_sounds(model, 1, 31.0), model)).all()


@pytest.mark.parametrize(
    "audio", [torch.zeros(100), torch.zeros(1, 1, 100), torch.zeros(1, 0), torch.zeros(1, 100, dtype=torch.int64)]
)
def test_other_sounds_are_refused(audio):
    model = hear.load_model("stream")
    for function in (hear.get_scene_embeddings, hear.get_timestamp_embeddings):
        with pytest.raises(ValueError, match=r"audio has the shape .*give floats \(sounds, samples\)"):
            function(audio, model)


def test_other_models_are_refused(tiny_frames_checkpoint, tmp_path):
    with pytest.raises(ValueError, match="cnn14_decision_level_max has no embedding"):
        hear.load_model(str(tiny_frames_checkpoint))
    with pytest.raises(UnknownModel, match="no model 'cn14'"):
        hear.load_model("cn14")
    with pytest.raises(CheckpointError, match=r"has no model\.json"):
        hear.load_model(str(tmp_path))
    for wrong in ({"hop_s": 0.5}, {"hop_s": 0.0}, {"window_s": 100.0}, {"window_s": float("nan")}):
        with pytest.raises(ValueError, match=r"hop_s=.* window_s=.* out of range"):
            hear.load_model("stream", **wrong)


def test_without_torch_the_message_names_the_extra():
    done = run_python(
        WITHOUT_TORCH
        + """
from panns.errors import MissingExtra
try:
    import panns.hear
except MissingExtra as exc:
    print(exc)
"""
    )
    assert done.stdout == (
        "the interface of HEAR needs the package 'torch'; install it with: pip install 'panns-audio[train]'\n"
    ), done.stderr
