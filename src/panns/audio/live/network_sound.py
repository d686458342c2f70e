"""Sound from a network address, such as a camera or a radio station, which reconnects when the connection is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import TracebackType

from panns.audio.decoding.media_formats import FORMATS
from panns.audio.decoding.samples import Waveform
from panns.audio.live.certificates import certificate_problem, tls_options
from panns.audio.live.live_mix import LiveMix
from panns.audio.live.media_stream import MediaStream
from panns.audio.live.reconnection import GIVE_UP_S, Reconnection
from panns.audio.resampling.resample import Resampler
from panns.errors import AudioDecodeError, DeviceUnavailable
from panns.system.safe_text import without_password

SCHEMES = ("http", "https", "rtsp", "rtsps")
# Longest wait for an answer, or for the next packet.
TIMEOUT_S = 10.0
# The address comes from the user. What it sends (an HLS playlist, a redirection, a session description) may name other
# addresses, but never a file of this machine.
_OPTIONS = {
    "format_whitelist": f"{FORMATS},hls,rtsp,sdp,rtp",
    "protocol_whitelist": "http,https,httpproxy,tcp,tls,crypto,rtsp,rtp,udp",
    "rtsp_transport": "tcp",
    "reconnect": "1",  # a download of known length continues where it broke off
}


class NetworkSound:
    """An open network address. Iterate it once, inside `with`.

    Sound that is lost becomes silence of the same length, so times stay correct. A source that declares its length
    ends there; any other is opened again when it ends.

    Args:
        address: An address that begins with http, https (HLS included), rtsp or rtsps.
        give_up_s: Longest wait for a lost connection, in seconds.
        timeout_s: Longest wait for an answer or a packet, in seconds.
        clock: Returns a monotonic time in seconds.
        sleep: Waits for a number of seconds.

    Attributes:
        name: The address, without its user and password.
        sample_rate: Sample rate, in Hz.
        latency_s: Delay of the source; 0, because it is unknown.

    Raises:
        DeviceUnavailable: Nothing answers at this address, or it sends no sound.
        ValueError: It is not such an address.
        MissingExtra: PyAV is not installed.
    """

    latency_s = 0.0

    def __init__(
        self,
        address: str,
        *,
        give_up_s: float = GIVE_UP_S,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = without_password(address)
        if address.partition("://")[0].lower() not in SCHEMES:
            raise ValueError(f"{self.name} is not an address of {', '.join(SCHEMES)}; give one of these")
        self._address, self._timeout_s, self._clock = address, timeout_s, clock
        self._lost_packets_s = 0.0
        try:
            self._media = self._open()
        except AudioDecodeError as exc:
            raise DeviceUnavailable(str(exc)) from exc
        self.sample_rate = self._media.sample_rate
        self._mix = LiveMix(self.sample_rate)
        self._reconnection = Reconnection(self.name, self.sample_rate, give_up_s=give_up_s, clock=clock, sleep=sleep)

    def _open(self) -> MediaStream:
        try:
            return MediaStream(self._address, self.name, _OPTIONS | tls_options(), timeout_s=self._timeout_s)
        except AudioDecodeError as exc:
            problem = certificate_problem(self._address, timeout_s=self._timeout_s)
            if problem is None:
                raise
            raise AudioDecodeError(
                f"{self.name}: the certificate of the server is not trusted ({problem}); check the address, or name a "
                "file with the certificate in the environment variable SSL_CERT_FILE"
            ) from exc

    @property
    def lost_s(self) -> float:
        """Seconds of silence in place of lost sound."""
        return self._reconnection.lost_s + self._lost_packets_s + self._media.lost_s

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about unusual audio so far. Lost connections are logged when it happens."""
        return tuple(self._mix.warnings())

    def stop(self) -> None:
        """End the iteration soon. Safe to call from a signal handler."""
        self._reconnection.is_stopped = True

    def __iter__(self) -> Iterator[Waveform]:
        """Iterate over mono blocks `(samples,)` as they arrive, until `stop` or the declared end.

        Raises:
            DeviceUnavailable: The connection was lost for too long.
        """
        while True:
            reason = f"{self.name}: the stream ended"
            try:
                for block in self._at_first_rate():
                    if self._reconnection.is_stopped:
                        return
                    self._reconnection.heard_until_s += len(block) / self.sample_rate
                    yield block
            except AudioDecodeError as exc:
                reason = str(exc)
            else:
                if self._media.has_end:
                    return
            if self._reconnection.is_stopped:
                return
            yield from map(self._mix.pass_silence, self._reconnect(reason))

    def _at_first_rate(self) -> Iterator[Waveform]:
        """Blocks at `sample_rate`, which another connection may not have."""
        if self._media.sample_rate == self.sample_rate:
            yield from self._media.blocks(self._mix)
            return
        resampler = Resampler(self._media.sample_rate, self.sample_rate)
        for block in self._media.blocks(self._mix):
            if len(resampled := resampler.push(block)):
                yield resampled
        if len(rest := resampler.finish()):
            yield rest

    def _reconnect(self, reason: str) -> Iterator[Waveform]:
        """Yield silence until the address answers again."""
        lost = self._reconnection
        lost.report_gone(reason, self._clock())
        yield from lost.reopen(self._replace)
        if lost.is_stopped:
            return
        # Servers send the latest seconds at once, so the sound may be ahead of the clock; then nothing is missing yet.
        yield from lost.silence_until(self._clock())
        lost.report_back(self._clock())

    def _replace(self) -> None:
        media = self._open()
        self._lost_packets_s += self._media.lost_s
        self._media.close()
        self._media = media

    def close(self) -> None:
        """Close the connection."""
        self.stop()
        self._media.close()

    def __enter__(self) -> NetworkSound:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
