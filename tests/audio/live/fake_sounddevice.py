"""A stand-in for the package sounddevice, whose devices do what a test says, on a clock that the test moves."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import numpy as np

RATE = 8_000
BLOCK = RATE // 100


class Clock:
    """Time that passes only when somebody sleeps or says so."""

    def __init__(self):
        self.now_s = 100.0

    def __call__(self):
        return self.now_s

    def sleep(self, duration_s):
        self.now_s += duration_s


def device(name, n_in=1, sample_rate=RATE):
    return {
        "name": name,
        "max_input_channels": n_in,
        "max_output_channels": 0,
        "default_samplerate": float(sample_rate),
    }


class FakeSounddevice(ModuleType):
    """The part of the package that is used.

    Each `InputStream` takes the next of `sessions`: an error, which opening it raises, or how many blocks come at once.
    A stream stays alive if its session is the last one; whether others are alive, cannot be asked if `dead` is set.
    Blocks hold their number, from 1 on, divided by 1000.
    """

    class PortAudioError(Exception):
        pass

    def __init__(self, clock, sessions=(), devices=(), default=0):
        super().__init__("sounddevice")
        self.clock, self.sessions, self.devices, self.default = clock, list(sessions), list(devices), default
        self.streams, self.n_blocks, self.n_scans, self.dead = [], 0, 0, None
        self.InputStream = lambda **settings: Stream(self, settings)

    def query_devices(self, device=None, kind=None):
        assert device is None
        infos = [{**info, "index": number} for number, info in enumerate(self.devices)]
        if kind is None:
            return tuple(infos)
        if self.default is None or self.default >= len(infos):
            raise self.PortAudioError("Error querying device -1")
        return infos[self.default]

    def _terminate(self):
        assert all(stream.is_closed for stream in self.streams)

    def _initialize(self):
        self.n_scans += 1


class Stream:
    def __init__(self, package, settings):
        self.package, self.settings, self.is_closed, self.is_alive, self.latency = package, settings, False, False, 0.02
        package.streams.append(self)

    @property
    def active(self):
        if not self.is_alive and self.package.dead:
            raise self.package.dead
        return self.is_alive

    def start(self):
        session = self.package.sessions.pop(0) if self.package.sessions else 0
        if isinstance(session, Exception):
            raise session
        self.is_alive = True
        self.feed(session)
        self.is_alive = not self.package.sessions

    def feed(self, n_blocks, *, has_overflow=False, first=None):
        """Let blocks come, each at its time."""
        for _ in range(n_blocks):
            self.package.clock.now_s += BLOCK / RATE
            self.package.n_blocks += 1
            samples = np.full((BLOCK, self.settings["channels"]), self.package.n_blocks / 1000, np.float32)
            samples[:, 1::2] += 0.0005
            samples[0] = samples[0] if first is None else first
            self.settings["callback"](samples, BLOCK, None, SimpleNamespace(input_overflow=has_overflow))
            samples[:] = np.nan  # the array is written again

    def close(self):
        self.is_closed = True
        self.is_alive = False
