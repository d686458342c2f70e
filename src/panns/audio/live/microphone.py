"""Sound from a microphone as it comes (extra `mic`), also over the time in which the device is gone.

PortAudio's thread puts blocks into a queue that cannot grow without bound; whoever iterates takes them out. What is
lost, because the queue was full or the device away, becomes silence of the same length, so times stay true.
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

import numpy as np

from panns.audio.decoding.samples import Waveform, mix_to_mono
from panns.audio.limits import MAX_PEAK
from panns.audio.live.input_devices import InputDevice, error_text, find_microphone, import_sounddevice
from panns.audio.live.protocol import BLOCK_S
from panns.errors import DeviceUnavailable, Overloaded

_LOG = logging.getLogger(__name__)

# What waits to be heard at most: more than the longest call of a model takes, and 2 MB.
QUEUE_S = 10.0
# A device from which nothing came for so long is gone: not every system says so.
SILENT_S = 3.0
# How long a device that is gone is waited for, and between two attempts to open it.
GIVE_UP_S = 60.0
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.5, 8.0
# Of overflows and the like it is told so often at most; and that hearing cannot keep up, when it is so far behind.
_TELL_AGAIN_S = 10.0
_TOO_LATE_S = 60.0
# How long a wait lasts before it is looked whether to stop.
_LOOK_S = 0.05
_MOST_SILENCE_S = 1.0

# PortAudio is one for the whole process, and beginning it anew ends every stream: it is done only while none of ours is
# open, and none may open meanwhile. The lock may be taken again, since a stream that cannot be opened is closed.
_PORTAUDIO = threading.RLock()
_hearing: WeakSet[Microphone] = WeakSet()  # those whose stream is open; one that was forgotten counts no more


class Microphone:
    """A microphone that is open; iterate it once, inside `with`.

    A device that is gone is opened again first as it was. If that fails, PortAudio begins anew, without which it sees
    nothing that was plugged in; this ends all its streams in the process, and so waits until no other `Microphone`
    hears. Streams that are opened past this class are not known here, and would end.

    Args:
        device: Number, name or a part of the name; None for the system's choice.
        give_up_s: How long a device that is gone is waited for.
        clock: Seconds that pass.
        sleep: Lets seconds pass.

    Attributes:
        device: That was found: its name, its own rate, and how many channels are mixed.
        n_overflows: How often sound was lost because it was not heard in time.
        lost_s: For how many seconds silence stands, for whatever reason.

    Raises:
        MissingExtra: sounddevice is not installed.
        DeviceUnavailable: There is no such microphone, it cannot be opened, or PortAudio is not installed.
    """

    def __init__(
        self,
        device: str | int | None = None,
        *,
        give_up_s: float = GIVE_UP_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._give_up_s, self._clock, self._sleep = give_up_s, clock, sleep
        self._package = import_sounddevice()
        self._wanted = device
        self.n_overflows = 0
        self.lost_s = 0.0
        self._queue: queue.SimpleQueue[_Block] = queue.SimpleQueue()  # whose put never waits, unlike that of Queue
        self._most_blocks = round(QUEUE_S / BLOCK_S)
        self._is_stopped = False
        self._has_gap = False  # whether something was lost before the next block
        self._gone_since_s: float | None = None
        self._n_attempts = 0  # at opening it again, since it is gone
        self._told_s = -_TELL_AGAIN_S
        self._heard_until_s = self._opened_s = clock()
        self._stream: Any = None
        with _PORTAUDIO:
            self.device = find_microphone(device)
            self._open(self.device)

    @property
    def name(self) -> str:
        """Of the device."""
        return self.device.name

    @property
    def sample_rate(self) -> int:
        """Of the blocks: that which the device has of its own."""
        return self.device.sample_rate

    @property
    def latency_s(self) -> float:
        """How long sound takes from the device to whoever iterates."""
        return float(self._stream.latency) + BLOCK_S

    def stop(self) -> None:
        """End the iteration soon; may be called from a signal handler, so it takes no lock."""
        self._is_stopped = True

    def __iter__(self) -> Iterator[Waveform]:
        """Mono blocks as they come, until `stop` or `close`.

        Raises:
            DeviceUnavailable: The device was gone for too long.
            Overloaded: Whoever iterates takes longer than the sound does, and has fallen far behind.
        """
        while not self._is_stopped:
            try:
                block = self._queue.get(timeout=_LOOK_S)
            except queue.Empty:
                if not self._is_alive():
                    yield from self._wait_for_it()
                continue
            if block.is_after_gap:
                yield from self._silence_until(block.arrived_s - len(block.samples) / self.sample_rate)
                self._tell_of_gap(block)
            self._heard_until_s = block.arrived_s
            self._gone_since_s = None
            yield self._cleaned(block.samples)

    def _open(self, device: InputDevice) -> None:
        self._opened_s = self._clock()
        try:
            self._stream = self._package.InputStream(
                device=device.number,
                channels=device.n_channels,
                samplerate=device.sample_rate,
                blocksize=max(1, round(BLOCK_S * device.sample_rate)),
                dtype="float32",
                callback=self._take_in,
            )
            _hearing.add(self)
            self._stream.start()
        except (self._package.PortAudioError, ValueError) as exc:
            self._close_stream()
            raise DeviceUnavailable(
                f"the microphone {device.name!r} cannot be opened ({error_text(exc)}); check whether another program "
                "uses it and whether this one is allowed to, or choose another one"
            ) from exc

    def _take_in(self, samples: Waveform, n_frames: int, times: object, status: Any) -> None:  # noqa: ANN401, ARG002
        """What PortAudio calls, in a thread of its own that must never wait."""
        has_lost = bool(status) and status.input_overflow
        is_full = self._queue.qsize() >= self._most_blocks
        if (has_lost or is_full) and not self._has_gap:
            self.n_overflows += 1
        self._has_gap |= has_lost or is_full
        if not is_full:
            # A copy: the array is PortAudio's, and is written again.
            mono = mix_to_mono(samples) if samples.shape[1] > 1 else samples[:, 0].copy()
            self._queue.put(_Block(mono, self._clock(), self._has_gap))
            self._has_gap = False

    def _is_alive(self) -> bool:
        since_s = max(self._opened_s, self._heard_until_s)
        try:
            is_active = bool(self._stream.active)
        except self._package.PortAudioError:  # so some systems say that the device was pulled out
            is_active = False
        return is_active and self._clock() - since_s < SILENT_S

    def _wait_for_it(self) -> Iterator[Waveform]:
        """Silence, until the device is open again."""
        if self._gone_since_s is None:
            self._gone_since_s, self._n_attempts = self._heard_until_s, 0
            _LOG.warning("the microphone %r is gone; waiting %g s for it", self.name, self._give_up_s)
        elif self._clock() - self._gone_since_s >= self._give_up_s:
            raise self._gone_for_good("it can be opened, and nothing comes from it")
        self._close_stream()
        while not self._queue.empty():  # what came at the last moment lies in the time that is filled now
            self._queue.get_nowait()
        pause_s = _FIRST_PAUSE_S
        while True:
            yield from self._silence_for(pause_s)
            pause_s = min(2 * pause_s, _LAST_PAUSE_S)
            failure: DeviceUnavailable | None = None
            try:
                self._open_again()
            except DeviceUnavailable as exc:
                failure = exc
            if self._is_stopped or failure is None:
                return
            if self._clock() - self._gone_since_s >= self._give_up_s:
                raise self._gone_for_good(str(failure)) from failure

    def _gone_for_good(self, reason: str) -> DeviceUnavailable:
        return DeviceUnavailable(f"the microphone {self.name!r} has been gone for {self._give_up_s:g} s ({reason})")

    def _open_again(self) -> None:
        with _PORTAUDIO:
            if self._is_stopped:
                return
            # Not at the first attempt; and at every later one, as a device may open and yet give nothing.
            if self._n_attempts and not _hearing:
                self._begin_anew()
            self._n_attempts += 1
            # By its name: numbers may have changed.
            found = find_microphone(None if self._wanted is None else self.name)
            self._has_gap = True
            # The rate stays, since whoever iterates was told it.
            device = replace(found, sample_rate=self.sample_rate)
            self._open(device)
            self.device = device

    def _begin_anew(self) -> None:
        """Let PortAudio see what was plugged in; sounddevice has no public name for that."""
        for name in ("_terminate", "_initialize"):
            with suppress(self._package.PortAudioError):
                getattr(self._package, name, lambda: None)()

    def _close_stream(self) -> None:
        with _PORTAUDIO:
            if self._stream is not None:
                with suppress(self._package.PortAudioError):  # of a device that is gone
                    self._stream.close()
            _hearing.discard(self)

    def _silence_for(self, duration_s: float) -> Iterator[Waveform]:
        end_s = self._clock() + duration_s
        while not self._is_stopped and (left_s := end_s - self._clock()) > 0:
            self._sleep(min(left_s, _LOOK_S))
            yield from self._silence_until(self._clock())

    def _silence_until(self, time_s: float) -> Iterator[Waveform]:
        n_left = max(0, round((time_s - self._heard_until_s) * self.sample_rate))
        self._heard_until_s += n_left / self.sample_rate
        self.lost_s += n_left / self.sample_rate
        most = round(_MOST_SILENCE_S * self.sample_rate)
        for start in range(0, n_left, most):
            yield np.zeros(min(most, n_left - start), np.float32)

    def _tell_of_gap(self, block: _Block) -> None:
        if self._gone_since_s is not None:
            away_s = block.arrived_s - self._gone_since_s
            _LOG.warning("the microphone %r is back after %.1f s, for which silence stands", self.name, away_s)
            return
        late_s = self._clock() - block.arrived_s
        if late_s > _TOO_LATE_S:
            raise Overloaded(
                f"hearing takes longer than the sound itself and is {late_s:.0f} s behind; use a smaller model, or "
                "longer windows or hops"
            )
        self._tell_again(
            "sound came faster than it was heard; silence stands for what was lost, %.2f s so far", self.lost_s
        )

    def _cleaned(self, samples: Waveform) -> Waveform:
        """The samples, with zeros for those that are no sound: a broken driver must not end hours of listening."""
        is_sound = np.abs(samples) <= MAX_PEAK
        if is_sound.all():
            return samples
        self._tell_again("the microphone %r gives values that are no sound; zeros stand for them", self.name)
        return np.where(is_sound, samples, np.float32(0))

    def _tell_again(self, text: str, *values: object) -> None:
        """Tell it, unless that or the like was done a moment ago."""
        now_s = self._clock()
        if now_s - self._told_s >= _TELL_AGAIN_S:
            self._told_s = now_s
            _LOG.warning(text, *values)

    def close(self) -> None:
        """Give back the device, for good: who still iterates comes to the end."""
        self._is_stopped = True
        self._close_stream()

    def __enter__(self) -> Microphone:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Block(NamedTuple):
    """What came at once: `samples (n,)`, when their last one did, and whether something before them is missing."""

    samples: Waveform
    arrived_s: float
    is_after_gap: bool
