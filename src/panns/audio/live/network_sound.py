"""Sound from a network address, such as a camera or a radio station, which reconnects when the connection is lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from types import TracebackType

from panns.audio.decoding.media_formats import FORMATS
from panns.audio.decoding.samples import Waveform
from panns.audio.live.certificates import certificate_problem, tls_options
from panns.audio.live.live_sound import FIRST_PAUSE_S, GIVE_UP_S, LAST_PAUSE_S, without_invalid
from panns.audio.live.media_stream import MediaStream, silence
from panns.audio.resampling.resample import Resampler
from panns.errors import AudioDecodeError, DeviceUnavailable

_LOG = logging.getLogger(__name__)

SCHEMES = ("http", "https", "rtsp", "rtsps")
# Longest wait for an answer, or for the next packet.
TIMEOUT_S = 10.0
_LOOK_S = 0.05
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
    warnings: tuple[str, ...] = ()

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
        self._address, self._give_up_s, self._timeout_s = address, give_up_s, timeout_s
        self._clock, self._sleep = clock, sleep
        self._is_stopped = False
        self._inserted_s = self._lost_packets_s = 0.0
        try:
            self._media = self._open()
        except AudioDecodeError as exc:
            raise DeviceUnavailable(str(exc)) from exc
        self.sample_rate = self._media.sample_rate
        self._began_s = clock()
        self._n_samples = 0

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
        return self._inserted_s + self._lost_packets_s + self._media.lost_s

    def stop(self) -> None:
        """End the iteration soon. Safe to call from a signal handler."""
        self._is_stopped = True

    def __iter__(self) -> Iterator[Waveform]:
        """Iterate over mono blocks `(samples,)` as they arrive, until `stop` or the declared end.

        Raises:
            DeviceUnavailable: The connection was lost for too long.
        """
        while True:
            reason = f"{self.name}: the stream ended"
            try:
                for block in self._at_first_rate():
                    if self._is_stopped:
                        return
                    yield self._counted(without_invalid(block))
            except AudioDecodeError as exc:
                reason = str(exc)
            else:
                if self._media.has_end:
                    return
            if self._is_stopped:
                return
            yield from self._reconnect(reason)

    def _at_first_rate(self) -> Iterator[Waveform]:
        """Blocks at `sample_rate`, which another connection may not have."""
        if self._media.sample_rate == self.sample_rate:
            yield from self._media
            return
        resampler = Resampler(self._media.sample_rate, self.sample_rate)
        for block in self._media:
            if len(resampled := resampler.push(block)):
                yield resampled
        if len(rest := resampler.finish()):
            yield rest

    def _reconnect(self, reason: str) -> Iterator[Waveform]:
        """Yield silence until the address answers again."""
        since_s, pause_s = self._clock(), FIRST_PAUSE_S
        _LOG.warning("%s; waiting up to %g s for it", reason, self._give_up_s)
        while True:
            yield from self._wait(pause_s)
            pause_s = min(2 * pause_s, LAST_PAUSE_S)
            if self._is_stopped:
                return
            try:
                media = self._open()
            except AudioDecodeError as exc:
                if self._clock() - since_s >= self._give_up_s:
                    raise DeviceUnavailable(f"{self.name} has been gone for {self._give_up_s:g} s ({exc})") from exc
                continue
            break
        self._lost_packets_s += self._media.lost_s
        self._media.close()
        self._media = media
        yield from self._silence_until_now()
        _LOG.warning("%s is back after %.1f s, replaced by silence", self.name, self._clock() - since_s)

    def _wait(self, duration_s: float) -> Iterator[Waveform]:
        end_s = self._clock() + duration_s
        while not self._is_stopped and (left_s := end_s - self._clock()) > 0:
            self._sleep(min(left_s, _LOOK_S))
            yield from self._silence_until_now()

    def _silence_until_now(self) -> Iterator[Waveform]:
        # Servers send the latest seconds at once, so the sound may be ahead of the clock; then nothing is missing yet.
        behind_s = self._clock() - self._began_s - self._n_samples / self.sample_rate
        self._inserted_s += max(0.0, behind_s)
        for block in silence(max(0.0, behind_s), self.sample_rate):
            yield self._counted(block)

    def _counted(self, block: Waveform) -> Waveform:
        self._n_samples += len(block)
        return block

    def close(self) -> None:
        """Close the connection."""
        self._is_stopped = True
        self._media.close()

    def __enter__(self) -> NetworkSound:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def without_password(address: str) -> str:
    """The address without its user and password, for messages.

    Examples:
        >>> without_password("rtsp://me:secret@camera/1")
        'rtsp://camera/1'
    """
    scheme, mark, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"
