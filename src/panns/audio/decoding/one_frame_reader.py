"""Reader of a single frame of MPEG audio, with FFmpeg's decoder but without its demuxer.

libsndfile and FFmpeg believe a frame only if another one follows it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from panns.audio.decoding.declared_length import DeclaredLength
from panns.audio.decoding.formats import id3_size
from panns.audio.decoding.lengths.bare import mpeg_frame_bytes
from panns.audio.decoding.media_frames import frame_to_float32
from panns.audio.decoding.mono_mixer import MonoMixer
from panns.audio.decoding.reader import Undecodable
from panns.audio.decoding.samples import Waveform
from panns.audio.decoding.source import SeekableInput
from panns.errors import MissingExtra

_TAG_BYTES = 128  # of ID3v1, at the end


class OneFrameReader:
    """Reader of a file that is one frame of MPEG audio, with or without tags."""

    def __init__(self, source: SeekableInput, declared: DeclaredLength) -> None:
        offset = id3_size(source.read_at(0, 10))
        header = source.read_at(offset, 4)
        n_bytes = mpeg_frame_bytes(header)
        tag = source.read_at(offset + n_bytes, 3)
        if not n_bytes or source.n_bytes - offset - n_bytes not in ({_TAG_BYTES} if tag == b"TAG" else {0}):
            raise Undecodable("not a single frame")
        try:
            import av
        except ImportError as exc:
            what = f"reading {source.source_name} (a single frame of MP3)"
            raise MissingExtra(what, package="av", extra="media") from exc
        decoder = av.CodecContext.create(f"mp{4 - (header[1] >> 1 & 3)}float", "r")
        try:
            packets = decoder.parse(source.read_at(offset, n_bytes)) + decoder.parse(b"")
            frames = [frame for packet in packets for frame in decoder.decode(packet)]  # type: ignore[attr-defined]
        except (av.error.FFmpegError, OSError) as exc:
            raise Undecodable(str(exc)) from exc
        if not frames:
            raise Undecodable("a frame without sound")
        self._samples = np.concatenate([frame_to_float32(frame) for frame in frames])
        self.sample_rate: int = frames[0].sample_rate
        self.n_channels = self._samples.shape[1]
        self.is_float = False
        self.tags: dict[str, str] = {}
        self.declared = declared
        self.losses: list[str] = []

    def blocks(self) -> Iterator[Waveform]:
        """Yield the mono samples of the frame."""
        mixer = MonoMixer(self.sample_rate)
        yield mixer.mix(self._samples)
        self.losses += mixer.describe_losses()

    def close(self) -> None:
        """Close the decoder; nothing is open."""
