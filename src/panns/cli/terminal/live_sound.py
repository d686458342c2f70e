"""The sound that `panns listen` hears: a microphone or a file that stands for one, opened as the options say."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from panns.batch.inputs import STDIN
from panns.cli.render.live_formats import Delays
from panns.errors import DeviceUnavailable

if TYPE_CHECKING:
    from panns.audio import LiveSound, Microphone, PlayedFile
    from panns.audio.decoding.samples import Waveform
    from panns.detection.stream import Stream


def open_sound(mic: str | None, wait_s: float | None, file: str | None, pace: float) -> Microphone | PlayedFile:
    """The microphone, or the file in place of it.

    Args:
        mic: Name or number; None for the system's choice.
        wait_s: How long it is waited for when it is gone; None for the usual.
        file: Path of the file, or - for standard input; None for the microphone.
        pace: How fast the file is played.

    Raises:
        PannsError: It cannot be opened; of a microphone with the options that may help.
    """
    from panns.audio import Microphone, PlayedFile
    from panns.audio.live.input_devices import import_sounddevice

    if file is not None:
        return PlayedFile(sys.stdin.buffer if file == STDIN else Path(file), pace=pace)
    import_sounddevice()  # what is not installed is not a matter of which microphone
    wanted = int(mic) if mic is not None and mic.isdecimal() else mic
    try:
        return Microphone(wanted) if wait_s is None else Microphone(wanted, give_up_s=wait_s)
    except DeviceUnavailable as error:
        stop = "" if str(error).endswith("?") else ";"
        raise DeviceUnavailable(
            f"{error}{stop} --list-devices lists all there are, --mic names one, --from FILE plays a file instead"
        ) from error


def delays_of(sound: Microphone | PlayedFile, stream: Stream) -> Delays:
    """How soon a stream answers what sounds."""
    from panns.audio import Microphone
    from panns.detection.live import start_latency_s

    until_pushed_s = sound.latency_s if isinstance(sound, Microphone) else 0.0
    latency_s = until_pushed_s + stream.latency_s
    return Delays(latency_s, start_latency_s(latency_s, stream.hop_s, stream.config))


def lost_s_of(sound: Microphone | PlayedFile) -> float:
    """For how long silence stands."""
    from panns.audio import Microphone

    return sound.lost_s if isinstance(sound, Microphone) else 0.0


def warnings_of(sound: Microphone | PlayedFile) -> tuple[str, ...]:
    """What is missing or odd in a file that was heard."""
    from panns.audio import Microphone

    return () if isinstance(sound, Microphone) else sound.warnings


class MeteredSound:
    """A sound, and how loud and how long it is as it passes; it ends after a duration, if one is wanted."""

    def __init__(self, sound: LiveSound, duration_s: float | None) -> None:
        self._sound = sound
        self._n_wanted = None if duration_s is None else max(1, round(duration_s * sound.sample_rate))
        self._n_samples = 0
        self.sample_rate = sound.sample_rate
        self.peak = 0.0

    @property
    def duration_s(self) -> float:
        """How much has passed."""
        return self._n_samples / self.sample_rate

    def __iter__(self) -> Iterator[Waveform]:
        for block in self._sound:
            piece = block if self._n_wanted is None else block[: self._n_wanted - self._n_samples]
            self._n_samples += len(piece)
            self.peak = float(abs(piece).max())
            yield piece
            if self._n_samples == self._n_wanted:
                return
