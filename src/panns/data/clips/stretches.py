"""Stretches of long files, decoded from front to back and only as far as needed."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np

from panns.data.clips.clip import Clip
from panns.data.clips.sound_file import open_clip_file
from panns.errors import AudioDecodeError
from panns.system.arrays import Array

# A stretch may end this much after its file, because encoders drop their delay and padding and tables round times.
END_TOLERANCE_S = 0.1


class StretchReader:
    """Reads stretches of files in one thread; stretches of one file in ascending order cost a single pass."""

    def __init__(self) -> None:
        self._pass: _Pass | None = None

    def read(self, file: Path, clip: Clip) -> tuple[Array, int]:
        """Read the stretch of a file that a clip covers.

        Returns:
            The waveform, `(samples,)`, and the sample rate of the file.

        Raises:
            AudioDecodeError: The file is unreadable, or the stretch reaches beyond its end.
        """
        try:
            if self._pass is None or self._pass.file != file:
                self._open(file)
            assert self._pass is not None
            start, stop = _to_samples(file, clip, self._pass.sample_rate)
            if start < self._pass.buffer_start:
                self._open(file)
            return self._pass.take(clip, start, stop), self._pass.sample_rate
        except BaseException:
            self.close()
            raise

    def _open(self, file: Path) -> None:
        self.close()
        self._pass = _Pass(file)

    def close(self) -> None:
        """Close the open file."""
        if self._pass is not None:
            self._pass.sound.close()
            self._pass = None

    def __enter__(self) -> StretchReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Pass:
    """One pass over a file, with a buffer of the samples from `buffer_start` to `_buffer_stop`."""

    def __init__(self, file: Path) -> None:
        self.file = file
        # Resampling here would also resample everything before the stretch, and costs several times the decoding.
        self.sound = open_clip_file(file, sample_rate=None)
        self.sample_rate = self.sound.sample_rate
        self._blocks = iter(self.sound)
        self._buffer: list[Array] = []
        self.buffer_start = 0
        self._buffer_stop = 0

    def take(self, clip: Clip, start: int, stop: int | None) -> Array:
        self._drop_before(start)
        while stop is None or self._buffer_stop < stop:
            block = next(self._blocks, None)
            if block is None:
                break
            self._buffer.append(block)
            self._buffer_stop += len(block)
            self._drop_before(start)
        is_short = stop is not None and stop - self._buffer_stop > END_TOLERANCE_S * self.sample_rate
        if start >= self._buffer_stop or is_short:
            raise AudioDecodeError(
                f"{self.file}: {describe_stretch(clip)} reaches beyond the end of the file at "
                f"{self._buffer_stop / self.sample_rate:.3f} s; correct onset_s and offset_s"
            )
        buffer = np.concatenate(self._buffer)
        return buffer[start - self.buffer_start : None if stop is None else stop - self.buffer_start].copy()

    def _drop_before(self, start: int) -> None:
        """Drop the blocks that end before `start`."""
        while self._buffer and self.buffer_start + len(self._buffer[0]) <= start:
            self.buffer_start += len(self._buffer.pop(0))


def describe_stretch(clip: Clip) -> str:
    """The stretch of a clip in words, for messages."""
    end = "to the end" if clip.offset_s is None else f"to {clip.offset_s:.3f} s"
    return f"the stretch from {clip.onset_s or 0.0:.3f} s {end}"


def _to_samples(file: Path, clip: Clip, sample_rate: int) -> tuple[int, int | None]:
    start = round((clip.onset_s or 0.0) * sample_rate)
    stop = None if clip.offset_s is None else round(clip.offset_s * sample_rate)
    if stop is not None and stop <= start:
        raise AudioDecodeError(
            f"{file}: {describe_stretch(clip)} is shorter than one sample at {sample_rate} Hz; make it longer"
        )
    return start, stop
