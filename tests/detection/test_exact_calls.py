"""Large calls change no bit: sizes that would are found by a trial and left out."""

from __future__ import annotations

import numpy as np
import pytest

from panns.detection.exact_calls import ExactCalls
from panns.hub.resolve import resolve
from panns.results import Scores
from panns.runtime.load import load_model
from tests.sounds import changing_sound

RATE = 16_000


@pytest.fixture
def model():
    return load_model(resolve("stream"), n_threads=1)


def state_of(model):
    return model.initial_states(1)[0]


def exact_calls(model, change=lambda _streams, _blocks, after: after):
    """Make calls of every size exact, on any machine, but for `change` to the states; returns the sizes of calls."""
    step, sizes = model.step, []

    def stepping(blocks, states):
        sizes.append((len(blocks), blocks.shape[1] // model.block_samples))
        probs, after = [], []
        for stream, state in zip(blocks, states, strict=True):
            found, following = [], state[None]
            for start in range(0, len(stream), model.block_samples):
                scores, following = step(stream[None, start : start + model.block_samples], following)
                found.append(scores.frame_probs[0])
            probs.append(np.concatenate(found))
            after.append(following[0])
        frame_probs = np.stack(probs)
        return Scores(frame_probs.max(axis=1), frame_probs=frame_probs), change(*sizes[-1], np.stack(after))

    model.step = stepping
    return sizes


def whole_blocks(sound, model):
    return sound[: len(sound) // model.block_samples * model.block_samples]


def test_one_stretch_equals_single_blocks(model):
    sound = whole_blocks(changing_sound(10)[: 9 * RATE], model)
    single, calls = ExactCalls(model), ExactCalls(model)
    state, parts = state_of(model), []
    for start in range(0, len(sound), model.block_samples):
        probs, state = single.step_stream(sound[start : start + model.block_samples], state)
        parts.append(probs)
    probs, after = calls.step_stream(sound, state_of(model))
    np.testing.assert_array_equal(probs, np.concatenate(parts))
    np.testing.assert_array_equal(after, state)


def test_many_streams_equal_single_streams(model):
    calls = ExactCalls(model)
    sounds = [whole_blocks(changing_sound(2)[k * 700 : k * 700 + 1_500], model) for k in range(19)]
    probs, _ = calls.step_streams(sounds, [state_of(model)] * len(sounds))
    for sound, found in zip(sounds, probs, strict=True):
        np.testing.assert_array_equal(found, calls.step_stream(sound, state_of(model))[0])


def sizes_of_second_step(sizes, step):
    """Sizes of the calls of a step after its trials."""
    step()
    sizes.clear()
    step()
    return sizes


def test_a_long_stretch_takes_few_calls(model):
    sizes, calls = exact_calls(model), ExactCalls(model)
    sound = whole_blocks(changing_sound(10)[: 9 * RATE], model)
    found = sizes_of_second_step(sizes, lambda: calls.step_stream(sound, state_of(model)))
    assert found == [(1, 100), (1, 100), (1, 25)]


def test_inexact_lengths_are_not_used(model):
    sizes = exact_calls(model, lambda _, n_blocks, after: np.nextafter(after, 1) if n_blocks > 5 else after)
    calls, sound = ExactCalls(model), changing_sound(5)[: 2 * RATE]
    found = sizes_of_second_step(sizes, lambda: calls.step_stream(sound, state_of(model)))
    assert found == [(1, 5)] * 10


def test_inexact_batches_are_not_used(model):
    sizes = exact_calls(model, lambda n_streams, _, after: np.nextafter(after, 1) if n_streams > 2 else after)
    calls, sounds = ExactCalls(model), [whole_blocks(changing_sound(1)[:700], model)] * 5
    found = sizes_of_second_step(sizes, lambda: calls.step_streams(sounds, [state_of(model)] * 5))
    assert found == [(2, 1), (2, 1), (1, 1)]
