"""WAV, AIFF, AU, FLAC, Ogg, Opus, MP3 and a dozen rarer formats, by libsndfile."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from panns.audio.declared import Declared
from panns.audio.limits import check_header
from panns.audio.reader import Undecodable, block_frames
from panns.audio.samples import Waveform, mix_to_mono
from panns.audio.source import Input


class SoundFileReader:
    """An input that libsndfile reads."""

    def __init__(self, source: Input, declared: Declared) -> None:
        import soundfile

        self._error = soundfile.LibsndfileError
        source.seek(0)
        try:
            self._file = soundfile.SoundFile(source)
        except self._error as exc:
            raise Undecodable(_reason(exc)) from exc
        self.sample_rate: int = self._file.samplerate
        self.n_channels: int = self._file.channels
        self.declared = declared
        self.losses: list[str] = []
        try:
            check_header(source.source_name, self.sample_rate, self.n_channels)
        except BaseException:
            self._file.close()
            raise

    def blocks(self) -> Iterator[Waveform]:
        """Mono blocks up to the end or the first damage."""
        n_frames = block_frames(self.n_channels)
        while True:
            # A new buffer each time: a mono block is a view of it and belongs to whoever gets it.
            block = np.empty((n_frames, self.n_channels), dtype=np.float32)
            try:
                block = self._file.read(out=block)
            except self._error as exc:
                raise Undecodable(_reason(exc)) from exc
            if not len(block):
                return
            yield mix_to_mono(block)

    def close(self) -> None:
        """Close libsndfile's side; the input stays open."""
        self._file.close()


def _reason(exc: Exception) -> str:
    reason = str(getattr(exc, "error_string", "") or exc)
    return reason.removeprefix("Error : ").rstrip(".")
