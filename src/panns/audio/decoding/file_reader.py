"""Reader of files: chooses the decoder, switches to the other one at damage, and reports what is missing."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator

from panns.audio.decoding.declared_length import DeclaredLength
from panns.audio.decoding.formats import (
    HEAD_BYTES,
    MP3,
    MP4,
    OGG,
    OPUS,
    PLAYLIST,
    UNKNOWN,
    WAV,
    FileFormat,
    detect_format,
    id3_size,
)
from panns.audio.decoding.lengths.mp4 import mp4_has_index
from panns.audio.decoding.lengths.read import read_declared_length
from panns.audio.decoding.media_reader import MediaReader
from panns.audio.decoding.one_frame_reader import OneFrameReader
from panns.audio.decoding.reader import MAX_SEARCH_BYTES, Reader, Undecodable
from panns.audio.decoding.samples import Waveform
from panns.audio.decoding.soundfile_reader import SoundFileReader
from panns.audio.decoding.source import SeekableInput
from panns.audio.stated_times.file_times import read_stated_times
from panns.errors import AudioDecodeError

_READABLE = "readable are wav, flac, ogg, opus, mp3, aiff, and with the extra 'media' m4a, aac, webm, mp4 and more"


class FileReader:
    """Reader of one file, with the decoder for its format and, after damage, with the other decoder."""

    def __init__(self, source: SeekableInput) -> None:
        self._source = source
        self._name = source.source_name
        self._format, offset = _sniff(source)
        if self._format.decoder == "unsupported":
            raise AudioDecodeError(
                f"{self._name}: is {self._format.name}, a format that is not supported; convert it to WAV or FLAC"
            )
        if self._format.decoder == "none":
            raise AudioDecodeError(
                f"{self._name}: is {self._format.name}, not audio; "
                f"give {'the files themselves' if self._format is PLAYLIST else 'a sound file'}"
            )
        self._header = read_declared_length(source, self._format, offset)
        has_no_length = self._header.duration_s is None
        self._reaches_end = self._format in (MP3, OGG, OPUS) or (self._format is WAV and has_no_length)
        self._waiting = self._decoders()
        self._reader = self._open_next(self._header)
        self.sample_rate = self._reader.sample_rate
        self.n_channels = self._reader.n_channels
        self.is_float = self._reader.is_float
        self.declared = self._reader.declared
        self.stated_times = read_stated_times(source, self._format, offset, self._reader.tags)
        self.losses: list[str] = []
        self._damage = ""

    def _decoders(self) -> list[type[SoundFileReader] | type[MediaReader] | type[OneFrameReader]]:
        """Return the decoders to try, best first."""
        if self._format.decoder == "media":
            return [MediaReader]
        if self._format is MP3:
            # Without PyAV, the last one recognizes a single frame and names what is missing.
            return [SoundFileReader, *([MediaReader] if _has_media() else []), OneFrameReader]
        if not _has_media():
            return [SoundFileReader]
        # FFmpeg decodes Opus twice as fast as libsndfile, which is faster for its other formats.
        return [MediaReader, SoundFileReader] if self._format is OPUS else [SoundFileReader, MediaReader]

    def _open_next(self, declared: DeclaredLength) -> Reader:
        reasons = []
        while self._waiting:
            decoder = self._waiting.pop(0)
            try:
                if decoder is MediaReader:
                    return MediaReader(self._source, declared, self._format)
                if decoder is OneFrameReader:
                    return OneFrameReader(self._source, declared)
                return SoundFileReader(self._source, declared, reaches_end=self._reaches_end)
            except Undecodable as exc:
                reasons.append(str(exc))
        raise AudioDecodeError(self._failure_message(reasons))

    def _failure_message(self, reasons: list[str]) -> str:
        if self._source.failure is not None:
            return f"{self._name}: reading failed ({self._source.failure}); copy the file to this machine and try again"
        if self._format is MP4 and not mp4_has_index(self._source):
            return (
                f"{self._name}: the file was cut off, and its index (the part named 'moov', usually at the end) is "
                f"missing; get the whole file again"
            )
        if self._format is UNKNOWN:
            install = "" if _has_media() else "; for more formats: pip install 'panns-audio[media]'"
            return f"{self._name}: unknown format ({reasons[-1]}); {_READABLE}{install}"
        if not _has_media():
            return (
                f"{self._name}: begins like {self._format.name}, but libsndfile cannot decode it ({reasons[0]}); get "
                f"the file again from its source, or add the decoders of FFmpeg: pip install 'panns-audio[media]'"
            )
        return (
            f"{self._name}: begins like {self._format.name}, but is damaged ({reasons[0]}); "
            f"get the file again from its source"
        )

    def rewind(self) -> None:
        """Open the decoder again, so that `blocks` starts from the beginning."""
        self._reader.close()
        self._waiting = self._decoders()
        self._reader = self._open_next(self._header)
        self.losses = []
        self._damage = ""

    def blocks(self) -> Iterator[Waveform]:
        """Yield mono blocks of the decodable parts; `losses` lists the others."""
        n_samples = 0
        reader = self._reader
        while True:
            damage: Undecodable | None = None
            try:
                for block in self._from(reader, n_samples):
                    n_samples += len(block)
                    yield block
                if n_samples:
                    break
            except Undecodable as exc:
                damage = exc
                self._damage = f", lost to damage ({exc})"
            # The other decoder may get past the damage, or find the one frame of a tiny file.
            following = self._open_following(reader)
            if following is None:
                self._report_damage(damage, n_samples)
                break
            reader = following
        self.losses += self.declared.notes
        self.losses += reader.losses
        self.losses += self._shortfall(n_samples / self.sample_rate)

    def _report_damage(self, damage: Undecodable | None, n_samples: int) -> None:
        if damage is None:
            return
        reason = f"damaged after {n_samples / self.sample_rate:.2f} s ({damage})"
        if not n_samples:
            raise AudioDecodeError(
                f"{self._name}: {reason}, before any sound; get the file again from its source"
            ) from damage
        self.losses.append(f"{reason}; the result covers the part before")

    def _from(self, reader: Reader, n_skipped: int) -> Iterator[Waveform]:
        """Yield the blocks of a reader, without the samples that the previous reader has already returned."""
        for block in reader.blocks():
            if n_skipped < len(block):
                yield block[n_skipped:]
            n_skipped = max(n_skipped - len(block), 0)

    def _open_following(self, reader: Reader) -> Reader | None:
        """Open the next decoder, if there is one that can."""
        reader.close()
        try:
            following = self._open_next(self.declared) if self._waiting else None
        except AudioDecodeError:
            return None
        if following is not None and following.sample_rate != self.sample_rate:
            following.close()
            return None
        self._reader = following or self._reader
        return following

    def _shortfall(self, decoded_s: float) -> list[str]:
        declared = self.declared
        if self._source.ran_out and not declared.duration_s:
            searched = f"{MAX_SEARCH_BYTES / 2**20:.0f} MB"
            return [f"nothing decodable in {searched} after {decoded_s:.2f} s; reading stopped there"]
        if self._source.failure is not None:
            return [
                f"reading failed after {decoded_s:.2f} s ({self._source.failure}); the result covers the part before"
            ]
        if declared.duration_s is not None and declared.duration_s - decoded_s > declared.tolerance_s:
            missing_s = declared.duration_s - decoded_s
            if declared.has_end:
                message = (
                    f"{missing_s:.2f} s of the {declared.duration_s:.2f} s its header declares are missing inside the "
                    f"sound{self._damage}; what comes after them is that much too early"
                )
                return [message]
            message = (
                f"ended after {decoded_s:.2f} s of the {declared.duration_s:.2f} s its header declares, "
                f"{missing_s:.2f} s are missing{self._damage}; the result covers the rest"
            )
            return [message]
        if declared.is_cut:
            return [f"the end is missing, of unknown length; the result covers the {decoded_s:.2f} s before it"]
        if declared.is_unknowable:
            return ["this format does not say how long the sound is, so a missing end cannot be noticed"]
        return []

    def close(self) -> None:
        """Close the decoder and the input."""
        self._reader.close()
        self._source.close()


def _sniff(source: SeekableInput) -> tuple[FileFormat, int]:
    """Detect the format of a file and where it begins: after the ID3 tag of MP3, AAC and some FLAC files."""
    offset = id3_size(source.read_at(0, 10))
    file_format = detect_format(source.read_at(offset, HEAD_BYTES))
    if offset and file_format.decoder == "none":  # a tag of damaged size ends anywhere
        return UNKNOWN, 0
    return file_format, offset


def _has_media() -> bool:
    if "av" in sys.modules:
        return sys.modules["av"] is not None
    return importlib.util.find_spec("av") is not None
