"""Sound from a pipe, read while it arrives: it may never end, and takes constant memory and no disk."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import BinaryIO

from panns.audio.decoding.samples import Waveform
from panns.audio.live.live_mix import LiveMix
from panns.audio.live.media_stream import MediaStream
from panns.audio.live.playback import Pace
from panns.audio.live.wav_stream import WavHeader, read_wav_header, read_wav_samples
from panns.errors import AudioDecodeError

_HEAD_BYTES = 12
# Interval of the checks for `stop` while the pipe is silent. On Windows, only the next bytes end the wait.
_LOOK_S = 0.2
_CAN_WAIT = sys.platform != "win32"


class PipedSound:
    """A pipe, such as standard input. Iterate it once, inside `with`.

    WAV needs nothing else; other formats need the extra `media`. They must be readable from the start to the end, as
    MP4 is only if its index comes first.

    Args:
        file: The pipe, opened in binary mode and not yet read.
        name: Name of the source.
        pace: Highest speed as a multiple of real time; 0 for as fast as the pipe delivers.
        clock: Returns a monotonic time in seconds.
        sleep: Waits for a number of seconds.

    Attributes:
        name: Name of the source.
        sample_rate: Sample rate, in Hz.
        latency_s: Delay of the source: 0.

    Raises:
        AudioDecodeError: The pipe is empty, or sends no sound.
        MissingExtra: The format needs PyAV.
    """

    latency_s = 0.0

    def __init__(
        self,
        file: BinaryIO,
        *,
        name: str = "<stdin>",
        pace: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pace = Pace(pace, clock=clock, sleep=sleep)
        self.name = name
        self._missing_s = 0.0
        self._wav: WavHeader | None = None
        self._media: MediaStream | None = None
        pipe = _Pipe(file.fileno(), lambda: self._pace.is_stopped)
        if not pipe.head:
            raise AudioDecodeError(f"{name}: empty, 0 bytes; pipe a sound into it")
        if pipe.head[:4] == b"RIFF" and pipe.head[8:] == b"WAVE":
            self._read = pipe.read
            pipe.head = b""
            self._wav = read_wav_header(pipe.read, name)
            self.sample_rate = self._wav.sample_rate
        else:
            self._media = MediaStream(pipe, name)
            self.sample_rate = self._media.sample_rate
        self._mix = LiveMix(self.sample_rate)

    @property
    def lost_s(self) -> float:
        """Seconds of silence in place of lost packets."""
        return self._media.lost_s if self._media is not None else 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about missing or unusual audio, complete after the iteration."""
        messages = self._mix.warnings()
        if self._missing_s:
            messages.append(f"the pipe closed {self._missing_s:.2f} s before the end that its header declares")
        return tuple(messages)

    def stop(self) -> None:
        """End the iteration soon. Safe to call from a signal handler."""
        self._pace.is_stopped = True

    def __iter__(self) -> Iterator[Waveform]:
        """Iterate over mono blocks `(samples,)` as they arrive.

        Raises:
            AudioDecodeError: The pipe is empty, or its format breaks off.
        """
        return self._pace.pieces(self._checked(), self.sample_rate)

    def _checked(self) -> Iterator[Waveform]:
        n_samples = 0
        for block in self._blocks():
            n_samples += len(block)
            yield block
        if not n_samples and not self._pace.is_stopped:
            raise AudioDecodeError(f"{self.name}: holds no sound, 0 samples; pipe a sound into it")
        if self._wav is not None and self._wav.n_bytes is not None and not self._pace.is_stopped:
            missing_s = self._wav.n_bytes / self._wav.frame_bytes / self.sample_rate - n_samples / self.sample_rate
            if missing_s >= 1 / self.sample_rate:
                self._missing_s = missing_s

    def _blocks(self) -> Iterator[Waveform]:
        if self._media is not None:
            yield from self._media.blocks(self._mix)
        elif self._wav is not None:
            yield from map(self._mix.mix, read_wav_samples(self._wav, self._read))

    def close(self) -> None:
        """Stop decoding. The pipe stays open; its owner closes it."""
        if self._media is not None:
            self._media.close()

    def __enter__(self) -> PipedSound:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Pipe:
    """Bytes of a pipe as they arrive. It has no name, so that FFmpeg detects the format by the content."""

    def __init__(self, descriptor: int, is_stopped: Callable[[], bool]) -> None:
        self._descriptor, self._is_stopped = descriptor, is_stopped
        self.head = b""
        while len(self.head) < _HEAD_BYTES and (piece := self._receive(_HEAD_BYTES - len(self.head))):
            self.head += piece

    def read(self, n_bytes: int) -> bytes:
        """Read at least one byte and at most `n_bytes`; none at the end, or once the sound is stopped."""
        if self.head:
            piece, self.head = self.head[:n_bytes], self.head[n_bytes:]
            return piece
        return self._receive(n_bytes)

    def _receive(self, n_bytes: int) -> bytes:
        # Not a buffered file, which would wait for all bytes, and whose lock would be held when the program ends.
        while not self._is_stopped():
            if not _CAN_WAIT or select.select([self._descriptor], [], [], _LOOK_S)[0]:
                return os.read(self._descriptor, n_bytes)
        return b""
