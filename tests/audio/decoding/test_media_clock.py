"""Frames are placed by their time stamps: gaps become silence, overlaps go, jitter and damage change nothing."""

import numpy as np
import pytest

from panns.audio.decoding.media_clock import MediaClock, TimedFrames

_RATE, _N = 1_000, 20  # frames of 20 ms


def _frames(times, n_channels=1):
    """One packet a time stamp, filled with its number from 1."""
    return [TimedFrames(np.full((_N, n_channels), i + 1, np.float32), _RATE, time) for i, time in enumerate(times)]


def _place(frames, origin_s=0.0, n_bytes=0):
    clock = MediaClock(origin_s, n_bytes)
    placed = [piece.samples[:, 0] for piece in clock.place(iter(frames))]
    return np.concatenate(placed), clock.describe_losses()


def _regular(n, start_s=0.0):
    return [start_s + i * _N / _RATE for i in range(n)]


def test_regular_frames_stay_as_they_are():
    placed, losses = _place(_frames(_regular(300, 7.0)), origin_s=7.0)
    assert np.array_equal(placed, np.repeat(np.arange(1, 301), _N))
    assert losses == []


def test_a_gap_becomes_silence():
    placed, losses = _place(_frames(_regular(100) + _regular(100, 7.0)))
    assert len(placed) == 9_000
    assert not placed[2_000:7_000].any()
    assert placed[7_000] == 101
    assert losses == ["no sound is stored from 2.00 to 7.00 s, 5.00 s in all; silence replaces it"]


def test_several_gaps_are_one_message():
    placed, losses = _place(_frames(_regular(10) + _regular(10, 0.5) + _regular(10, 1.5)))
    assert len(placed) == 1_700
    assert losses == ["no sound is stored from 0.70 to 1.50 s and in 1 shorter gap, 1.10 s in all; silence replaces it"]


@pytest.mark.parametrize(("start_s", "is_reported"), [(0.3, False), (3.0, True)])
def test_a_late_start_is_preceded_by_silence(start_s, is_reported):
    placed, losses = _place(_frames(_regular(10, start_s)))
    assert np.flatnonzero(placed)[0] == round(start_s * _RATE)
    assert bool(losses) == is_reported
    assert not losses or "starts 3.00 s into the recording; silence precedes it" in losses[0]


def test_jitter_and_single_wrong_stamps_change_nothing():
    rng = np.random.default_rng(0)
    late = np.maximum(rng.normal(0, 0.1, 500), 0)
    late[::20] = 0  # every packet that is not held up on its way shows the true time
    times = [time + delay for time, delay in zip(_regular(500), late, strict=True)]
    times[300] = 1e6
    times[350] = None
    placed, losses = _place(_frames(times))
    assert np.array_equal(placed, np.repeat(np.arange(1, 501), _N))
    assert losses == []


def test_a_slow_clock_of_samples_is_corrected():
    times = [time * 1.001 for time in _regular(10_000)]
    placed, losses = _place(_frames(times))
    assert len(placed) / _RATE == pytest.approx(200.2, abs=0.06)
    first = np.flatnonzero(placed == 10_000)[0] / _RATE
    assert first == pytest.approx(times[-1], abs=0.06)
    assert "silence replaces it" in losses[0]


def test_sound_stored_twice_is_left_out():
    placed, losses = _place(_frames(_regular(50) + _regular(50, 0.5)))
    assert len(placed) == 1_500
    assert placed[1_000] == 76
    assert losses == [
        "0.50 s of sound are left out, the first at 1.00 s, because their time stamps overlap the sound before"
    ]


def test_a_restarted_clock_goes_on():
    placed, losses = _place(_frames(_regular(200) + _regular(200)))
    assert np.array_equal(placed, np.repeat(np.arange(1, 401), _N))
    assert losses == [
        "the time stamps jump once, first by -4.00 s at 4.00 s; the sound continues without a break there"
    ]


def test_silence_is_bounded_by_the_size_of_the_file():
    times = _regular(10) + _regular(10, 5_000.0)
    assert len(_place(_frames(times), n_bytes=500_000)[0]) == pytest.approx(5_000_200, abs=1)
    placed, losses = _place(_frames(times), n_bytes=1_000)
    assert len(placed) == 400
    assert "jump once, first by +4,999.80 s at 0.20 s" in losses[0]


def test_frames_without_time_stamps_follow_each_other():
    placed, losses = _place(_frames([None] * 200))
    assert len(placed) == 4_000
    assert losses == []


def test_many_channels_wait_in_little_memory():
    clock = MediaClock(0.0, 0)
    frames = iter(_frames(_regular(300), n_channels=1024))
    next(clock.place(frames))
    assert len(list(frames)) > 100  # not all two seconds were read ahead
