"""The law of streams: scores and events of a sound are equal, bit for bit, however it is cut into chunks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import panns
from panns import push_all
from panns.detection import WindowConfig
from panns.detection.state import StreamState
from tests.detection.conftest import bursts


def test_the_case_has_many_events_to_compare(case):
    assert len(case.events) > 8
    assert case.probs.std() > 1e-4
    assert len({event.index for event in case.events}) > 4


def test_a_file_gives_the_events_of_a_stream(case):
    found = case.recognizer.detect((case.sound, case.sample_rate), **case.settings)
    assert list(found) == sorted(case.events, key=lambda event: (event.onset_s, event.index))


@settings(max_examples=6)
@given(sizes=st.lists(st.integers(1, 9_000), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) > 1_000))
def test_chunks_of_any_sizes_change_nothing(case, sizes):
    probs, events = case.results(sizes)
    np.testing.assert_array_equal(probs, case.probs)
    assert events == case.events


def test_chunks_of_one_sample(case):
    stream = case.stream()
    n_samples = case.sample_rate // 8
    probs = [stream.push(case.sound[i : i + 1]).frame_probs for i in range(n_samples)]
    other = case.stream()
    np.testing.assert_array_equal(np.concatenate(probs), other.push(case.sound[:n_samples]).frame_probs)
    rest, expected = stream.finish(), other.finish()
    np.testing.assert_array_equal(rest.frame_probs, expected.frame_probs)
    assert rest.events == expected.events


def test_saving_and_resuming_changes_nothing(case):
    probs, events = case.results([1_777], saved_after={1, 3, 10, 17})
    np.testing.assert_array_equal(probs, case.probs)
    assert events == case.events


def test_a_fork_leaves_its_stream_alone(case):
    stream = case.stream()
    stream.push(case.sound[:20_000])
    fork = case.stream(stream.state)
    fork.push(np.zeros(5_000, np.float32))
    direct = case.stream()
    direct.push(case.sound[:20_000])
    first, second = stream.push(case.sound[20_000:]), direct.push(case.sound[20_000:])
    np.testing.assert_array_equal(first.frame_probs, second.frame_probs)


def test_streams_in_one_call_equal_single_streams(case):
    sounds = [bursts(1.5, case.sample_rate, seed) for seed in range(3)]
    streams = [case.stream() for _ in sounds]
    cuts = [4_000, 9_000, 1]
    first = push_all(streams, [sound[:cut] for sound, cut in zip(sounds, cuts, strict=True)])
    second = push_all(streams, [sound[cut:] for sound, cut in zip(sounds, cuts, strict=True)])
    for sound, *parts in zip(sounds, first, second, strict=True):
        alone = case.stream().push(sound)
        in_one_call = np.concatenate([part.frame_probs for part in parts])
        np.testing.assert_array_equal(in_one_call, alone.frame_probs)


def test_one_call_takes_other_rates_thresholds_and_events(case):
    streams = [
        case.stream(),
        case.recognizer.stream(8_000, **case.settings),
        case.recognizer.stream(case.sample_rate, **case.settings | {"threshold": 0.25}),
        case.recognizer.stream(case.sample_rate, **case.settings | {"config": None}),
    ]
    alone = [stream.detector.step(case.sound, stream.state)[0] for stream in streams]
    in_one_call = push_all(streams, [case.sound] * len(streams))
    for one, other in zip(in_one_call, alone, strict=True):
        np.testing.assert_array_equal(one.frame_probs, other.frame_probs)
        assert one.to_dict() == other.to_dict()


def test_old_and_new_streams_share_a_call(tiny_checkpoint):
    recognizer = panns.load(tiny_checkpoint, n_threads=1)
    first = recognizer.stream(16_000)
    for k in range(20):  # more than the recognizer keeps
        recognizer.stream(2_000 * (k + 1))
        recognizer.stream(16_000, windows=WindowConfig(0.5 + k / 100))
    usual = [recognizer.stream(16_000), recognizer.stream(16_000, windows=WindowConfig(1.0, 0.1))]
    assert len(push_all([first, *usual], [np.zeros(5, np.float32)] * 3)) == 3


def test_a_day_neither_drifts_nor_grows(case):
    """A stream with the clock of a day gives the same frames, a day later, in as much memory."""
    stream = case.stream()
    stream.push(case.sound[: case.sample_rate])
    frames_a_day = round(86_400 * 16 / stream.hop_s / 16)
    day_s = frames_a_day * stream.hop_s
    scorer, resampler, events = stream.state.scorer, stream.state.resampler, stream.state.events
    late = StreamState(
        stream.state.settings,
        replace(resampler, n_in=resampler.n_in + round(day_s * case.sample_rate)),
        replace(
            scorer,
            n_passed=scorer.n_passed + round(day_s * case.recognizer.sample_rate),
            n_frames=scorer.n_frames + round(day_s / stream.hop_s),
        ),
        replace(
            events,
            recent_onsets_s=events.recent_onsets_s + day_s,
            onsets_s=events.onsets_s + day_s,
            offsets_s=events.offsets_s + day_s,
        ),
    )
    stream_late = case.stream(late)
    now, then = stream.push(case.sound[case.sample_rate :]), stream_late.push(case.sound[case.sample_rate :])
    np.testing.assert_array_equal(then.frame_probs, now.frame_probs)
    np.testing.assert_allclose(then.frame_onsets_s, now.frame_onsets_s + day_s, atol=1e-6)
    assert [event.index for event in then.events] == [event.index for event in now.events]
    np.testing.assert_allclose(
        [event.onset_s for event in then.events], [event.onset_s + day_s for event in now.events], atol=1e-6
    )
    assert len(stream_late.state.to_bytes()) == len(stream.state.to_bytes())


def test_ongoing_events(case):
    stream = case.stream()
    ongoing = {event.index for chunk in np.array_split(case.sound, 50) for event in stream.push(chunk).ongoing}
    assert ongoing
    assert {event.index for event in case.events} & ongoing
    for event in stream.push(case.sound).ongoing:
        assert event.onset_s < event.offset_s <= stream.duration_s + 1e-9


def test_no_frame_is_later_than_the_latency(case):
    stream = case.stream()
    step = case.sample_rate // 100
    for start in range(0, case.sample_rate, step):
        scores = stream.push(case.sound[start : start + step])
        for onset_s in scores.frame_onsets_s:
            assert stream.duration_s - onset_s <= stream.latency_s + step / case.sample_rate + 1e-9


def test_the_manifest_states_the_latency(case):
    """With the usual windows at the model's own rate; a window is whole frames."""
    manifest = case.recognizer.manifest
    assert case.recognizer.stream().latency_s == pytest.approx(manifest.algorithmic_latency_s, rel=0.01)


class TestRefusals:
    @pytest.fixture
    def recognizer(self, tiny_stream_checkpoint):
        return panns.load(tiny_stream_checkpoint, n_threads=1)

    @pytest.fixture
    def stream(self, recognizer):
        return recognizer.stream(16_000)

    @pytest.mark.parametrize(
        ("chunk", "error", "words"),
        [
            (np.zeros(5, np.int16), TypeError, "int16.* floating-point"),
            (np.zeros((5, 2), np.float32), ValueError, r"\(5, 2\).* mono"),
            (np.full(5, np.nan, np.float32), ValueError, "NaN"),
            (np.full(5, np.inf, np.float32), ValueError, "NaN"),
        ],
    )
    def test_invalid_chunks(self, stream, chunk, error, words):
        stream.push(np.zeros(1_000, np.float32))
        before = stream.state
        with pytest.raises(error, match=words):
            stream.push(chunk)
        assert stream.state is before

    def test_a_finished_stream(self, stream):
        stream.finish()
        for act in (lambda: stream.push(np.zeros(5, np.float32)), stream.finish):
            with pytest.raises(ValueError, match=r"the stream is finished; start another one"):
                act()

    def test_one_stream_twice_in_a_call(self, stream):
        before = stream.state
        with pytest.raises(ValueError, match="twice"):
            push_all([stream, stream], [np.ones(800, np.float32)] * 2)
        assert stream.state is before

    def test_streams_of_two_recognizers_in_a_call(self, stream, tiny_stream_checkpoint):
        other = panns.load(tiny_stream_checkpoint, n_threads=1).stream(16_000)
        with pytest.raises(ValueError, match="differ in recognizer or windows"):
            push_all([stream, other], [np.zeros(1, np.float32)] * 2)

    def test_a_wrong_number_of_chunks(self, stream):
        with pytest.raises(ValueError, match="0 chunks for 1 streams"):
            push_all([stream], [])
        with pytest.raises(ValueError, match="1 chunks for 0 states"):
            stream.detector.step_batch([np.zeros(1, np.float32)], [])
        assert push_all([], []) == []

    @pytest.mark.parametrize("rate", [0, -5, 99, 5_000_000])
    def test_sample_rates_out_of_range(self, recognizer, rate):
        with pytest.raises(ValueError, match=f"sample_rate={rate}"):
            recognizer.stream(rate)

    @pytest.mark.parametrize("rate", [True, "16000", 16_000.0])
    def test_sample_rates_of_another_type(self, recognizer, rate):
        with pytest.raises(TypeError, match=r"sample_rate="):
            recognizer.stream(rate)
        assert recognizer.stream(np.int32(16_000)).sample_rate == 16_000

    def test_a_state_of_another_type(self, recognizer):
        with pytest.raises(TypeError, match=r"state is of type dict"):
            recognizer.stream(state={})
