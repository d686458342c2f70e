"""Live audio from a microphone (extra `mic`), which reconnects when an unplugged device comes back.

PortAudio's thread puts blocks into a bounded queue, and the iteration takes them out. Audio that is lost, because the
queue was full or the device unplugged, becomes silence of the same length, so times stay correct.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Any, NamedTuple
from weakref import WeakSet

from panns.audio.decoding.mono_mixer import MonoMixer
from panns.audio.decoding.samples import Waveform
from panns.audio.live.input_devices import InputDevice, error_text, find_microphone, import_sounddevice
from panns.audio.live.live_sound import BLOCK_S, without_invalid
from panns.audio.live.reconnection import GIVE_UP_S, LOOK_S, Reconnection
from panns.errors import DeviceUnavailable, Overloaded

_LOG = logging.getLogger(__name__)

# Longest queue, in seconds: more than the longest call of a model, and 2 MB.
QUEUE_S = 10.0
# A device that is silent for this long counts as unplugged: not every system reports it.
SILENT_S = 3.0
# Shortest interval between two warnings of overflows, and the delay at which the caller is too slow.
_WARN_AGAIN_S = 10.0
_TOO_LATE_S = 60.0

# PortAudio is shared by the whole process, and a restart ends every stream, so it happens only while no microphone is
# open, and none may open meanwhile. The lock is reentrant, because a stream that fails to open is closed under it.
_PORTAUDIO = threading.RLock()
_open_microphones: WeakSet[Microphone] = WeakSet()  # weak: one that was garbage-collected is not open


class Microphone:
    """An open microphone. Iterate it once, inside `with`.

    An unplugged device is first reopened directly. If that fails, PortAudio is restarted, because it only then finds
    newly plugged devices. A restart ends all PortAudio streams of the process, so it waits until no other `Microphone`
    is open. Streams that other code has opened would end too.

    Args:
        device: Number, name or part of the name; None for the default device of the system.
        give_up_s: Longest wait for an unplugged device, in seconds.
        clock: Returns a monotonic time in seconds.
        sleep: Waits for a number of seconds.

    Attributes:
        device: The device found.
        n_overflows: Number of times that audio was lost because the caller was too slow.
        warnings: Always empty; warnings are logged when they arise.

    Raises:
        MissingExtra: sounddevice is not installed.
        DeviceUnavailable: The microphone does not exist or cannot be opened, or PortAudio is not installed.
    """

    warnings: tuple[str, ...] = ()

    def __init__(
        self,
        device: str | int | None = None,
        *,
        give_up_s: float = GIVE_UP_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._package = import_sounddevice()
        self._wanted = device
        self.n_overflows = 0
        self._queue: queue.SimpleQueue[_Block] = queue.SimpleQueue()  # its put never waits, unlike that of Queue
        self._most_blocks = round(QUEUE_S / BLOCK_S)
        self._has_gap = False  # audio was lost before the next block
        self._n_attempts = 0  # to reopen the device since it is gone
        self._warned_s = -_WARN_AGAIN_S
        self._opened_s = clock()
        self._stream: Any = None
        with _PORTAUDIO:
            self.device = find_microphone(device)
            self._reconnection = Reconnection(
                _called(self.device), self.device.sample_rate, give_up_s=give_up_s, clock=clock, sleep=sleep
            )
            self._mixer = MonoMixer(self.device.sample_rate)
            self._open(self.device)

    @property
    def name(self) -> str:
        """Name of the device."""
        return self.device.name

    @property
    def sample_rate(self) -> int:
        """Sample rate of the blocks, in Hz: the native rate of the device."""
        return self.device.sample_rate

    @property
    def latency_s(self) -> float:
        """Delay from the device to the caller, in seconds."""
        return float(self._stream.latency) + BLOCK_S

    @property
    def lost_s(self) -> float:
        """Seconds of silence inserted for lost audio, for any reason."""
        return self._reconnection.lost_s

    def stop(self) -> None:
        """End the iteration soon. Takes no lock, so it is safe to call from a signal handler."""
        self._reconnection.is_stopped = True

    def __iter__(self) -> Iterator[Waveform]:
        """Iterate over mono blocks `(samples,)` as they arrive, until `stop` or `close`.

        Raises:
            DeviceUnavailable: The device was unplugged for too long.
            Overloaded: The caller is slower than real time and has fallen far behind.
        """
        lost = self._reconnection
        while not lost.is_stopped:
            try:
                block = self._queue.get(timeout=LOOK_S)
            except queue.Empty:
                if not self._is_alive():
                    yield from self._wait_for_device()
                continue
            if block.is_after_gap:
                yield from lost.silence_until(block.arrived_s - len(block.samples) / self.sample_rate)
                self._warn_of_gap(block)
            lost.heard_until_s = block.arrived_s
            yield self._without_invalid(block.samples)

    def _open(self, device: InputDevice) -> None:
        self._opened_s = self._clock()
        try:
            self._stream = self._package.InputStream(
                device=device.number,
                channels=device.n_channels,
                samplerate=device.sample_rate,
                blocksize=max(1, round(BLOCK_S * device.sample_rate)),
                dtype="float32",
                callback=self._on_block,
            )
            _open_microphones.add(self)
            self._stream.start()
        except (self._package.PortAudioError, ValueError) as exc:
            self._close_stream()
            raise DeviceUnavailable(
                f"{_called(device)} cannot be opened ({error_text(exc)}); check whether another program "
                "uses it and whether this one is allowed to, or choose another one"
            ) from exc

    def _on_block(self, samples: Waveform, n_frames: int, times: object, status: Any) -> None:  # noqa: ANN401, ARG002
        """PortAudio's callback, in a thread of its own that must never wait."""
        has_lost = bool(status) and status.input_overflow
        is_full = self._queue.qsize() >= self._most_blocks
        if (has_lost or is_full) and not self._has_gap:
            self.n_overflows += 1
        self._has_gap |= has_lost or is_full
        if not is_full:
            # A copy: PortAudio reuses its array.
            mono = self._mixer.mix(samples) if samples.shape[1] > 1 else samples[:, 0].copy()
            self._queue.put(_Block(mono, self._clock(), self._has_gap))
            self._has_gap = False

    def _is_alive(self) -> bool:
        since_s = max(self._opened_s, self._reconnection.heard_until_s)
        try:
            is_active = bool(self._stream.active)
        except self._package.PortAudioError:  # some systems report an unplugged device like this
            is_active = False
        return is_active and self._clock() - since_s < SILENT_S

    def _wait_for_device(self) -> Iterator[Waveform]:
        """Yield silence until the device is open again."""
        lost = self._reconnection
        if not lost.is_gone:
            self._n_attempts = 0
        lost.report_gone(f"{lost.name} is gone", lost.heard_until_s)
        self._close_stream()
        while not self._queue.empty():  # silence now covers the time of these blocks
            self._queue.get_nowait()
        yield from lost.reopen(self._reopen)

    def _reopen(self) -> None:
        with _PORTAUDIO:
            if self._reconnection.is_stopped:
                return
            # From the second attempt on, because a device may open and yet deliver nothing.
            if self._n_attempts and not _open_microphones:
                self._restart_portaudio()
            self._n_attempts += 1
            # By name: the numbers may have changed.
            found = find_microphone(None if self._wanted is None else self.name)
            self._has_gap = True
            # The rate stays, because the caller relies on `sample_rate`.
            device = replace(found, sample_rate=self.sample_rate)
            self._open(device)
            self.device = device
            self._reconnection.name = _called(device)

    def _restart_portaudio(self) -> None:
        """Let PortAudio find newly plugged devices; sounddevice has no public function for it."""
        for name in ("_terminate", "_initialize"):
            with suppress(self._package.PortAudioError):
                getattr(self._package, name, lambda: None)()

    def _close_stream(self) -> None:
        with _PORTAUDIO:
            if self._stream is not None:
                with suppress(self._package.PortAudioError):  # the device is gone
                    self._stream.close()
            _open_microphones.discard(self)

    def _warn_of_gap(self, block: _Block) -> None:
        if self._reconnection.is_gone:
            self._reconnection.report_back(block.arrived_s)
            return
        late_s = self._clock() - block.arrived_s
        if late_s > _TOO_LATE_S:
            raise Overloaded(
                f"processing is slower than real time and {late_s:.0f} s behind; use a smaller model, longer windows "
                "or longer hops"
            )
        self._warn_again("processing is too slow; silence replaces lost audio, %.2f s so far", self.lost_s)

    def _without_invalid(self, samples: Waveform) -> Waveform:
        """Replace invalid samples by zeros: a broken driver must not end hours of listening."""
        valid = without_invalid(samples)
        if valid is not samples:
            self._warn_again("%s delivers invalid samples; zeros replace them", _called(self.device))
        return valid

    def _warn_again(self, text: str, *values: object) -> None:
        """Log a warning, unless one was logged a moment ago."""
        now_s = self._clock()
        if now_s - self._warned_s >= _WARN_AGAIN_S:
            self._warned_s = now_s
            _LOG.warning(text, *values)

    def close(self) -> None:
        """Close the device for good; a running iteration ends."""
        self.stop()
        self._close_stream()
        for message in self._mixer.describe_losses():
            _LOG.warning("%s: %s", _called(self.device), message)

    def __enter__(self) -> Microphone:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Block(NamedTuple):
    """One block of samples `(n,)`, the time when it arrived, and whether audio before it was lost."""

    samples: Waveform
    arrived_s: float
    is_after_gap: bool


def _called(device: InputDevice) -> str:
    return f"the microphone {device.name!r}"
