"""Hearing block by block: by every backend, with the front end inside and outside of the graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from panns.checkpoints.checkpoint import open_checkpoint
from panns.detection import AT_ONCE_S, WindowConfig, make_scorer
from panns.export.to_onnx import export_onnx
from panns.runtime.load import load_model
from tests.sounds import changing_sound

RATE = 16_000


@pytest.fixture(scope="module")
def sound():
    return changing_sound(3)[: 2 * RATE + 77]


def heard(model, sound, size=1_000):
    hearing = make_scorer(model)
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
    assert make_scorer(model).initial_state().n_kept == 0


def test_states_of_a_batch_are_those_of_each(tiny_stream_checkpoint, sound):
    hearing = make_scorer(load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1))
    chunks = [sound[:5_000], sound[5_000:5_100], sound[6_000:9_333]]
    _, together = hearing.step(chunks, [hearing.initial_state()] * 3)
    for chunk, state in zip(chunks, together, strict=True):
        (alone,) = hearing.step([chunk], [hearing.initial_state()])[1]
        np.testing.assert_array_equal(state.network, alone.network)
        np.testing.assert_array_equal(np.concatenate(state.samples), np.concatenate(alone.samples))
        assert (state.n_passed, state.n_frames) == (alone.n_passed, alone.n_frames)


def test_a_long_sound_is_heard_as_a_stream_too(tiny_stream_checkpoint):
    """`run` hears more than 30 s in windows, and carries the state on between them."""
    model = load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1)
    sound = changing_sound(33)[: 33 * RATE]
    frames = heard(model, sound, size=7_777)
    np.testing.assert_allclose(model.run(sound).frame_probs[0], frames, atol=1e-5)
    np.testing.assert_allclose(model.run(sound[: 5 * RATE]).frame_probs[0], frames[:500], atol=1e-5)


def test_many_streams_are_heard_in_calls_that_change_no_bit(tiny_stream_checkpoint, sound):
    hearing = make_scorer(load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1))
    chunks = [sound[k * 700 : k * 700 + 1_500] for k in range(19)]
    together, _ = hearing.step(chunks, [hearing.initial_state()] * len(chunks))
    for chunk, frames in zip(chunks, together, strict=True):
        (alone,) = hearing.step([chunk], [hearing.initial_state()])[0]
        np.testing.assert_array_equal(frames.probs, alone.probs)


def test_a_backend_whose_sums_depend_on_the_batch_hears_streams_one_by_one(tiny_stream_checkpoint, sound):
    model = load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1)
    step, sizes = model.backend.step, []

    def rounding_otherwise(batch, state):
        scores, after = step(batch, state)
        sizes.append(len(batch))
        return scores, np.nextafter(after, 1) if len(batch) > 2 else after

    model.backend.step = rounding_otherwise
    hearing = make_scorer(model)
    nothing = [hearing.initial_state()] * 5
    hearing.step([sound[:700]] * 5, nothing)
    sizes.clear()
    hearing.step([sound[:700]] * 5, nothing)
    assert sizes == [2, 2, 1]


def clocked(model, change=lambda _, after: after):
    """How many blocks each call of a model's backend gets from now on; `change` is done to the states it gives."""
    step, sizes = model.backend.step, []

    def counting(batch, state):
        scores, after = step(batch, state)
        sizes.append(batch.shape[1] // model.manifest.streaming.block_frames)
        return scores, change(sizes[-1], after)

    model.backend.step = counting
    return sizes


def test_what_is_there_at_once_is_heard_in_few_calls_that_change_no_bit(tiny_stream_checkpoint):
    model = load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1)
    sound = changing_sound(10)[: 9 * RATE + 5]
    whole = heard(model, sound, size=len(sound))
    for size in (333, 7_001, round(AT_ONCE_S * RATE)):
        np.testing.assert_array_equal(heard(model, sound, size), whole)
    sizes = clocked(model)
    hearing = make_scorer(model)
    hearing.step([sound], [hearing.initial_state()])
    sizes.clear()
    hearing.step([sound], [hearing.initial_state()])
    assert sizes == [100, 100, 25]


def test_a_backend_whose_sums_depend_on_the_length_hears_fewer_blocks_at_once(tiny_stream_checkpoint):
    model = load_model(open_checkpoint(tiny_stream_checkpoint), n_threads=1)
    sizes = clocked(model, lambda n_blocks, after: np.nextafter(after, 1) if n_blocks > 5 else after)
    hearing = make_scorer(model)
    sound = changing_sound(5)[: 5 * RATE]
    hearing.step([sound], [hearing.initial_state()])
    sizes.clear()
    hearing.step([sound], [hearing.initial_state()])
    assert sizes == [5] * 25


def test_a_state_that_no_step_gave_is_refused(tiny_stream_checkpoint, tiny_frames_checkpoint, tiny_checkpoint, sound):
    for checkpoint in (tiny_stream_checkpoint, tiny_frames_checkpoint, tiny_checkpoint):
        hearing = make_scorer(load_model(open_checkpoint(checkpoint), n_threads=1))
        state = hearing.initial_state()
        for start in range(0, len(sound), 9_000):
            hearing.check(state)
            _, (state,) = hearing.step([sound[start : start + 9_000]], [state])
        hearing.check(state)
        for wrong in (
            replace(state, n_frames=state.n_frames + 10**6),
            replace(state, n_passed=state.n_passed + 10**6),
            replace(state, network=np.zeros(3, np.float32)),
            replace(state, samples=(*state.samples, np.zeros(10**6, np.float32))),
        ):
            with pytest.raises(ValueError, match=r"are not those of (blocks|windows)"):
                hearing.check(wrong)


def test_a_state_cannot_be_written(tiny_frames_checkpoint):
    hearing = make_scorer(load_model(open_checkpoint(tiny_frames_checkpoint), n_threads=1))
    chunk = np.ones(100, np.float32)
    _, (state,) = hearing.step([chunk], [hearing.initial_state()])
    with pytest.raises(ValueError, match="read-only"):
        state.samples[0][0] = 1
    chunk[:] = 7  # whoever gave it may use it again
    assert (np.concatenate(state.samples) == 1).all()


def test_samples_wait_in_few_parts_and_no_longer_than_needed(tiny_frames_checkpoint):
    model = load_model(open_checkpoint(tiny_frames_checkpoint), n_threads=1)
    hearing = make_scorer(model, WindowConfig(window_s=1.0))
    window, state = round(hearing.latency_s * model.manifest.sample_rate), hearing.initial_state()
    rng = np.random.default_rng(0)
    for size in rng.integers(1, 3_000, 60):
        _, (state,) = hearing.step([np.zeros(size, np.float32)], [state])
        assert state.n_kept <= window + 20_000
        assert len(state.samples) <= 2 * state.n_kept // 8_192 + 2
