"""The wait for a lost source, on a clock that the test moves."""

import numpy as np
import pytest

from panns.audio.live.reconnection import Reconnection
from panns.errors import AudioDecodeError, DeviceUnavailable
from tests.audio.live.fake_sounddevice import Clock

RATE = 1_000


class Source:
    """A source that can be opened from the attempt `works_at` on, and its attempts' times since it is gone."""

    def __init__(self, *, works_at=None, give_up_s=60.0, error=DeviceUnavailable):
        self.clock = Clock()
        self.lost = Reconnection("radio", RATE, give_up_s=give_up_s, clock=self.clock, sleep=self.clock.sleep)
        self.works_at, self.error, self.times_s = works_at, error, []
        self.began_s = self.clock()

    def open(self):
        self.times_s.append(round(self.clock() - self.began_s, 2))
        if self.works_at is None or len(self.times_s) < self.works_at:
            raise self.error("no answer")


@pytest.mark.parametrize("error", [DeviceUnavailable, AudioDecodeError])
def test_pauses_double_up_to_the_longest_and_silence_fills_them(error):
    source = Source(works_at=8, error=error)
    source.lost.report_gone("radio: the stream ended", source.clock())
    blocks = list(source.lost.reopen(source.open))
    assert source.times_s == pytest.approx([0.5, 1.5, 3.5, 7.5, 15.5, 23.5, 31.5, 39.5])
    assert sum(map(len, blocks)) == pytest.approx(39.5 * RATE, abs=1)
    assert not np.concatenate(blocks).any()
    assert source.lost.lost_s == pytest.approx(39.5, abs=1 / RATE)
    assert source.lost.heard_until_s == pytest.approx(source.clock(), abs=1 / RATE)


def test_both_messages_come_once(caplog):
    source = Source(works_at=1)
    source.lost.report_gone("radio: the stream ended", source.clock())
    list(source.lost.reopen(source.open))
    source.lost.report_gone("radio: the stream ended", source.clock())  # lost again before there was sound
    list(source.lost.reopen(source.open))
    assert source.lost.is_gone
    source.lost.report_back(source.clock())
    source.lost.report_back(source.clock())
    assert not source.lost.is_gone
    assert [record.getMessage() for record in caplog.records] == [
        "radio: the stream ended; waiting up to 60 s for it",
        "radio is back after 1.0 s, replaced by silence",
    ]


def test_it_gives_up_with_the_last_reason():
    source = Source(give_up_s=3)
    source.lost.report_gone("radio: the stream ended", source.clock())
    with pytest.raises(DeviceUnavailable, match=r"^radio has been gone for 3 s \(no answer\)$"):
        list(source.lost.reopen(source.open))
    assert source.times_s == pytest.approx([0.5, 1.5, 3.5])


def test_a_source_that_opens_without_sound_is_given_up():
    source = Source(works_at=1, give_up_s=3)
    source.lost.report_gone("radio: the stream ended", source.clock())
    source.clock.sleep(3)
    with pytest.raises(DeviceUnavailable, match=r"radio has been gone for 3 s .*no audio arrives"):
        source.lost.report_gone("radio: the stream ended", source.clock())


def test_stopping_ends_the_wait_without_an_attempt():
    source = Source()
    source.lost.report_gone("radio: the stream ended", source.clock())
    blocks = source.lost.reopen(source.open)
    next(blocks)
    source.lost.is_stopped = True
    assert list(blocks) == []
    assert source.times_s == []


def test_a_source_stopped_during_a_failing_attempt_ends_without_an_error():
    source = Source(give_up_s=0)

    def fail():
        source.lost.is_stopped = True
        raise DeviceUnavailable("no answer")

    source.lost.report_gone("radio: the stream ended", source.clock())
    assert np.concatenate(list(source.lost.reopen(fail))).shape == (RATE // 2,)


def test_sound_ahead_of_the_clock_needs_no_silence():
    source = Source()
    source.lost.heard_until_s += 2
    source.clock.sleep(1)
    assert list(source.lost.silence_until(source.clock())) == []
    source.clock.sleep(3.5)
    assert [len(block) for block in source.lost.silence_until(source.clock())] == [RATE, RATE, RATE // 2]
    assert source.lost.lost_s == 2.5
