"""Which decoder reads a file, what happens when it gives up, and what is said about what is missing."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator

from panns.audio.decoding.declared_length import DeclaredLength, mp4_has_index, read_declared_length
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
from panns.audio.decoding.media_reader import MediaReader
from panns.audio.decoding.reader import Reader, Undecodable
from panns.audio.decoding.samples import Waveform
from panns.audio.decoding.soundfile_reader import SoundFileReader
from panns.audio.decoding.source import Input
from panns.errors import AudioDecodeError

_READABLE = "wav, flac, ogg, opus, mp3, aiff, and with the extra 'media' also m4a, aac, webm, mp4 and more, are read"


class FileReader:
    """An opened file, read by the decoder for its kind and, behind damage, by the other one."""

    def __init__(self, source: Input) -> None:
        self._source = source
        self._name = source.source_name
        self._kind, offset = _sniff(source)
        if self._kind.decoder == "none":
            raise AudioDecodeError(
                f"{self._name}: is {self._kind.name}, "
                f"not a sound; {'give those files themselves' if self._kind is PLAYLIST else 'give a sound file'}"
            )
        declared = read_declared_length(source, self._kind, offset)
        self._reaches_end = self._kind in (MP3, OGG, OPUS) or (self._kind is WAV and declared.duration_s is None)
        self._waiting = self._decoders()
        self._reader = self._open_next(declared)
        self.sample_rate = self._reader.sample_rate
        self.n_channels = self._reader.n_channels
        self.declared = self._reader.declared
        self.losses: list[str] = []
        self._damage = ""

    def _decoders(self) -> list[type[SoundFileReader] | type[MediaReader]]:
        """List the decoders to try, best first."""
        if self._kind.decoder == "media":
            return [MediaReader]
        if not _has_media():
            return [SoundFileReader]
        # FFmpeg decodes Opus twice as fast as libsndfile, which is the faster one for everything else it reads.
        return [MediaReader, SoundFileReader] if self._kind is OPUS else [SoundFileReader, MediaReader]

    def _open_next(self, declared: DeclaredLength) -> Reader:
        reasons = []
        while self._waiting:
            decoder = self._waiting.pop(0)
            try:
                if decoder is MediaReader:
                    return MediaReader(self._source, declared, what=f"reading {self._name} ({self._kind.name})")
                return SoundFileReader(self._source, declared, reaches_end=self._reaches_end)
            except Undecodable as exc:
                reasons.append(str(exc))
        raise AudioDecodeError(self._why_not(reasons))

    def _why_not(self, reasons: list[str]) -> str:
        if self._source.failure is not None:
            return f"{self._name}: reading it failed ({self._source.failure}); copy it to this machine and try again"
        if self._kind is MP4 and not mp4_has_index(self._source):
            return (
                f"{self._name}: its index (the part named 'moov', usually at the end) is missing, so nothing in it can "
                f"be decoded; the file was cut off, get it again in full"
            )
        if self._kind is UNKNOWN:
            install = "" if _has_media() else "; for more formats: pip install 'panns-audio[media]'"
            return f"{self._name}: is in no known sound format ({reasons[-1]}); {_READABLE}{install}"
        return (
            f"{self._name}: begins as {self._kind.name} but is damaged or no sound ({reasons[0]}); "
            f"get the file again from where it came"
        )

    def blocks(self) -> Iterator[Waveform]:
        """Mono blocks of what can be decoded; `losses` says what could not."""
        n_samples = 0
        reader = self._reader
        while True:
            try:
                for block in self._from(reader, n_samples):
                    n_samples += len(block)
                    yield block
                break
            except Undecodable as exc:
                self._damage = f", lost to damage ({exc})"
                following = self._following(reader)
                if following is None:
                    reason = f"damaged after {n_samples / self.sample_rate:.2f} s ({exc})"
                    if not n_samples:
                        raise AudioDecodeError(
                            f"{self._name}: {reason}, nothing can be decoded; get the file again from where it came"
                        ) from exc
                    self.losses.append(f"{reason}; answered for what comes before")
                    break
                reader = following
        self.losses += reader.losses
        self.losses += self._shortfall(n_samples / self.sample_rate)

    def _from(self, reader: Reader, n_skipped: int) -> Iterator[Waveform]:
        """Yield the blocks of a reader without the samples that the one before it has given."""
        for block in reader.blocks():
            if n_skipped < len(block):
                yield block[n_skipped:]
            n_skipped = max(n_skipped - len(block), 0)

    def _following(self, reader: Reader) -> Reader | None:
        """Open the decoder that may get past the damage at which this one stopped."""
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
        if self._source.failure is not None:
            return [f"reading it failed after {decoded_s:.2f} s ({self._source.failure}); answered for what there is"]
        if declared.duration_s is not None and declared.duration_s - decoded_s > declared.tolerance_s:
            missing_s = declared.duration_s - decoded_s
            sentence = (
                f"ended after {decoded_s:.2f} s of the {declared.duration_s:.2f} s its header declares, "
                f"{missing_s:.2f} s are missing{self._damage}; answered for what there is"
            )
            return [sentence]
        if declared.is_cut:
            sentence = "its end is missing, and nothing in it says how much that is"
            return [f"{sentence}; answered for the {decoded_s:.2f} s there are"]
        return []

    def close(self) -> None:
        """Close decoder and input."""
        self._reader.close()
        self._source.close()


def _sniff(source: Input) -> tuple[FileFormat, int]:
    """Tell the kind of a file and where it begins: behind the ID3 tag that MP3, AAC and some FLAC files carry."""
    offset = id3_size(source.read_at(0, 10))
    kind = detect_format(source.read_at(offset, HEAD_BYTES))
    if offset and kind.decoder == "none":  # a tag of damaged size ends anywhere
        return UNKNOWN, 0
    return kind, offset


def _has_media() -> bool:
    if "av" in sys.modules:
        return sys.modules["av"] is not None
    return importlib.util.find_spec("av") is not None
