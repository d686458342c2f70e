"""A file played like a microphone: in short blocks, in real time or at a multiple of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType

from panns.audio.decoding.samples import Waveform
from panns.audio.decoding.source import Source
from panns.audio.limits import DecodeLimits
from panns.audio.live.live_sound import BLOCK_S
from panns.audio.sound import open_sound

# Interval of the checks for `stop` while waiting.
_LOOK_S = 0.05
_USUAL_LIMITS = DecodeLimits()


class Pace:
    """Paces blocks of sound, in pieces of 10 ms, until it is stopped.

    Args:
        pace: Speed as a multiple of real time; 0 for as fast as the caller iterates.
        clock: Returns a monotonic time in seconds.
        sleep: Waits for a number of seconds.

    Attributes:
        is_stopped: Set it to end the pieces soon, also from a signal handler.

    Raises:
        ValueError: The pace is negative or not finite.
    """

    def __init__(self, pace: float, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        if not 0 <= pace < float("inf"):
            raise ValueError(f"pace={pace} is out of range; use a multiple of real time, or 0 for as fast as possible")
        self._pace, self._clock, self._sleep = pace, clock, sleep
        self.is_stopped = False

    def pieces(self, blocks: Iterable[Waveform], sample_rate: int) -> Iterator[Waveform]:
        """Iterate over pieces of the blocks, each at the time when it would end in real time."""
        size = max(1, round(BLOCK_S * sample_rate))
        start_s, n_given = self._clock(), 0
        for block in blocks:
            for start in range(0, len(block), size):
                piece = block[start : start + size]
                n_given += len(piece)
                if self._pace:
                    self._wait_until(start_s + n_given / sample_rate / self._pace)
                if self.is_stopped:
                    return
                yield piece

    def _wait_until(self, time_s: float) -> None:
        while not self.is_stopped and (left_s := time_s - self._clock()) > 0:
            self._sleep(min(left_s, _LOOK_S))


class PlayedFile:
    """A recording played in real time. Iterate it once, inside `with`.

    Args:
        source: A path, bytes, a file object or `(array, sample_rate)`; a pipe is read to its end first.
        pace: Playback speed as a multiple of real time; 0 for as fast as the caller iterates.
        limits: Limits on the decoded duration.
        clock: Returns a monotonic time in seconds.
        sleep: Waits for a number of seconds.

    Attributes:
        name: The path, or `<bytes>`, `<stdin>`, `<stream>`, `<array>`.
        sample_rate: Sample rate of the source, in Hz.
        latency_s: Delay of the source: 0.
        lost_s: Seconds of silence in place of lost sound: 0.

    Raises:
        AudioDecodeError: The source cannot be decoded.
        ValueError: The pace is negative or not finite.
    """

    latency_s = 0.0
    lost_s = 0.0

    def __init__(
        self,
        source: Source,
        *,
        pace: float = 1.0,
        limits: DecodeLimits = _USUAL_LIMITS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pace = Pace(pace, clock=clock, sleep=sleep)
        self._sound = open_sound(source, sample_rate=None, limits=limits)
        self.name = self._sound.name
        self.sample_rate = self._sound.sample_rate

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about missing or unusual audio, complete after the iteration."""
        return self._sound.warnings

    def stop(self) -> None:
        """End the iteration soon. Safe to call from a signal handler."""
        self._pace.is_stopped = True

    def __iter__(self) -> Iterator[Waveform]:
        """Iterate over blocks of 10 ms, each at the time when it would end in real time.

        Raises:
            AudioDecodeError: The source is empty, too long, or holds values that cannot be audio.
        """
        return self._pace.pieces(self._sound, self.sample_rate)

    def close(self) -> None:
        """Close the file."""
        self._sound.close()

    def __enter__(self) -> PlayedFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
