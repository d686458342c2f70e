"""Hearing block by block: by every backend, with the front end inside and outside of the graph."""

from __future__ import annotations

import numpy as np
import pytest

from panns.export.to_onnx import export_onnx
from panns.models.checkpoint import open_checkpoint
from panns.runtime.hearing import hearing_of
from panns.runtime.load import load_model
from tests.sounds import changing_sound

RATE = 16_000


@pytest.fixture(scope="module")
def sound():
    return changing_sound(3)[: 2 * RATE + 77]


def heard(model, sound, size=1_000):
    hearing = hearing_of(model)
    state, probs = hearing.initial_state(), []
    for start in range(0, len(sound), size):
        (frames,), (state,) = hearing.step([sound[start : start + size]], [state])
        probs.append(frames.probs)
    rest = hearing.finish(state)
    return np.concatenate([*probs, rest.probs])


@pytest.fixture(scope="module")
def at_once(tiny_stream_checkpoint, sound):
    """What the network in torch says of the whole sound in one pass."""
    model = load_model(open_checkpoint(tiny_stream_checkpoint), backend="torch")
    probs = model.score(sound[None]).frame_probs[0]
    assert probs.std() > 1e-2
    return probs


@pytest.mark.parametrize("backend", ["onnx", "openvino", "torch"])
def test_every_backend_hears_the_same(tiny_stream_checkpoint, backend, sound, at_once):
    model = load_model(open_checkpoint(tiny_stream_checkpoint), backend=backend, n_threads=1)
    np.testing.assert_allclose(heard(model, sound), at_once, atol=1e-4)
    np.testing.assert_allclose(model.score(sound[None]).frame_probs[0], at_once, atol=1e-4)


def test_one_file_with_the_front_end_inside_hears_the_same(tiny_stream_checkpoint, sound, at_once, tmp_path):
    path = tmp_path / "stream.onnx"
    export_onnx(open_checkpoint(tiny_stream_checkpoint), path, frontend="inside")
    exported = open_checkpoint(path)
    model = load_model(exported, n_threads=1)
    np.testing.assert_allclose(heard(model, sound), at_once, atol=1e-4)
    np.testing.assert_allclose(model.score(sound[None]).frame_probs[0], at_once, atol=1e-4)
    # The samples that the next frame looks back at are in the state too, so nothing else need be kept.
    plain = load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1)
    config = exported.manifest.streaming
    assert model.backend.state_size == plain.backend.state_size + config.n_overlap
    assert len(hearing_of(model).initial_state().samples) == 0


def test_states_of_a_batch_are_those_of_each(tiny_stream_checkpoint, sound):
    hearing = hearing_of(load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1))
    chunks = [sound[:5_000], sound[5_000:5_100], sound[6_000:9_333]]
    _, together = hearing.step(chunks, [hearing.initial_state()] * 3)
    for chunk, state in zip(chunks, together, strict=True):
        (alone,) = hearing.step([chunk], [hearing.initial_state()])[1]
        np.testing.assert_allclose(state.network, alone.network, atol=1e-4)
        np.testing.assert_array_equal(state.samples, alone.samples)
        assert (state.n_passed, state.n_frames) == (alone.n_passed, alone.n_frames)


def test_a_long_sound_is_heard_as_a_stream_too(tiny_stream_checkpoint):
    """`run` hears more than 30 s in windows, and carries the state on between them."""
    model = load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1)
    sound = changing_sound(33)[: 33 * RATE]
    frames = heard(model, sound, size=7_777)
    np.testing.assert_allclose(model.run(sound).frame_probs[0], frames, atol=1e-5)
    np.testing.assert_allclose(model.run(sound[: 5 * RATE]).frame_probs[0], frames[:500], atol=1e-5)
