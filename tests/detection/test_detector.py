"""Steps of a detector, with states as values that the caller keeps."""

from __future__ import annotations

import numpy as np

import panns
from panns.detection import WindowConfig
from panns.detection.state import StreamState


def test_steps_equal_a_stream(case):
    detector = case.recognizer.detector(case.sample_rate, **case.settings)
    state, probs, events = detector.initial_state(), [], []
    for start in range(0, len(case.sound), 7_000):
        scores, following = detector.step(case.sound[start : start + 7_000], state)
        again, _ = detector.step(case.sound[start : start + 7_000], StreamState.from_bytes(state.to_bytes()))
        assert again.to_dict() == scores.to_dict()
        state = following
        probs.append(scores.frame_probs)
        events += scores.events
    rest = detector.finish(state)
    np.testing.assert_array_equal(np.concatenate([*probs, rest.frame_probs]), case.probs)
    assert [*events, *rest.events] == case.events


def test_a_batch_of_steps_equals_single_steps(case):
    detector = case.recognizer.detector(case.sample_rate, **case.settings)
    chunks = [case.sound[: case.sample_rate], case.sound[case.sample_rate :]]
    states = [detector.initial_state()] * 2
    batch, following = detector.step_batch(chunks, states)
    for chunk, scores, state in zip(chunks, batch, following, strict=True):
        alone, expected = detector.step(chunk, states[0])
        np.testing.assert_array_equal(scores.frame_probs, alone.frame_probs)
        assert state.to_bytes() == expected.to_bytes()


def test_a_recognizer_shares_scorers_and_detectors(tiny_stream_checkpoint):
    recognizer = panns.load(tiny_stream_checkpoint, n_threads=1)
    streams = [recognizer.stream(rate, threshold=0.3) for rate in (16_000, 44_100)]
    assert streams[0].detector.scorer is streams[1].detector.scorer
    assert recognizer.stream(windows=WindowConfig()).detector is recognizer.stream().detector
