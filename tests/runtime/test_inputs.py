"""Models that read a waveform, a log-mel, or both, on every backend."""

import numpy as np
import pytest

from panns.checkpoints.checkpoint import open_checkpoint
from panns.runtime.backend import BACKENDS
from panns.runtime.load import load_model
from tests.small_models import small_config
from tests.sounds import RATE, changing_sound
from tests.tiny_checkpoints import make_checkpoint

INPUTS = {
    "leenet11": ("waveform",),
    "wavegram_logmel_cnn14": ("waveform", "features"),
    "patch_attention": ("features",),
}


@pytest.fixture(scope="module", params=[pytest.param(name, marks=pytest.mark.slow) for name in INPUTS])
def models(request, made_once):
    settings = vars(small_config(request.param))
    name = f"small_{request.param}"
    checkpoint = open_checkpoint(made_once(name, lambda folder: make_checkpoint(folder, request.param, **settings)))
    return {name: load_model(checkpoint, backend=name, device="cpu", n_threads=1) for name in BACKENDS}


def test_inputs_of_each_backend(models):
    name = models["onnx"].manifest.architecture
    assert models["onnx"].backend.inputs == models["openvino"].backend.inputs == INPUTS[name]
    assert models["torch"].backend.inputs == ("waveform",)


# Around a hop: the two maps of a wavegram with a log-mel differ by a column at every other one.
@pytest.mark.parametrize("n_samples", [1, RATE // 2, 1281 * 25, 1282 * 25, 31 * RATE])
def test_backends_agree(models, n_samples):
    clips = [changing_sound(31, seed=seed)[:n_samples] for seed in range(2 if n_samples < 6 * RATE else 1)]
    want = models["onnx"].run(clips, patch_weights=True)
    for backend in ("torch", "openvino"):
        have = models[backend].run(clips, patch_weights=True)
        for field, expected in vars(want).items():
            found = getattr(have, field)
            assert (expected is None) == (found is None), field
            if expected is not None:
                assert expected.shape == found.shape, field
                np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_patch_weights_are_optional(models):
    model, sound = models["onnx"], changing_sound(32)
    assert model.run(sound).patch_weights is None
    scores = model.run([sound, sound[: 2 * RATE]], patch_weights=True)
    if model.manifest.architecture != "patch_attention":
        assert scores.patch_weights is None
        return
    n_columns = 16  # of each window of 10 s; the last has 2 s
    assert scores.patch_weights.shape == (2, 527, 3 * n_columns + 4, 2)
    np.testing.assert_allclose(scores.patch_weights[0, :, :n_columns].sum(axis=(1, 2)), 1, rtol=1e-5)
    np.testing.assert_allclose(scores.patch_onsets_s[0, [0, 1, 15, 16, 17]], [0, 0.64, 9.6, 10, 10.64])
    np.testing.assert_allclose(scores.patch_weights[1, :, :4].sum(axis=(1, 2)), 1, rtol=1e-5)
    assert np.isnan(scores.patch_weights[1, :, 4:]).all()
    assert np.isnan(scores.patch_onsets_s[1, 4:]).all()


@pytest.mark.slow
def test_long_clips_are_cut_into_windows(tmp_path):
    settings = vars(small_config("ced_tiny"))
    model = load_model(open_checkpoint(make_checkpoint(tmp_path, "ced_tiny", **settings)), n_threads=1)
    rate = model.manifest.sample_rate
    one_pass = int(model.manifest.one_pass_s * rate)
    sound = changing_sound(12, seed=3)
    assert [len(window.waveform) for window in model.windows([sound[:one_pass]])] == [one_pass]
    longer = sound[: one_pass + 1]  # no sample is dropped
    lengths = [len(window.waveform) for window in model.windows([longer])]
    assert sum(lengths) == one_pass + 1
    assert sorted(lengths) == [(one_pass + 1) // 2, one_pass + 1 - (one_pass + 1) // 2]
    with pytest.raises(ValueError, match=r"10\.\d+ s is too long for one pass; ced_tiny .*use run\(\)"):
        model.score(longer[None])
    both = np.maximum(model.run(sound[: 10 * rate]).clip_probs, model.run(sound[10 * rate : 12 * rate]).clip_probs)
    np.testing.assert_allclose(model.run(sound[: 12 * rate]).clip_probs, both, rtol=0, atol=2e-6)
