"""Reader of WAV, AIFF, AU, FLAC, Ogg, Opus, MP3 and a dozen rarer formats, with libsndfile."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from panns.audio.decoding.declared_length import DeclaredLength
from panns.audio.decoding.mono_mixer import MonoMixer
from panns.audio.decoding.reader import MAX_SEARCH_BYTES, Undecodable, block_frames
from panns.audio.decoding.samples import Waveform
from panns.audio.decoding.source import SeekableInput
from panns.audio.limits import check_header

# Without them, libsndfile takes bytes that begin like nothing else for instruments, dumps and bare samples.
_FORMATS = (
    *("AIFF", "AU", "AVR", "CAF", "FLAC", "IRCAM", "MAT4", "MAT5", "MP3", "MPC2K", "NIST", "OGG", "PAF", "PVF", "RF64"),
    *("SVX", "VOC", "W64", "WAV", "WAVEX"),
)
# Tags at the end of MP3 and Ogg files.
_MAX_TAIL_BYTES = 4096
_INT16_SCALE = np.float32(2**-15)


class SoundFileReader:
    """Reader that uses libsndfile.

    With `reaches_end`, the format is known to hold audio up to its last bytes, so unread bytes are an error.
    """

    def __init__(self, source: SeekableInput, declared: DeclaredLength, *, reaches_end: bool) -> None:
        import soundfile

        self._error = soundfile.LibsndfileError
        self._source = source
        self._reaches_end = reaches_end
        source.seek(0)
        source.ran_out = False
        try:
            with source.budget(MAX_SEARCH_BYTES):
                self._file = soundfile.SoundFile(source)
        except self._error as exc:
            # Its MP3 library gives this reason for damage, and so calls a file missing.
            reason = "no frame can be decoded" if "File does not exist" in str(exc) else _reason(exc)
            raise Undecodable(reason) from exc
        if self._file.format not in _FORMATS:
            self._file.close()
            raise Undecodable(f"libsndfile takes it for {self._file.format}")
        self.sample_rate: int = self._file.samplerate
        self.n_channels: int = self._file.channels
        self.is_float = self._file.subtype in ("FLOAT", "DOUBLE")
        self.declared = declared
        self.tags: dict[str, str] = self._file.copy_metadata()
        self.losses: list[str] = []
        try:
            check_header(source.source_name, self.sample_rate, self.n_channels)
        except BaseException:
            self._file.close()
            raise

    def blocks(self) -> Iterator[Waveform]:
        """Yield mono blocks up to the end or the first damage."""
        n_frames = block_frames(self.n_channels)
        mixer = MonoMixer(self.sample_rate)
        # As integers, libsndfile reads a whole block at once; as floats, 8 kB at a time by as many calls into Python.
        dtype = np.int16 if self._file.subtype == "PCM_16" else np.float32
        while True:
            # A new buffer each time: a mono block is a view of it and belongs to the caller.
            block = np.empty((n_frames, self.n_channels), dtype=dtype)
            try:
                with self._source.budget(MAX_SEARCH_BYTES):
                    block = self._file.read(out=block)
            except self._error as exc:
                raise Undecodable(_reason(exc)) from exc
            if not len(block):
                self.losses += mixer.describe_losses()
                self._check_end()
                return
            yield mixer.mix(block if dtype is np.float32 else block * _INT16_SCALE)

    def _check_end(self) -> None:
        # libsndfile silently stops at the length that the first frame of an MP3 suggests, after the first of several
        # chained streams, and after 4 GiB of a WAV without a size.
        n_unread = self._source.n_bytes - self._source.tell()
        if self._reaches_end and n_unread > _MAX_TAIL_BYTES and self._source.failure is None:
            raise Undecodable(f"libsndfile leaves {n_unread:,} bytes unread")

    def close(self) -> None:
        """Close libsndfile's file; the input stays open."""
        self._file.close()


def _reason(exc: Exception) -> str:
    reason = str(getattr(exc, "error_string", "") or exc)
    return reason.removeprefix("Error : ").rstrip(".")
