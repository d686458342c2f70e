"""Kinds of input that arrive while they are read: pipes, and saved states of streams.

As those of `kinds`: `make(rng, folder)` writes a damaged input and names it, `use(folder)` reads it.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading
from functools import cached_property

import numpy as np

from panns.audio import PipedSound
from panns.audio.limits import MAX_PEAK
from panns.errors import PannsError
from tests.audio.decoding.encoded_sounds import native_rate, sound_file
from tests.fuzz.damage import damage
from tests.sounds import noise

_SECONDS = 1.0
_SIZES = 0x7FFF_FFFF, 0xFFFF_FFFF, 0


class Pipes:
    """Sound that arrives through a pipe, in pieces of any size; the writer then closes it."""

    _FORMATS = ("wav", "wav", "flac", "mp3", "ogg", "opus", "aac", "webm")
    # A damaged rate of a WAV header stretches the time and adds no sample; damaged packets may become silence.
    _MOST_FRAMES_RATIO = 16

    def make(self, rng, folder):
        name = self._FORMATS[rng.integers(len(self._FORMATS))]
        content = bytearray(sound_file(name, _SECONDS))
        if name == "wav" and rng.integers(2):  # a header of a program that cannot seek
            at = content.index(b"data") + 4
            content[at : at + 4] = _SIZES[rng.integers(len(_SIZES))].to_bytes(4, "little")
        (folder / "sent").write_bytes(damage(content, rng))
        self._piece, self._rate = int(rng.integers(1, 5_000)), native_rate(name)
        return name

    def use(self, folder):
        reading, writing = os.pipe()
        sender = threading.Thread(target=self._send, args=((folder / "sent").read_bytes(), writing), daemon=True)
        n_samples = 0
        with os.fdopen(reading, "rb") as pipe:
            sender.start()
            with PipedSound(pipe, pace=0) as sound:
                for block in sound:
                    assert block.dtype == np.float32
                    assert np.abs(block).max(initial=0) <= MAX_PEAK  # not with NaN
                    n_samples += np.count_nonzero(block)
        sender.join(60)
        assert not sender.is_alive()
        assert n_samples <= self._MOST_FRAMES_RATIO * self._rate * _SECONDS
        assert all(warning and "\n" not in warning for warning in sound.warnings)

    def _send(self, data, writing):
        with contextlib.suppress(OSError), os.fdopen(writing, "wb", buffering=0) as pipe:  # the reader may have gone
            for start in range(0, len(data), self._piece):
                pipe.write(data[start : start + self._piece])


class StreamStates:
    """Saved states of streams: damaged bytes, and files whose checksums are right but whose arrays are not."""

    _VALUES = (0.0, -1.0, 1.0, 1e-30, 1e30, np.nan, np.inf, 2**53, -(2**53), 7.5)

    @cached_property
    def _recognizer(self):
        import panns

        return panns.load("stream", n_threads=1)

    @cached_property
    def _state(self):
        stream = self._recognizer.stream(16_000)
        stream.push(0.3 * noise(1.23, sample_rate=16_000))
        return stream.state.to_bytes()

    def make(self, rng, folder):
        state, name = self._state, "bytes"
        if rng.integers(2):
            with np.load(io.BytesIO(state)) as file:
                arrays = {key: file[key].copy() for key in file}
            name = sorted(arrays)[rng.integers(len(arrays))]
            arrays[name] = self._damage(arrays[name], rng)
            made = io.BytesIO()
            np.savez(made, **arrays)
            (folder / "state").write_bytes(made.getvalue())
        else:
            (folder / "state").write_bytes(damage(state, rng))
        return name

    def _damage(self, array, rng):
        flat, way = array.ravel(), rng.integers(4)
        value = self._VALUES[rng.integers(len(self._VALUES))]
        with np.errstate(all="ignore"), contextlib.suppress(IndexError, ValueError, OverflowError):
            if way == 0:
                flat[rng.integers(len(flat))] = value
            elif way == 1:
                flat[:] = value
            elif way == 2:
                flat = flat[: rng.integers(len(flat) + 1)]
            else:
                flat = np.tile(flat, int(rng.integers(2, 4)))
        return flat.reshape(array.shape) if flat.size == array.size else flat

    def use(self, folder):
        try:
            stream = self._recognizer.stream(16_000, state=(folder / "state").read_bytes())
        except ValueError as exc:
            raise PannsError(str(exc)) from exc
        scores = stream.push(0.3 * noise(0.5, sample_rate=16_000, seed=1))
        last = stream.finish()
        for one in (scores, last):
            assert np.isfinite(one.frame_probs).all()
            assert one.frame_probs.min(initial=0) >= 0
            assert one.frame_probs.max(initial=0) <= 1
            assert all(0 <= event.onset_s <= event.offset_s < np.inf for event in (*one.events, *one.ongoing))
        assert len(stream.state.to_bytes()) < 10 * len(self._state)
