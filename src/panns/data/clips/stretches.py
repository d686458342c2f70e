"""Stretches of long files, decoded from front to back and no further than the last of them reaches."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np
import numpy.typing as npt

from panns.audio import open_sound
from panns.data.clips.clip import Clip
from panns.errors import AudioDecodeError

Array = npt.NDArray[np.float32]

# Coders leave out their delay and padding, and tables round: by so much may a stretch reach behind the end of its file.
END_TOLERANCE_S = 0.1


class StretchReader:
    """Reads stretches of one file after the other, in one thread; those of a file in rising order cost one pass."""

    def __init__(self) -> None:
        self._pass: _Pass | None = None

    def read(self, file: Path, clip: Clip) -> tuple[Array, int]:
        """The stretch of a file that is the clip, `(samples,)`, and its rate, which is the file's own.

        Raises:
            AudioDecodeError: The file cannot be read, or the stretch is not in it.
        """
        try:
            if self._pass is None or self._pass.file != file:
                self._open(file)
            assert self._pass is not None
            start, stop = _in_samples(file, clip, self._pass.sample_rate)
            if start < self._pass.held_from:
                self._open(file)
            return self._pass.take(clip, start, stop), self._pass.sample_rate
        except BaseException:
            self.close()
            raise

    def _open(self, file: Path) -> None:
        self.close()
        self._pass = _Pass(file)

    def close(self) -> None:
        """Give back the file that is open."""
        if self._pass is not None:
            self._pass.stream.close()
            self._pass = None

    def __enter__(self) -> StretchReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Pass:
    """One pass over a file: what of it is held reaches from `held_from` to `_held_to`, in samples."""

    def __init__(self, file: Path) -> None:
        self.file = file
        # Not resampled here: it takes several times as long as decoding, also of what lies before the stretch.
        self.stream = open_sound(file, sample_rate=None)
        self.sample_rate = self.stream.sample_rate
        self._blocks = iter(self.stream)
        self._held: list[Array] = []
        self.held_from = 0
        self._held_to = 0

    def take(self, clip: Clip, start: int, stop: int | None) -> Array:
        self._drop(start)
        while stop is None or self._held_to < stop:
            block = next(self._blocks, None)
            if block is None:
                break
            self._held.append(block)
            self._held_to += len(block)
            self._drop(start)
        is_short = stop is not None and stop - self._held_to > END_TOLERANCE_S * self.sample_rate
        if start >= self._held_to or is_short:
            raise AudioDecodeError(
                f"{self.file}: {in_words(clip)} reaches behind its end at {self._held_to / self.sample_rate:.3f} s; "
                f"correct onset_s and offset_s"
            )
        held = np.concatenate(self._held)
        return held[start - self.held_from : None if stop is None else stop - self.held_from].copy()

    def _drop(self, start: int) -> None:
        """Let go of blocks that lie before `start`."""
        while self._held and self.held_from + len(self._held[0]) <= start:
            self.held_from += len(self._held.pop(0))


def in_words(clip: Clip) -> str:
    """The stretch as it is called in messages."""
    end = "to the end" if clip.offset_s is None else f"to {clip.offset_s:.3f} s"
    return f"the stretch from {clip.onset_s or 0.0:.3f} s {end}"


def _in_samples(file: Path, clip: Clip, sample_rate: int) -> tuple[int, int | None]:
    start = round((clip.onset_s or 0.0) * sample_rate)
    stop = None if clip.offset_s is None else round(clip.offset_s * sample_rate)
    if stop is not None and stop <= start:
        raise AudioDecodeError(f"{file}: {in_words(clip)} holds no sound at {sample_rate} Hz; make it longer")
    return start, stop
