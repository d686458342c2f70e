"""Reader of MP4, AAC, WebM, video files and many more formats, with FFmpeg through PyAV.

Restricted to formats that contain their audio: FFmpeg's playlists, scripts, devices and protocols are disabled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from panns.audio.decoding.declared_length import DeclaredLength
from panns.audio.decoding.reader import BLOCK_SAMPLES, Undecodable
from panns.audio.decoding.samples import Waveform, mix_to_mono, to_float32
from panns.audio.decoding.source import SeekableInput
from panns.audio.limits import check_header
from panns.audio.resampling.resample import Resampler
from panns.errors import AudioDecodeError, MissingExtra

# A playlist or a session description would make FFmpeg open the files and addresses in it, so the allowed demuxers are
# listed: containers, and bare streams that FFmpeg detects by their content.
_FORMATS = (
    "3gp,aac,ac3,aiff,amr,ape,asf,ast,au,avi,bonk,caf,codec2,dsf,dts,dtshd,dv,eac3,flac,flv,gxf,iff,ircam,loas,"
    "matroska,mlp,mmf,mov,mp3,mp4,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,nut,nuv,ogg,oma,osq,paf,pvf,qcp,qoa,rka,rm,shn,"
    "smjpeg,sox,svx,swf,tak,truehd,tta,voc,w64,wav,webm,wtv,wv,xwma"
)
# FFmpeg has no protocol of this name, so it never opens a nested file or connection.
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": "none"}
# Formats that store their length; for others FFmpeg guesses it from size and bit rate.
_DECLARING = {"mov", "matroska", "asf", "avi", "caf", "ape", "wv", "tta", "tak", "mpc8", "dsf"}
# The lowest and highest rates of AAC differ by a factor of 13. A larger change would only inflate a block.
_MAX_RATE_CHANGE = 16
# Encoders leave out their delay and padding: up to 0.12 s for HE-AAC at 44.1 kHz, twice that at 22.05 kHz.
_TOLERANCE_S = 0.25
# Limit on the bytes read to find the tracks: the index of a day of AAC has 100 MB. Without a limit, 6 GB of zeros
# after a WAV header, 800 million empty chunks, take minutes.
_MAX_OPENING_BYTES = 256 * 2**20
# FFmpeg's names of sample formats, except for 64-bit integers, which audio decoders do not use.
_DTYPES = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32, "dbl": np.float64}
# A demuxer may report several damaged packets in a row before it finds the next good one.
_MAX_DEMUX_ERRORS = 64
# Silence replaces lost packets, so that the audio after them keeps its time. Their lengths may come from damaged data,
# so they are capped: the longest real packets, of True Audio, last 1.04 s, and gaps end after a minute.
_MAX_PACKET_S = 1.1
_MAX_GAP_S = 60.0


class MediaReader:
    """Reader of the best audio track, with FFmpeg."""

    def __init__(self, source: SeekableInput, declared: DeclaredLength, *, what: str) -> None:
        try:
            import av
        except ImportError as exc:
            raise MissingExtra(what, package="av", extra="media") from exc

        self._errors = (av.error.FFmpegError, OSError)
        self._name = source.source_name
        self.losses: list[str] = []
        source.seek(0)
        try:
            with source.budget(_MAX_OPENING_BYTES):
                self._container = av.open(
                    source, mode="r", container_options=_OPTIONS, metadata_errors="replace", buffer_size=2**16
                )
        except self._errors as exc:
            raise Undecodable(_reason(exc)) from exc
        try:
            self._open_track()
            self.declared = self._read_declared(declared)
        except BaseException:
            self._container.close()
            raise

    def _open_track(self) -> None:
        try:
            track: Any = self._container.streams.best("audio")
        except self._errors as exc:
            raise Undecodable(_reason(exc)) from exc
        if track is None or track.codec_context is None:
            if track is None and not self._container.streams.audio:
                tracks = ", ".join(sorted({stream.type for stream in self._container.streams})) or "nothing"
                raise AudioDecodeError(f"{self._name}: has no audio track, only {tracks}; give a file with sound in it")
            raise Undecodable("this FFmpeg has no decoder for its audio track")
        self._track = track
        self.sample_rate: int = track.codec_context.sample_rate or 0
        self.n_channels: int = track.codec_context.channels or 0
        check_header(self._name, self.sample_rate, self.n_channels)

    def _read_declared(self, declared: DeclaredLength) -> DeclaredLength:
        if declared != DeclaredLength() or self._container.format.name.split(",")[0] not in _DECLARING:
            return declared
        track, container = self._track, self._container
        duration_s: float | None = None
        if track.duration and track.time_base:
            duration_s = float(track.duration * track.time_base)
        elif tagged := track.metadata.get("DURATION"):
            duration_s = _clock_seconds(tagged)
        elif container.duration and len(container.streams) == 1:
            # With several tracks the audio may rightly end before the container does.
            duration_s = container.duration / 1e6
        return DeclaredLength(duration_s, tolerance_s=_TOLERANCE_S) if duration_s and duration_s > 0 else declared

    def blocks(self) -> Iterator[Waveform]:
        """Yield mono blocks; silence of the same length replaces a packet that cannot be decoded."""
        pending: list[Waveform] = []
        n_pending = 0
        for piece in self._at_one_rate():
            pending.append(piece)
            n_pending += len(piece)
            if n_pending >= BLOCK_SAMPLES:
                yield np.concatenate(pending)
                pending, n_pending = [], 0
        if pending:
            yield np.concatenate(pending)

    def _at_one_rate(self) -> Iterator[Waveform]:
        """Yield the pieces at the sample rate of the first one, for files that change their rate."""
        resampler = Resampler(self.sample_rate, self.sample_rate)
        for piece, rate in self._pieces():
            if rate != resampler.from_rate:
                if not 1 / _MAX_RATE_CHANGE <= rate / self.sample_rate <= _MAX_RATE_CHANGE:
                    raise AudioDecodeError(
                        f"{self._name}: its sample rate changes from {self.sample_rate} to {rate} Hz, more than by a "
                        f"factor of {_MAX_RATE_CHANGE}, so it is damaged; get the file again from its source"
                    )
                yield resampler.finish()
                resampler = Resampler(rate, self.sample_rate)
            yield resampler.push(piece)
        yield resampler.finish()

    def _pieces(self) -> Iterator[tuple[Waveform, int]]:
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
            for n_silent in _in_blocks(round(gap_s * self.sample_rate)):
                yield np.zeros(n_silent, dtype=np.float32), self.sample_rate
            n_lost, n_lost_last = n_lost + n_lost_last, 0
            silent_s, gap_s = silent_s + gap_s, 0.0
            for frame in frames:
                if frame.samples and frame.sample_rate:
                    check_header(self._name, frame.sample_rate, frame.layout.nb_channels)
                    yield _frame_to_mono(frame), frame.sample_rate
        n_packets = n_good + n_lost + n_lost_last
        if n_packets > 10 * n_good:
            raise AudioDecodeError(
                f"{self._name}: {n_packets - n_good} of {n_packets} packets are damaged; "
                f"get the file again from its source"
            )
        if n_lost:
            self.losses.append(f"{n_lost} of {n_packets} packets are damaged; {silent_s:.2f} s of silence replace them")
        if n_lost_last and self.declared == DeclaredLength():
            self.losses.append("the end is damaged, so an unknown length is missing")

    def _packets(self) -> Iterator[Any]:
        n_errors = 0
        while n_errors < _MAX_DEMUX_ERRORS:
            try:
                for packet in self._container.demux(self._track):
                    n_errors = 0
                    yield packet
            # IndexError: a damaged transport stream may start a track in the middle, which PyAV does not know.
            except (*self._errors, IndexError) as exc:
                n_errors += 1
                reason = _reason(exc)  # the next call continues after the damage
            else:
                return
        self.losses.append(f"reading stopped after {_MAX_DEMUX_ERRORS} errors in a row ({reason})")

    def close(self) -> None:
        """Close FFmpeg's container; the input stays open."""
        self._container.close()


def _in_blocks(n_samples: int) -> Iterator[int]:
    """Split a number of samples into block sizes."""
    for start in range(0, n_samples, BLOCK_SAMPLES):
        yield min(BLOCK_SAMPLES, n_samples - start)


def _frame_to_mono(frame: Any) -> Waveform:  # noqa: ANN401 - PyAV is imported on first use only
    from av.audio.plane import AudioPlane

    # Not `frame.to_ndarray()`: PyAV counts planes up to a null pointer, which frames of 8 or more channels do not have,
    # and crashes.
    is_planar, n_channels = frame.format.is_planar, frame.layout.nb_channels
    planes: list[Any] = [AudioPlane(frame, index) for index in range(n_channels if is_planar else 1)]
    dtype = _DTYPES[frame.format.name.removesuffix("p")]
    n_values = frame.samples if is_planar else frame.samples * n_channels
    stored = np.stack([np.frombuffer(plane, dtype, count=n_values) for plane in planes])
    # Planar is (channels, samples); packed is (1, samples * channels).
    return mix_to_mono(to_float32(stored.T if is_planar else stored.reshape(-1, n_channels)))


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
