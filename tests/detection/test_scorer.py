"""Every scorer: its states, its refusals, and which one a model gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import panns
from panns.checkpoints.checkpoint import open_checkpoint
from panns.detection import WindowConfig, make_scorer
from panns.runtime.load import load_model
from tests.sounds import changing_sound, tone

RATE = 16_000


@pytest.fixture(scope="module", params=["tiny_stream_checkpoint", "tiny_frames_checkpoint", "tiny_checkpoint"])
def scorer(request):
    return make_scorer(load_model(open_checkpoint(request.getfixturevalue(request.param)), n_threads=1))


def test_impossible_states_are_refused(scorer):
    sound, state = changing_sound(3)[: 2 * RATE + 77], scorer.initial_state()
    for start in range(0, len(sound), 9_000):
        scorer.check(state)
        _, (state,) = scorer.step([sound[start : start + 9_000]], [state])
    scorer.check(state)
    for wrong in (
        replace(state, n_frames=state.n_frames + 10**6),
        replace(state, n_passed=state.n_passed + 10**6),
        replace(state, network=np.zeros(3, np.float32)),
        replace(state, samples=(*state.samples, np.zeros(10**6, np.float32))),
    ):
        with pytest.raises(ValueError, match=r"do not fit (blocks|windows)"):
            scorer.check(wrong)


def test_states_are_read_only_copies(scorer):
    chunk = np.ones(100, np.float32)
    _, (state,) = scorer.step([chunk], [scorer.initial_state()])
    with pytest.raises(ValueError, match="read-only"):
        state.samples[0][0] = 1
    chunk[:] = 7  # the caller may reuse its array
    assert (np.concatenate(state.samples)[-100:] == 1).all()


def test_windows_that_do_not_suit_a_model(tiny_stream_checkpoint, tiny_frames_checkpoint, tiny_checkpoint):
    sound = (tone(0.5), 32_000)
    for checkpoint, windows, words in (
        (tiny_stream_checkpoint, WindowConfig(window_s=1.0), "stream scores blocks, not windows"),
        (tiny_frames_checkpoint, WindowConfig(hop_s=0.1), r"hop_s=0.1 does not apply: .* every 0.32 s"),
        (tiny_checkpoint, WindowConfig(window_s=40.0), r"window_s=40 is too long; cnn6 takes up to 30 s"),
    ):
        recognizer = panns.load(checkpoint, n_threads=1)
        for method in (recognizer.detect, recognizer.frames):
            with pytest.raises(ValueError, match=words):
                method(sound, windows=windows)
