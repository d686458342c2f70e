"""A file played as if it came from a microphone: in short pieces, at the speed of time or a multiple of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType

from panns.audio.decoding.samples import Waveform
from panns.audio.decoding.source import Source
from panns.audio.limits import DecodeLimits
from panns.audio.live.protocol import BLOCK_S
from panns.audio.sound import open_sound

# How long a wait lasts before it is looked whether to stop.
_LOOK_S = 0.05
_USUAL_LIMITS = DecodeLimits()


class PlayedFile:
    """A sound that was recorded, live; iterate it once, inside `with`.

    Args:
        source: A path, bytes, a file object or `(array, sample_rate)`; a pipe is read to its end first.
        pace: How many times as fast as it sounds, 0 for as fast as it is heard.
        limits: What is refused as too long.
        clock: Seconds that pass.
        sleep: Lets seconds pass.

    Attributes:
        name: As of `Sound`.
        sample_rate: Its own.

    Raises:
        AudioDecodeError: The sound cannot be read.
        ValueError: The pace is negative or no number.
    """

    def __init__(
        self,
        source: Source,
        *,
        pace: float = 1.0,
        limits: DecodeLimits = _USUAL_LIMITS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not 0 <= pace < float("inf"):
            raise ValueError(f"pace={pace} must be times as fast as the sound, or 0 for as fast as it can be heard")
        self._sound = open_sound(source, sample_rate=None, limits=limits)
        self._pace, self._clock, self._sleep = pace, clock, sleep
        self._is_stopped = False
        self.name = self._sound.name
        self.sample_rate = self._sound.sample_rate

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences on what is missing or odd; complete once the iteration has ended."""
        return self._sound.warnings

    def stop(self) -> None:
        """End the iteration soon; may be called from a signal handler."""
        self._is_stopped = True

    def __iter__(self) -> Iterator[Waveform]:
        """Blocks of 10 ms, each when it would have sounded.

        Raises:
            AudioDecodeError: As of `Sound`.
        """
        size = max(1, round(BLOCK_S * self.sample_rate))
        began_s, n_given = self._clock(), 0
        for block in self._sound:
            for start in range(0, len(block), size):
                piece = block[start : start + size]
                n_given += len(piece)
                if self._pace:
                    self._wait_until(began_s + n_given / self.sample_rate / self._pace)
                if self._is_stopped:
                    return
                yield piece

    def _wait_until(self, time_s: float) -> None:
        while not self._is_stopped and (left_s := time_s - self._clock()) > 0:
            self._sleep(min(left_s, _LOOK_S))

    def close(self) -> None:
        """Give back the file."""
        self._sound.close()

    def __enter__(self) -> PlayedFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
