"""Sound that arrives in any other format, from a pipe or the network, decoded by FFmpeg as it comes (extra `media`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from panns.audio.decoding.media_formats import OPTIONS
from panns.audio.decoding.media_frames import frame_to_float32
from panns.audio.decoding.samples import Waveform
from panns.audio.limits import check_header
from panns.audio.live.live_mix import LiveMix
from panns.audio.live.live_sound import silence
from panns.audio.resampling.resample import Resampler
from panns.errors import AudioDecodeError, MissingExtra

# A source without time to seek is not searched for long: an encoder sends the parameters of its sound within a second.
_PROBE = {"analyzeduration": str(2 * 10**6)}
# Time stamps that are further ahead of the samples than this mean lost packets; less is jitter.
_GAP_S = 0.5
_MAX_GAP_S = 60.0
_MAX_ERRORS = 64


class ReadableObject(Protocol):
    """A source of bytes."""

    def read(self, n_bytes: int, /) -> bytes:
        """Read at least one byte and at most `n_bytes`; none at the end."""


class MediaStream:
    """An open stream of FFmpeg. Iterate over its blocks once.

    Args:
        source: An object with a method `read`, or an address.
        name: Name in messages.
        options: Options of FFmpeg's demuxer; by default those that open nothing but `source`.
        timeout_s: Longest wait for an address to open, and for its next packet.

    Attributes:
        sample_rate: Sample rate of the sound, in Hz.
        has_end: True if the source declares a duration.
        lost_s: Seconds of silence in place of lost packets.

    Raises:
        MissingExtra: PyAV is not installed.
        AudioDecodeError: It cannot be opened or decoded, or has no sound.
    """

    def __init__(
        self,
        source: str | ReadableObject,
        name: str,
        options: dict[str, str] = OPTIONS,
        *,
        timeout_s: float | None = None,
    ) -> None:
        try:
            import av
        except ImportError as exc:
            raise MissingExtra("live sound other than WAV", package="av", extra="media") from exc

        self._errors = (av.error.FFmpegError, OSError)
        self._name = name
        self.lost_s = 0.0
        try:
            self._container: Any = av.open(
                source, mode="r", container_options=options | _PROBE, metadata_errors="replace", timeout=timeout_s
            )
        except self._errors as exc:
            raise AudioDecodeError(f"{name}: cannot be opened ({describe_error(exc)}); check what it sends") from exc
        try:
            track: Any = self._container.streams.best("audio")
            if track is None or track.codec_context is None or not track.codec_context.sample_rate:
                raise AudioDecodeError(f"{name}: sends no sound that FFmpeg can decode; send a stream with audio")
            check_header(name, track.codec_context.sample_rate, track.codec_context.channels)
        except BaseException:
            self.close()
            raise
        self._track = track
        self.sample_rate: int = track.codec_context.sample_rate
        self.has_end = self._container.duration is not None

    def blocks(self, mix: LiveMix) -> Iterator[Waveform]:
        """Iterate over mono blocks `(samples,)` as they arrive.

        Args:
            mix: Mixes the channels. It belongs to the owner, who reports its warnings and may open several streams.

        Raises:
            AudioDecodeError: The source fails. It may work again when it is opened anew.
        """
        resampler = Resampler(self.sample_rate, self.sample_rate)
        clock_s: float | None = None  # time stamp of the next sample
        for frame in self._frames():
            if frame.sample_rate != resampler.from_rate:
                yield from _non_empty(resampler.finish())
                resampler = Resampler(frame.sample_rate, self.sample_rate)
            if frame.time is not None:
                gap_s = 0.0 if clock_s is None else frame.time - clock_s
                if _GAP_S < gap_s <= _MAX_GAP_S:
                    self.lost_s += gap_s
                    yield from map(mix.pass_silence, silence(round(gap_s * self.sample_rate), self.sample_rate))
                if clock_s is None or abs(gap_s) > _GAP_S:
                    clock_s = frame.time
            if clock_s is not None:
                clock_s += frame.samples / frame.sample_rate
            yield from _non_empty(resampler.push(mix.mix(frame_to_float32(frame))))
        yield from _non_empty(resampler.finish())

    def _frames(self) -> Iterator[Any]:
        n_errors = 0
        while True:
            try:
                for packet in self._container.demux(self._track):
                    try:
                        frames = packet.decode()
                    except self._errors:
                        continue  # the gap in the time stamps tells how much is lost
                    n_errors = 0
                    yield from (frame for frame in frames if frame.samples and frame.sample_rate)
            except self._errors as exc:
                n_errors += 1
                if n_errors > _MAX_ERRORS or not _is_damage(exc):
                    raise AudioDecodeError(f"{self._name}: the stream broke off ({describe_error(exc)})") from exc
            else:
                return

    def close(self) -> None:
        """Close the stream; a file object stays open."""
        self._container.close()


def describe_error(error: BaseException) -> str:
    """Reason of an error of FFmpeg, such as "Connection refused"."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _is_damage(error: BaseException) -> bool:
    """True for damaged data, after which the next packet may be good; False for a lost connection."""
    return type(error).__name__ == "InvalidDataError"


def _non_empty(samples: Waveform) -> Iterator[Waveform]:
    if len(samples):
        yield samples
