"""The live sound of `panns listen`: a microphone, or a pipe, a network address or a file in place of one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from panns.batch import STDIN
from panns.cli.options import wrong_usage
from panns.cli.render.live_formats import Delays
from panns.errors import DeviceUnavailable

if TYPE_CHECKING:
    from panns.audio import LiveSound
    from panns.audio.decoding.samples import Waveform
    from panns.detection.stream import Stream


class LiveSource(Protocol):
    """A live sound that can be stopped, with what is reported about it."""

    @property
    def name(self) -> str:
        """Name of the source."""

    @property
    def sample_rate(self) -> int:
        """Sample rate, in Hz."""

    @property
    def latency_s(self) -> float:
        """Delay of the source, in seconds."""

    @property
    def lost_s(self) -> float:
        """Seconds of silence in place of lost sound."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings, complete after the iteration."""

    def stop(self) -> None:
        """End the iteration soon; safe to call from a signal handler."""

    def close(self) -> None:
        """Close the source."""

    def __iter__(self) -> Iterator[Waveform]:
        """Blocks as they arrive."""


def open_live_source(mic: str | None, wait_s: float | None, source: str | None, pace: float | None) -> LiveSource:
    """Open the microphone, or what replaces it.

    Args:
        mic: Name or number; None for the system's default.
        wait_s: Maximum time to wait for an unplugged microphone or a lost connection; None for the default.
        source: Path of a file, an address, or - for standard input; None for the microphone.
        pace: Playback speed of a file or pipe; None for real time.

    Raises:
        PannsError: The source cannot be opened; for a microphone, the message names the options that may help.
    """
    from panns.audio import Microphone, NetworkSound
    from panns.audio.live.input_devices import import_sounddevice
    from panns.audio.live.reconnection import GIVE_UP_S

    give_up_s = GIVE_UP_S if wait_s is None else wait_s
    if source is not None and is_address(source):
        with wrong_usage("--from"):
            return NetworkSound(source, give_up_s=give_up_s)
    if source is not None:
        return _open_file_or_pipe(source, 1.0 if pace is None else pace)
    import_sounddevice()  # outside the try: if the package is missing, no other microphone helps
    device = int(mic) if mic is not None and mic.isdecimal() else mic
    try:
        return Microphone(device, give_up_s=give_up_s)
    except DeviceUnavailable as error:
        stop = "" if str(error).endswith("?") else ";"
        raise DeviceUnavailable(
            f"{error}{stop} --list-devices lists the microphones, --mic selects one, --from FILE plays a file instead"
        ) from error


def is_address(source: str) -> bool:
    """True for a network address, False for a path."""
    return "://" in source


def _open_file_or_pipe(source: str, pace: float) -> LiveSource:
    from panns.audio import PipedSound, PlayedFile

    if source != STDIN:
        path = Path(source)
        return PipedSound(path.open("rb"), name=source, pace=pace) if path.is_fifo() else PlayedFile(path, pace=pace)
    pipe = sys.stdin.buffer
    return PlayedFile(pipe, pace=pace) if pipe.seekable() or pipe.isatty() else PipedSound(pipe, pace=pace)


def live_delays(source: LiveSource, stream: Stream) -> Delays:
    """Delays of scores and events behind the sound."""
    from panns.detection.live import start_latency_s

    latency_s = source.latency_s + stream.latency_s
    return Delays(latency_s, start_latency_s(latency_s, stream.hop_s, stream.config))


class MeteredSound:
    """A live sound with its level and duration so far; stops after a maximum duration, if one is given.

    Attributes:
        sample_rate: Sample rate in Hz.
        peak: Highest absolute sample of the latest block.
    """

    def __init__(self, sound: LiveSound, max_duration_s: float | None) -> None:
        self._sound = sound
        self._max_samples = None if max_duration_s is None else max(1, round(max_duration_s * sound.sample_rate))
        self._n_samples = 0
        self.sample_rate = sound.sample_rate
        self.peak = 0.0

    @property
    def duration_s(self) -> float:
        """Duration so far, in seconds."""
        return self._n_samples / self.sample_rate

    def __iter__(self) -> Iterator[Waveform]:
        for block in self._sound:
            piece = block if self._max_samples is None else block[: self._max_samples - self._n_samples]
            self._n_samples += len(piece)
            self.peak = float(abs(piece).max())
            yield piece
            if self._n_samples == self._max_samples:
                return
