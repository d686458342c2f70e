"""Blocks of a model with a state: by every backend, with the front end inside and outside of the graph."""

from __future__ import annotations

import numpy as np
import pytest

from panns.checkpoints.checkpoint import open_checkpoint
from panns.detection import make_scorer
from panns.export.to_onnx import export_onnx
from panns.runtime.load import load_model
from panns.runtime.streaming_model import StreamingModel
from tests.sounds import changing_sound

RATE = 16_000


@pytest.fixture(scope="module")
def sound():
    return changing_sound(3)[: 2 * RATE + 77]


def frame_probs(model, sound, size=1_000):
    """Scores of a sound in chunks of one size."""
    scorer = make_scorer(model)
    state, probs = scorer.initial_state(), []
    for start in range(0, len(sound), size):
        (frames,), (state,) = scorer.step([sound[start : start + size]], [state])
        probs.append(frames.probs)
    return np.concatenate([*probs, scorer.finish(state).probs])


@pytest.fixture(scope="module")
def expected(tiny_stream_checkpoint, sound):
    """Scores of the whole sound by one pass of the network in torch."""
    model = load_model(open_checkpoint(tiny_stream_checkpoint), backend="torch")
    probs = model.backend(sound[None]).frame_probs[0]
    assert probs.std() > 1e-2
    return probs


@pytest.mark.parametrize("backend", ["onnx", "openvino", "torch"])
def test_every_backend_gives_the_scores_of_one_pass(tiny_stream_checkpoint, backend, sound, expected):
    model = load_model(open_checkpoint(tiny_stream_checkpoint), backend=backend, n_threads=1)
    np.testing.assert_allclose(frame_probs(model, sound), expected, atol=1e-4)
    np.testing.assert_allclose(model.score(sound[None]).frame_probs[0], expected, atol=1e-4)


@pytest.mark.slow
def test_the_front_end_may_be_inside_the_graph(tiny_stream_checkpoint, sound, expected, tmp_path):
    path = tmp_path / "stream.onnx"
    export_onnx(open_checkpoint(tiny_stream_checkpoint), path, frontend="inside")
    model = load_model(open_checkpoint(path), n_threads=1)
    np.testing.assert_allclose(frame_probs(model, sound), expected, atol=1e-4)
    np.testing.assert_allclose(model.score(sound[None]).frame_probs[0], expected, atol=1e-4)
    # A stream has one layout of its state, wherever the front end is.
    plain = load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1)
    assert isinstance(plain, StreamingModel)
    assert isinstance(model, StreamingModel)
    assert model.backend.state_size == plain.backend.state_size + plain.config.n_overlap == plain.state_size
    assert model.state_size == plain.state_size


def test_states_of_a_batch_equal_single_states(tiny_stream_checkpoint, sound):
    scorer = make_scorer(load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1))
    chunks = [sound[:5_000], sound[5_000:5_100], sound[6_000:9_333]]
    _, states = scorer.step(chunks, [scorer.initial_state()] * 3)
    for chunk, state in zip(chunks, states, strict=True):
        (alone,) = scorer.step([chunk], [scorer.initial_state()])[1]
        np.testing.assert_array_equal(state.network, alone.network)
        np.testing.assert_array_equal(np.concatenate(state.samples), np.concatenate(alone.samples))
        assert (state.n_passed, state.n_frames) == (alone.n_passed, alone.n_frames)


def test_windows_of_a_long_sound_share_one_state(tiny_stream_checkpoint):
    """`run` cuts more than 30 s into windows, and its frames are still those of a stream."""
    model = load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1)
    sound = changing_sound(33)[: 33 * RATE]
    frames = frame_probs(model, sound, size=7_777)
    np.testing.assert_allclose(model.run(sound).frame_probs[0], frames, atol=1e-5)
    np.testing.assert_allclose(model.run(sound[: 5 * RATE]).frame_probs[0], frames[:500], atol=1e-5)
