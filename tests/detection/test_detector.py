"""The law of streaming: for every way of cutting a sound, its scores and events are those of the whole, bit for bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import panns
from panns.detection import WindowConfig
from panns.detection.detector import push_all
from panns.detection.state import StreamState
from panns.events import EventConfig
from tests.sounds import tone

CONFIG = EventConfig(release=0.98, median_s=0.05, min_gap_s=0.05, min_duration_s=0.02)
WINDOWS = {
    "tiny_stream_checkpoint": None,
    "tiny_frames_checkpoint": WindowConfig(window_s=1.0),
    "tiny_checkpoint": WindowConfig(window_s=0.5, hop_s=0.125),
}


def knocking(duration_s, sample_rate, seed=0):
    """Bursts of noise of all levels, a few to the second."""
    rng = np.random.default_rng(seed)
    n_samples = round(duration_s * sample_rate)
    levels = np.repeat(10 ** rng.uniform(-4, -0.3, n_samples // (sample_rate // 5) + 1), sample_rate // 5)
    return (levels[:n_samples] * rng.standard_normal(n_samples).clip(-3, 3)).astype(np.float32)


class Case:
    """A model, how it hears, a sound, and what it answers of the whole."""

    def __init__(self, checkpoint, hearing, sample_rate):
        self.recognizer = panns.load(checkpoint, n_threads=1)
        self.sample_rate = sample_rate
        self.sound = knocking(2.3, sample_rate)
        self.settings = {"config": CONFIG, "hearing": hearing}
        self.settings["threshold"] = self.threshold()
        self.probs, self.events = self.heard([len(self.sound)])

    def stream(self, state=None):
        return self.recognizer.stream(self.sample_rate, state=state, **self.settings)

    def threshold(self):
        """Of some classes in the middle of their scores, so that there are many events; of the others never reached."""
        # With hundreds of classes that come and go all the time, making events of them would be all that is tested.
        probs = self.stream().push(self.sound).frame_probs
        moving = np.argsort(-probs.std(axis=0))[:12]
        thresholds = np.ones(probs.shape[1])
        thresholds[moving] = np.median(probs[:, moving], axis=0).round(3)
        return tuple(thresholds.tolist())

    def heard(self, sizes, saved_after=()):
        """Scores and events of the sound in chunks of these sizes, over and over; the stream is saved after some."""
        stream, probs, events, start, i = self.stream(), [], [], 0, 0
        while start < len(self.sound):
            scores = stream.push(self.sound[start : start + sizes[i % len(sizes)]])
            probs.append(scores.frame_probs)
            events += scores.events
            start += sizes[i % len(sizes)]
            i += 1
            if i in saved_after:
                stream = self.stream(StreamState.from_bytes(stream.state.to_bytes()))
        rest = stream.finish()
        return np.concatenate([*probs, rest.frame_probs]), [*events, *rest.events]


@pytest.fixture(scope="module", params=[(name, rate) for name in WINDOWS for rate in (16_000, 44_100)], ids=str)
def case(request):
    name, sample_rate = request.param
    return Case(request.getfixturevalue(name), WINDOWS[name], sample_rate)


def test_there_is_something_to_compare(case):
    assert len(case.events) > 8
    assert case.probs.std() > 1e-4
    assert len({event.index for event in case.events}) > 4


def test_a_file_is_heard_as_a_stream_is(case):
    found = case.recognizer.detect((case.sound, case.sample_rate), **case.settings)
    assert list(found) == sorted(case.events, key=lambda event: (event.onset_s, event.index))


@settings(max_examples=8)
@given(sizes=st.lists(st.integers(1, 9_000), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) > 1_000))
def test_the_law(case, sizes):
    probs, events = case.heard(sizes)
    np.testing.assert_array_equal(probs, case.probs)
    assert events == case.events


def test_one_sample_at_a_time(case):
    stream = case.stream()
    n_samples = case.sample_rate // 4
    probs = [stream.push(case.sound[i : i + 1]).frame_probs for i in range(n_samples)]
    other = case.stream()
    np.testing.assert_array_equal(np.concatenate(probs), other.push(case.sound[:n_samples]).frame_probs)
    rest, expected = stream.finish(), other.finish()
    np.testing.assert_array_equal(rest.frame_probs, expected.frame_probs)
    assert rest.events == expected.events


def test_saving_and_going_on_changes_nothing(case):
    probs, events = case.heard([1_777], saved_after={1, 3, 10, 17})
    np.testing.assert_array_equal(probs, case.probs)
    assert events == case.events


def test_a_fork_goes_its_own_way(case):
    stream = case.stream()
    stream.push(case.sound[:20_000])
    fork = case.stream(stream.state)
    fork.push(np.zeros(5_000, np.float32))
    direct = case.stream()
    direct.push(case.sound[:20_000])
    first, second = stream.push(case.sound[20_000:]), direct.push(case.sound[20_000:])
    np.testing.assert_array_equal(first.frame_probs, second.frame_probs)


def test_streams_side_by_side_hear_what_each_hears_alone(case):
    sounds = [knocking(1.5, case.sample_rate, seed) for seed in range(3)]
    streams = [case.stream() for _ in sounds]
    cuts = [4_000, 9_000, 1]
    first = push_all(streams, [sound[:cut] for sound, cut in zip(sounds, cuts, strict=True)])
    second = push_all(streams, [sound[cut:] for sound, cut in zip(sounds, cuts, strict=True)])
    for sound, *parts in zip(sounds, first, second, strict=True):
        alone = case.stream().push(sound)
        together = np.concatenate([part.frame_probs for part in parts])
        np.testing.assert_array_equal(together, alone.frame_probs)


def test_streams_of_other_rates_thresholds_and_events_go_together(case):
    plain = dict(case.settings, windows=case.settings["hearing"])
    streams = [
        case.stream(),
        case.recognizer.stream(8_000, **plain),
        case.recognizer.stream(case.sample_rate, **plain | {"threshold": 0.25}),
        case.recognizer.stream(case.sample_rate, **plain | {"config": None}),
    ]
    alone = [stream.detector.step(case.sound, stream.state)[0] for stream in streams]
    together = push_all(streams, [case.sound] * len(streams))
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_array_equal(one.frame_probs, other.frame_probs)
        assert one.to_dict() == other.to_dict()


def test_streams_made_long_apart_go_together(tiny_checkpoint):
    recognizer = panns.load(tiny_checkpoint, n_threads=1)
    first = recognizer.stream(16_000)
    for k in range(20):  # more than are kept
        recognizer.stream(2_000 * (k + 1))
        recognizer.stream(16_000, windows=WindowConfig(0.5 + k / 100))
    usual = [recognizer.stream(16_000), recognizer.stream(16_000, windows=WindowConfig(1.0, 0.1))]
    assert len(push_all([first, *usual], [np.zeros(5, np.float32)] * 3)) == 3


def test_a_model_tries_out_once_what_it_may_hear_at_once(tiny_stream_checkpoint):
    recognizer = panns.load(tiny_stream_checkpoint, n_threads=1)
    streams = [recognizer.stream(rate, threshold=0.3) for rate in (16_000, 44_100)]
    assert streams[0].detector.hearing is streams[1].detector.hearing
    assert recognizer.stream(windows=WindowConfig()).detector is recognizer.stream().detector


def test_steps_without_a_stream(case):
    """Those who keep the states themselves get what a stream gives; old states can be gone back to."""
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


def test_a_day_leaves_no_trace(case):
    """A stream whose clock says a day neither drifts nor grows: its frames are later by a day, and nothing else."""
    stream = case.stream()
    stream.push(case.sound[: case.sample_rate])
    frames_a_day = round(86_400 * 16 / stream.hop_s / 16)
    day_s = frames_a_day * stream.hop_s
    hearing, resampler, events = stream.state.hearing, stream.state.resampler, stream.state.events
    late = StreamState(
        stream.state.settings,
        replace(resampler, n_in=resampler.n_in + round(day_s * case.sample_rate)),
        replace(
            hearing,
            n_passed=hearing.n_passed + round(day_s * case.recognizer.sample_rate),
            n_frames=hearing.n_frames + round(day_s / stream.hop_s),
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


def test_what_sounds_by_now(case):
    stream = case.stream()
    begun = {event.index for chunk in np.array_split(case.sound, 50) for event in stream.push(chunk).ongoing}
    assert begun
    assert {event.index for event in case.events} & begun
    for event in stream.push(case.sound).ongoing:
        assert event.onset_s < event.offset_s <= stream.duration_s + 1e-9


def test_latency_is_what_must_be_waited_for(case):
    """A frame is given out no later than the latency after it began, whatever is pushed."""
    stream = case.stream()
    step = case.sample_rate // 100
    for start in range(0, case.sample_rate, step):
        scores = stream.push(case.sound[start : start + step])
        for onset_s in scores.frame_onsets_s:
            assert stream.duration_s - onset_s <= stream.latency_s + step / case.sample_rate + 1e-9


def test_the_manifest_states_the_delay(case):
    """Of usual windows at the model's own rate; a window is whole frames."""
    manifest = case.recognizer.manifest
    assert case.recognizer.stream().latency_s == pytest.approx(manifest.algorithmic_latency_s, rel=0.01)


class TestRefusals:
    @pytest.fixture
    def stream(self, tiny_stream_checkpoint):
        return panns.load(tiny_stream_checkpoint, n_threads=1).stream(16_000)

    @pytest.mark.parametrize(
        ("chunk", "error", "words"),
        [
            (np.zeros(5, np.int16), TypeError, "a chunk of int16; floating-point samples"),
            (np.zeros((5, 2), np.float32), ValueError, r"a chunk of shape \(5, 2\); mono samples are needed"),
            (np.full(5, np.nan, np.float32), ValueError, "a chunk holds NaN, infinity or values beyond"),
            (np.full(5, np.inf, np.float32), ValueError, "a chunk holds NaN, infinity or values beyond"),
        ],
    )
    def test_what_is_no_sound(self, stream, chunk, error, words):
        stream.push(np.zeros(1_000, np.float32))
        before = stream.state
        with pytest.raises(error, match=words):
            stream.push(chunk)
        assert stream.state is before

    def test_after_its_end(self, stream):
        stream.finish()
        for act in (lambda: stream.push(np.zeros(5, np.float32)), stream.finish):
            with pytest.raises(ValueError, match="the stream was finished; begin another one"):
                act()

    def test_a_stream_that_is_there_twice(self, stream):
        before = stream.state
        with pytest.raises(ValueError, match="a stream is there twice; join its chunks"):
            push_all([stream, stream], [np.ones(800, np.float32)] * 2)
        assert stream.state is before

    def test_streams_that_do_not_go_together(self, stream, tiny_stream_checkpoint):
        other = panns.load(tiny_stream_checkpoint, n_threads=1).stream(16_000)
        with pytest.raises(ValueError, match="the streams differ in recognizer or hearing"):
            push_all([stream, other], [np.zeros(1, np.float32)] * 2)
        with pytest.raises(ValueError, match="1 chunks for 2 streams"):
            push_all([stream, other], [np.zeros(1, np.float32)])
        with pytest.raises(ValueError, match="1 chunks for 0 states"):
            stream.detector.step_batch([np.zeros(1, np.float32)], [])
        assert push_all([], []) == []

    @pytest.mark.parametrize("rate", [0, -5, 99, 5_000_000])
    def test_a_rate_that_no_sound_has(self, tiny_stream_checkpoint, rate):
        recognizer = panns.load(tiny_stream_checkpoint, n_threads=1)
        with pytest.raises(ValueError, match=f"sample_rate={rate} "):
            recognizer.stream(rate)

    @pytest.mark.parametrize("rate", [True, "16000", 16_000.0])
    def test_a_rate_that_is_no_number(self, tiny_stream_checkpoint, rate):
        recognizer = panns.load(tiny_stream_checkpoint, n_threads=1)
        with pytest.raises(TypeError, match=r"sample_rate=.* whole number"):
            recognizer.stream(rate)
        assert recognizer.stream(np.int32(16_000)).sample_rate == 16_000

    def test_windows_that_cannot_be(self, tiny_stream_checkpoint, tiny_frames_checkpoint, tiny_checkpoint):
        sound = (tone(0.5), 32_000)
        for checkpoint, hearing, words in (
            (tiny_stream_checkpoint, WindowConfig(window_s=1.0), "stream hears block by block and has no windows"),
            (tiny_frames_checkpoint, WindowConfig(hop_s=0.1), "scores frames of 0.32 s itself; leave out hop_s=0.1"),
            (tiny_checkpoint, WindowConfig(window_s=40.0), r"window_s=40 is longer than cnn6 hears at once, 30 s"),
        ):
            with pytest.raises(ValueError, match=words):
                panns.load(checkpoint, n_threads=1).detect(sound, windows=hearing)
        with pytest.raises(ValueError, match=r"hop_s=2.0 is longer than window_s=1.0, which leaves gaps"):
            WindowConfig(1.0, 2.0)
        with pytest.raises(ValueError, match=r"window_s=0.0 must be 0.01 to 600 seconds"):
            WindowConfig(0.0)
