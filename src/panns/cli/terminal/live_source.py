"""The live sound of `panns listen`: a microphone, or a file played in place of one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from panns.batch import STDIN
from panns.cli.render.live_formats import Delays
from panns.errors import DeviceUnavailable

if TYPE_CHECKING:
    from panns.audio import LiveSound, Microphone, PlayedFile
    from panns.audio.decoding.samples import Waveform
    from panns.detection.stream import Stream


def open_live_source(mic: str | None, wait_s: float | None, file: str | None, pace: float) -> Microphone | PlayedFile:
    """Open the microphone, or the file in its place.

    Args:
        mic: Name or number; None for the system's default.
        wait_s: Maximum time to wait for an unplugged microphone, in seconds; None for the default.
        file: Path of the file, or - for standard input; None for the microphone.
        pace: Playback speed of the file.

    Raises:
        PannsError: The source cannot be opened; for a microphone, the message names the options that may help.
    """
    from panns.audio import Microphone, PlayedFile
    from panns.audio.live.input_devices import import_sounddevice

    if file is not None:
        return PlayedFile(sys.stdin.buffer if file == STDIN else Path(file), pace=pace)
    import_sounddevice()  # outside the try: if the package is missing, no other microphone helps
    device = int(mic) if mic is not None and mic.isdecimal() else mic
    try:
        return Microphone(device) if wait_s is None else Microphone(device, give_up_s=wait_s)
    except DeviceUnavailable as error:
        stop = "" if str(error).endswith("?") else ";"
        raise DeviceUnavailable(
            f"{error}{stop} --list-devices lists the microphones, --mic selects one, --from FILE plays a file instead"
        ) from error


def live_delays(source: Microphone | PlayedFile, stream: Stream) -> Delays:
    """Delays of scores and events behind the sound."""
    from panns.audio import Microphone
    from panns.detection.live import start_latency_s

    source_latency_s = source.latency_s if isinstance(source, Microphone) else 0.0
    latency_s = source_latency_s + stream.latency_s
    return Delays(latency_s, start_latency_s(latency_s, stream.hop_s, stream.config))


def lost_seconds(source: Microphone | PlayedFile) -> float:
    """Seconds of sound that the microphone lost, and that silence replaced."""
    from panns.audio import Microphone

    return source.lost_s if isinstance(source, Microphone) else 0.0


def source_warnings(source: Microphone | PlayedFile) -> tuple[str, ...]:
    """Warnings about a played file, such as missing data."""
    from panns.audio import Microphone

    return () if isinstance(source, Microphone) else source.warnings


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
