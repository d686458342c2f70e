"""Windows of a model without a state: where they lie, and how long samples stay in memory."""

from __future__ import annotations

import numpy as np
import pytest

import panns
from panns.checkpoints.checkpoint import open_checkpoint
from panns.checkpoints.manifest import ModelManifest
from panns.detection import WindowConfig, make_scorer
from panns.labels import named_labels
from panns.models import find_model
from panns.networks.saving import save_checkpoint
from panns.runtime.load import load_model
from tests.sounds import RATE, changing_sound
from tests.tiny_checkpoints import healthy_network


def frames_of(recognizer, sound):
    stream = recognizer.stream(RATE)
    scores = [stream.push(sound), stream.finish()]
    return (
        np.concatenate([one.frame_probs for one in scores]),
        np.concatenate([one.frame_onsets_s for one in scores]),
    )


def test_consecutive_windows_and_a_last_one_that_slides_back(tiny_frames_checkpoint):
    recognizer = panns.load(tiny_frames_checkpoint, n_threads=1)
    sound, hop_s = changing_sound(23), 0.32
    probs, onsets_s = frames_of(recognizer, sound)
    window_s = 31 * hop_s  # whole frames in 10 s
    assert len(probs) == 72
    np.testing.assert_allclose(onsets_s, np.arange(72) * hop_s)
    for start_frame, first, n_frames in ((0, 0, 31), (31, 31, 31), (41, 62, 10)):
        onset = round(start_frame * hop_s * RATE)
        window = sound[onset : onset + round(window_s * RATE)]
        expected = recognizer.run(window).frame_probs[0]
        offset = first - start_frame
        expected = np.pad(expected, ((0, 31), (0, 0)), mode="edge")[offset : offset + n_frames]
        np.testing.assert_allclose(probs[first : first + n_frames], expected, atol=2e-6)


def test_centred_windows_read_zeros_beyond_the_sound(tiny_checkpoint):
    recognizer = panns.load(tiny_checkpoint, n_threads=1)
    sound = changing_sound(7)[: round(6.05 * RATE)]
    probs, onsets_s = frames_of(recognizer, sound)
    assert len(probs) == 61
    np.testing.assert_allclose(onsets_s, np.arange(61) * 0.1)
    padded = np.pad(sound, (round(0.45 * RATE), RATE))
    for frame in (0, 7, 30, 60):
        window = padded[round(frame * 0.1 * RATE) :][:RATE]
        np.testing.assert_allclose(probs[frame], recognizer.run(window).clip_probs[0], atol=2e-6)


def test_a_model_of_patches_scores_a_patch_around_each_frame(tmp_path):
    config = find_model("yamnet").config  # whose graph is in the package
    manifest = ModelManifest("yamnet", config, named_labels("audioset_yamnet"))
    checkpoint = save_checkpoint(healthy_network("yamnet", config), manifest, tmp_path)
    recognizer = panns.load(checkpoint.path, n_threads=1)
    sound = changing_sound(7)[: round(6.05 * 16_000)]
    stream = recognizer.stream(16_000)
    scores = [stream.push(sound), stream.finish()]
    probs = np.concatenate([one.frame_probs for one in scores])
    onsets_s = np.concatenate([one.frame_onsets_s for one in scores])
    assert stream.latency_s == recognizer.manifest.algorithmic_latency_s == (0.975 + 0.48) / 2
    np.testing.assert_allclose(onsets_s, np.arange(13) * 0.48)
    padded = np.pad(sound, ((15_600 - 7_680) // 2, 15_600))
    for frame in (0, 3, 12):
        patch = recognizer.run(padded[7_680 * frame :][:15_600])
        assert patch.frame_probs.shape[1] == 1
        np.testing.assert_allclose(probs[frame], patch.frame_probs[0, 0], atol=2e-6)
    finer = recognizer.stream(16_000, windows=WindowConfig(hop_s=0.24))
    assert len(finer.push(sound).frame_onsets_s) > 20


def test_samples_wait_in_few_parts_and_no_longer_than_needed(tiny_frames_checkpoint):
    model = load_model(open_checkpoint(tiny_frames_checkpoint), n_threads=1)
    scorer = make_scorer(model, WindowConfig(window_s=1.0))
    window, state = round(scorer.latency_s * model.manifest.sample_rate), scorer.initial_state()
    rng = np.random.default_rng(0)
    for size in rng.integers(1, 3_000, 60):
        _, (state,) = scorer.step([np.zeros(size, np.float32)], [state])
        assert state.n_kept <= window + 20_000
        assert len(state.samples) <= 2 * state.n_kept // 8_192 + 2


def test_impossible_windows_are_refused():
    with pytest.raises(ValueError, match=r"hop_s=2.0 is longer than window_s=1.0, which leaves gaps"):
        WindowConfig(1.0, 2.0)
    with pytest.raises(ValueError, match=r"window_s=0.0 is out of range"):
        WindowConfig(0.0)
