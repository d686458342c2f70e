"""Waiting for a lost source: attempts at growing intervals, silence meanwhile, and an end after some time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from panns.audio.decoding.samples import Waveform
from panns.audio.live.live_sound import silence
from panns.errors import AudioDecodeError, DeviceUnavailable

_LOG = logging.getLogger(__name__)

# Longest wait for an unplugged device or a lost connection, and the pauses between attempts to get it back.
GIVE_UP_S = 60.0
FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 8.0
# Interval of the checks for `is_stopped` while waiting.
LOOK_S = 0.05


class Reconnection:
    """Fills the time without sound by silence, so that times stay correct, and gets a lost source back.

    Args:
        name: Name of the source in messages.
        sample_rate: Sample rate of the sound, in Hz.
        give_up_s: Longest wait for the source, in seconds.
        clock: Returns a monotonic time in seconds.
        sleep: Waits for a number of seconds.

    Attributes:
        name: Name of the source in messages.
        heard_until_s: Time up to which there is sound or silence; the owner moves it with the sound.
        lost_s: Seconds of silence so far.
        is_stopped: Set it to end the waiting soon, also from a signal handler.
    """

    def __init__(
        self,
        name: str,
        sample_rate: int,
        *,
        give_up_s: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self.name, self._sample_rate, self._give_up_s = name, sample_rate, give_up_s
        self._clock, self._sleep = clock, sleep
        self.heard_until_s = clock()
        self.lost_s = 0.0
        self.is_stopped = False
        self._gone_since_s: float | None = None

    @property
    def is_gone(self) -> bool:
        """True from `report_gone` to `report_back`."""
        return self._gone_since_s is not None

    def report_gone(self, message: str, since_s: float) -> None:
        """Warn that the source is gone. Until `report_back`, further calls only check how long it has been.

        Raises:
            DeviceUnavailable: It was reopened, but without sound, and has been gone for too long.
        """
        if self._gone_since_s is None:
            self._gone_since_s = since_s
            _LOG.warning("%s; waiting up to %g s for it", message, self._give_up_s)
        elif self._is_over():
            raise self._gone_for_good("it can be opened, but no audio arrives")

    def report_back(self, time_s: float) -> None:
        """Tell how long the source was gone, now that there is sound again."""
        if self._gone_since_s is not None:
            away_s, self._gone_since_s = time_s - self._gone_since_s, None
            _LOG.warning("%s is back after %.1f s, replaced by silence", self.name, away_s)

    def reopen(self, attempt: Callable[[], None]) -> Iterator[Waveform]:
        """Yield silence until an attempt to open the source succeeds, or `is_stopped`; after `report_gone`.

        Args:
            attempt: Opens the source, or raises `DeviceUnavailable` or `AudioDecodeError`.

        Raises:
            DeviceUnavailable: The source has been gone for too long.
        """
        pause_s = FIRST_PAUSE_S
        while True:
            yield from self._wait(pause_s)
            pause_s = min(2 * pause_s, LAST_PAUSE_S)
            if self.is_stopped:
                return
            try:
                attempt()
            except (DeviceUnavailable, AudioDecodeError) as exc:
                if self.is_stopped:
                    return
                if self._is_over():
                    raise self._gone_for_good(str(exc)) from exc
            else:
                return

    def silence_until(self, time_s: float) -> Iterator[Waveform]:
        """Yield silence up to a time; none if the sound is ahead of it."""
        n_samples = max(0, round((time_s - self.heard_until_s) * self._sample_rate))
        self.heard_until_s += n_samples / self._sample_rate
        self.lost_s += n_samples / self._sample_rate
        yield from silence(n_samples, self._sample_rate)

    def _wait(self, duration_s: float) -> Iterator[Waveform]:
        end_s = self._clock() + duration_s
        while not self.is_stopped and (left_s := end_s - self._clock()) > 0:
            self._sleep(min(left_s, LOOK_S))
            yield from self.silence_until(self._clock())

    def _is_over(self) -> bool:
        return self._gone_since_s is not None and self._clock() - self._gone_since_s >= self._give_up_s

    def _gone_for_good(self, reason: str) -> DeviceUnavailable:
        return DeviceUnavailable(f"{self.name} has been gone for {self._give_up_s:g} s ({reason})")
