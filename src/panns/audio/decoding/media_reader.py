"""Reader of MP4, AAC, WebM, video files and many more formats, with FFmpeg through PyAV.

Restricted to formats that contain their audio: FFmpeg's playlists, scripts, devices and protocols are disabled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from panns.audio.decoding.declared_length import DeclaredLength
from panns.audio.decoding.formats import MATROSKA, MP4, FileFormat
from panns.audio.decoding.media_clock import MediaClock, TimedFrames
from panns.audio.decoding.media_formats import (
    CLOCKED,
    DECLARING,
    FLOAT_CODECS,
    FROM_ZERO,
    LONG_PROBE,
    OPTIONS,
    WITHOUT_LENGTH,
)
from panns.audio.decoding.media_frames import frame_to_float32
from panns.audio.decoding.mono_mixer import MonoMixer
from panns.audio.decoding.reader import MAX_SEARCH_BYTES, Undecodable, block_frames
from panns.audio.decoding.samples import Waveform
from panns.audio.decoding.source import SeekableInput
from panns.audio.limits import check_header
from panns.audio.resampling.resample import Resampler
from panns.errors import AudioDecodeError, MissingExtra

# The lowest and highest rates of AAC differ by a factor of 13. A larger change would only inflate a block.
_MAX_RATE_CHANGE = 16
# A later start of a clock that counts from the start of the recording is a dump of a running stream.
_MAX_LATE_START_S = 60.0
# Encoders leave out their delay and padding: up to 0.12 s for HE-AAC at 44.1 kHz, twice that at 22.05 kHz.
_TOLERANCE_S = 0.25
# Limit on the bytes read to find the tracks of containers: the index of a day of AAC has 100 MB.
_MAX_INDEX_BYTES = 256 * 2**20
_INDEXED = (MATROSKA, MP4)
# In a header of zeros, FFmpeg finds an empty chunk every 8 bytes: 0.4 CPU-s a megabyte.
_ZEROS_COST = 16
# A demuxer may report several damaged packets in a row before it finds the next good one.
_MAX_DEMUX_ERRORS = 64
# Silence replaces lost packets, so that the audio after them keeps its time. Their lengths may come from damaged data,
# so they are capped: the longest real packets, of True Audio, last 1.04 s, and gaps end after a minute.
_MAX_PACKET_S = 1.1
_MAX_GAP_S = 60.0


class MediaReader:
    """Reader of the best audio track, with FFmpeg."""

    def __init__(self, source: SeekableInput, declared: DeclaredLength, file_format: FileFormat) -> None:
        try:
            import av
        except ImportError as exc:
            what = f"reading {source.source_name} ({file_format.name})"
            raise MissingExtra(what, package="av", extra="media") from exc

        self._errors = (av.error.FFmpegError, OSError)
        self._source = source
        self._name = source.source_name
        self.losses: list[str] = []
        self._max_opening_bytes = _MAX_INDEX_BYTES if file_format in _INDEXED else 2 * MAX_SEARCH_BYTES
        try:
            track = self._open(av, OPTIONS)
        except Undecodable:
            if file_format.demuxer is None:
                raise
            track = self._open(av, OPTIONS, file_format.demuxer)
        try:
            if track is None and self._container.streams.audio:
                # A broadcast whose sound starts seconds after its picture.
                self._container.close()
                track = self._open(av, OPTIONS | LONG_PROBE)
            self._check_track(track)
            self._read_header()
            self.declared = self._read_declared(declared)
        except BaseException:
            self._container.close()
            raise

    def _open(self, av: Any, options: dict[str, str], demuxer: str | None = None) -> Any:  # noqa: ANN401 - see `Any`
        """Open the container, and return its best audio track, None without one."""
        self._source.seek(0)
        self._source.ran_out = False
        try:
            with self._source.budget(self._max_opening_bytes, zeros_cost=_ZEROS_COST):
                self._container = av.open(
                    self._source,
                    mode="r",
                    format=demuxer,
                    container_options=options,
                    metadata_errors="replace",
                    buffer_size=2**16,
                )
            return self._container.streams.best("audio")
        except self._errors as exc:
            raise Undecodable(_reason(exc)) from exc

    def _check_track(self, track: Any) -> None:  # noqa: ANN401 - PyAV is imported on first use only
        if track is None and not self._container.streams.audio:
            tracks = ", ".join(sorted({stream.type for stream in self._container.streams})) or "nothing"
            raise AudioDecodeError(f"{self._name}: has no audio track, only {tracks}; give a file with sound in it")
        if track is None or track.codec_context is None:
            known = [one.codec_context for one in self._container.streams.audio if one.codec_context is not None]
            raise Undecodable(
                "too little of its audio track is in the file"
                if known
                else "this FFmpeg has no decoder for its audio track"
            )
        self._track = track

    def _read_header(self) -> None:
        track = self._track
        self._format: str = self._container.format.name.split(",")[0]
        self._origin_s = self._find_origin_s()
        self.tags: dict[str, str] = {**track.metadata, **self._container.metadata}
        self.sample_rate: int = track.codec_context.sample_rate or 0
        self.n_channels: int = track.codec_context.channels or 0
        stores_floats = track.codec_context.name.startswith(FLOAT_CODECS)
        sample_format = track.codec_context.format  # None in damaged files
        self.is_float = stores_floats and sample_format is not None and sample_format.name[:3] in ("flt", "dbl")
        check_header(self._name, self.sample_rate, self.n_channels)

    def _find_origin_s(self) -> float:
        """Return the time stamp of the start of the recording, in seconds."""
        start_s = (self._container.start_time or 0) / 1e6
        # A fragmented MP4 may be a piece of a longer stream. It has no table of samples, so the number is 0.
        is_piece = self._format == "mov" and not self._track.frames
        if self._format in FROM_ZERO and not is_piece and 0 <= start_s <= _MAX_LATE_START_S:
            return 0.0
        return start_s

    def _read_declared(self, declared: DeclaredLength) -> DeclaredLength:
        if self._format == "ogg" and declared.duration_s is not None and self._origin_s > 0:
            # Ogg declares the time of its end, on a clock that may have started earlier.
            return replace(declared, duration_s=max(declared.duration_s - self._origin_s, 0.0))
        if declared != DeclaredLength() or self._format in WITHOUT_LENGTH:
            return declared
        if self._format not in DECLARING:
            return DeclaredLength(is_unknowable=True)
        track, container = self._track, self._container
        duration_s: float | None = None
        if track.duration and track.time_base:
            duration_s = float(track.duration * track.time_base)
            if self._format == "mov" and track.start_time:
                # The length of the track, which an empty edit may delay. Other containers store the time of its end.
                duration_s += float(track.start_time * track.time_base) - self._origin_s
        elif tagged := track.metadata.get("DURATION"):
            duration_s = _clock_seconds(tagged)
        elif container.duration and len(container.streams) == 1:
            # With several tracks the audio may rightly end before the container does.
            duration_s = container.duration / 1e6
        return DeclaredLength(duration_s, tolerance_s=_TOLERANCE_S) if duration_s and duration_s > 0 else declared

    def blocks(self) -> Iterator[Waveform]:
        """Yield mono blocks, placed by their time stamps; silence replaces a packet that cannot be decoded."""
        frames = self._frames()
        clock = None
        if self._format in CLOCKED:
            clock = MediaClock(self._origin_s, self._source.n_bytes)
            frames = clock.place(frames)
        for block in self._at_one_rate(frames):
            if len(block):
                yield block
        if clock is not None:
            self.losses += clock.describe_losses()

    def _at_one_rate(self, frames: Iterator[TimedFrames]) -> Iterator[Waveform]:
        """Yield mono blocks at the sample rate of the first frames, for files that change their rate."""
        resampler = Resampler(self.sample_rate, self.sample_rate)
        mixer = MonoMixer(self.sample_rate)
        for samples, rate in _in_blocks(frames):
            if rate != resampler.from_rate:
                if not 1 / _MAX_RATE_CHANGE <= rate / self.sample_rate <= _MAX_RATE_CHANGE:
                    raise AudioDecodeError(
                        f"{self._name}: its sample rate changes from {self.sample_rate} to {rate} Hz, more than by a "
                        f"factor of {_MAX_RATE_CHANGE}, so it is damaged; get the file again from its source"
                    )
                yield resampler.finish()
                resampler = Resampler(rate, self.sample_rate)
            yield resampler.push(mixer.mix(samples))
        yield resampler.finish()
        self.losses += mixer.describe_losses()

    def _frames(self) -> Iterator[TimedFrames]:
        n_good = n_lost = n_lost_last = 0
        gap_s = silent_s = 0.0
        for packet in self._packets():
            try:
                frames = packet.decode()
            except self._errors:
                n_lost_last += 1
                packet_s = float((packet.duration or 0) * (packet.time_base or 0))
                gap_s = min(gap_s + min(max(packet_s, 0.0), _MAX_PACKET_S), _MAX_GAP_S)
                continue
            if not frames:
                continue
            n_good += 1
            self._n_bytes_at_sound = self._source.n_bytes_read
            yield from _silence(round(gap_s * self.sample_rate), self.n_channels, self.sample_rate)
            n_lost, n_lost_last = n_lost + n_lost_last, 0
            silent_s, gap_s = silent_s + gap_s, 0.0
            for frame in frames:
                if frame.samples and frame.sample_rate:
                    check_header(self._name, frame.sample_rate, frame.layout.nb_channels)
                    yield TimedFrames(frame_to_float32(frame), frame.sample_rate, frame.time)
        n_packets = n_good + n_lost + n_lost_last
        if n_packets > 10 * n_good:
            raise AudioDecodeError(
                f"{self._name}: {n_packets - n_good} of {n_packets} packets are damaged; "
                f"get the file again from its source"
            )
        if n_lost:
            self.losses.append(f"{n_lost} of {n_packets} packets are damaged; {silent_s:.2f} s of silence replace them")
        if n_lost_last and self.declared.duration_s is None and not self.declared.is_cut:
            self.losses.append("the end is damaged, so an unknown length is missing")

    def _packets(self) -> Iterator[Any]:
        n_errors = 0
        self._n_bytes_at_sound = self._source.n_bytes_read
        # Of all tracks, because those of the picture show that the file continues.
        packets = self._container.demux()
        while n_errors < _MAX_DEMUX_ERRORS:
            try:
                with self._source.budget(MAX_SEARCH_BYTES):
                    packet = next(packets, None)
            # IndexError: a damaged transport stream may start a track in the middle, which PyAV does not know.
            except (*self._errors, IndexError) as exc:
                n_errors += 1
                reason = _reason(exc)
                packet = None
                packets = self._container.demux()  # continues after the damage
            else:
                n_errors = 0
                if packet is None:
                    return
            if self._source.n_bytes_read - self._n_bytes_at_sound > MAX_SEARCH_BYTES:
                self._source.ran_out = True
                return
            if packet is None:
                continue
            if packet.stream.index == self._track.index:
                yield packet
            else:
                self._n_bytes_at_sound = self._source.n_bytes_read
        self.losses.append(f"reading stopped after {_MAX_DEMUX_ERRORS} errors in a row ({reason})")

    def close(self) -> None:
        """Close FFmpeg's container; the input stays open."""
        self._container.close()


def _silence(n_samples: int, n_channels: int, sample_rate: int) -> Iterator[TimedFrames]:
    step = block_frames(n_channels)
    for start in range(0, n_samples, step):
        silent = np.zeros((min(step, n_samples - start), n_channels), dtype=np.float32)
        yield TimedFrames(silent, sample_rate, None)


def _in_blocks(frames: Iterator[TimedFrames]) -> Iterator[tuple[Waveform, int]]:
    """Join frames of equal rate and channels to blocks `(samples, channels)`, with their sample rate."""
    pending: list[Waveform] = []
    n_pending, key = 0, (0, 0)
    for samples, rate, _ in frames:
        n_channels = samples.shape[1]
        if pending and (key != (rate, n_channels) or n_pending >= block_frames(n_channels)):
            yield np.concatenate(pending), key[0]
            pending, n_pending = [], 0
        key = (rate, n_channels)
        pending.append(samples)
        n_pending += len(samples)
    if pending:
        yield np.concatenate(pending), key[0]


def _clock_seconds(text: str) -> float | None:
    """Parse `00:00:10.008000000`, the tag with the length of a Matroska track, to seconds."""
    parts = text.strip("\x00 ").split(":")
    try:
        hours, minutes, seconds = (float(part) for part in parts)
    except ValueError:
        return None
    return hours * 3600 + minutes * 60 + seconds


def _reason(exc: BaseException) -> str:
    reason = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
    return str(reason).rstrip(".")
