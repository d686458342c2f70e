"""Open any source as mono float32 blocks at a given sample rate, in memory independent of its length."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import TracebackType

import numpy as np

from panns.audio.decoding.array_reader import ARRAY_NAME, ArrayReader
from panns.audio.decoding.file_reader import FileReader
from panns.audio.decoding.reader import BLOCK_SAMPLES
from panns.audio.decoding.samples import Waveform
from panns.audio.decoding.source import Source, open_input
from panns.audio.full_scale import Level, measure_level
from panns.audio.limits import MAX_PEAK, DecodeLimits, check_sample_rate
from panns.audio.resampling.resample import Resampler
from panns.errors import AudioDecodeError

_LOG = logging.getLogger(__name__)

_NO_LIMITS = DecodeLimits()


class Sound:
    """Mono float32 blocks of one source. Iterate it once, inside `with`.

    Attributes:
        name: The path, or `<bytes>`, `<stdin>`, `<stream>`, `<array>`.
        sample_rate: Sample rate of the blocks, in Hz.
        native_sample_rate: Sample rate of the source, in Hz.
        n_channels: Number of channels of the source.
        declared_duration_s: Duration in the header of the source, None if it has none. Good enough for a progress bar;
            damaged and cut files declare more than they hold.
        stated_times: When the recording was made, as its name and metadata state it, most trusted first.
        duration_s: Duration decoded so far, in seconds.
    """

    def __init__(
        self,
        reader: FileReader | ArrayReader,
        *,
        name: str,
        n_bytes: int,
        sample_rate: int | None,
        limits: DecodeLimits,
    ) -> None:
        self.name = name
        self.sample_rate = sample_rate or reader.sample_rate
        self.native_sample_rate = reader.sample_rate
        self.n_channels = reader.n_channels
        self.declared_duration_s = reader.declared.duration_s
        self.stated_times = reader.stated_times
        self._reader = reader
        self._n_bytes = n_bytes
        self._limits = limits
        self._warnings: list[str] = []
        self._is_read = False
        self.duration_s = 0.0

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings about missing or unusual audio, complete after the iteration."""
        return tuple(self._warnings)

    def __iter__(self) -> Iterator[Waveform]:
        """Iterate over the blocks `(samples,)`, each with at least one sample.

        Raises:
            AudioDecodeError: The source is empty, too long, or holds values that cannot be audio.
        """
        if self._is_read:
            raise ValueError(f"{self.name}: can be iterated only once; open it again")
        self._is_read = True
        return self._blocks()

    def _blocks(self) -> Iterator[Waveform]:
        resampler = Resampler(self.native_sample_rate, self.sample_rate)
        # From 100 Hz to 32 kHz a block becomes 320 times as long: cut it, so that the output stays small.
        step = max(2 * BLOCK_SAMPLES * self.native_sample_rate // self.sample_rate, 1)
        n_samples = n_resampled = 0
        last = np.zeros(0, np.float32)
        try:
            for block in self._checked_blocks():
                n_samples += len(block)
                last = block[-1:] if len(block) else last
                for start in range(0, len(block), step):
                    resampled = resampler.push(block[start : start + step])
                    n_resampled += len(resampled)
                    if len(resampled):
                        yield resampled
            # The conversion rounds the number of samples, so one or two can become none.
            rest = resampler.finish()
            if not n_resampled and not len(rest):
                rest = last
            if len(rest):
                yield rest
        finally:
            self.close()
        if not n_samples:
            raise AudioDecodeError(f"{self.name}: holds no sound, 0 samples; give a recording with sound in it")

    def _checked_blocks(self) -> Iterator[Waveform]:
        level = Level()
        if self._reader.is_float:
            level = measure_level(self._limited_blocks(), self.n_channels)
            self._reader.rewind()
        n_samples = 0
        for block in self._limited_blocks():
            # One pass finds NaN (then the minimum and maximum are NaN), infinity and absurd values.
            peak = max(float(block.max()), -float(block.min())) if len(block) else 0.0
            if not peak <= MAX_PEAK:
                raise AudioDecodeError(self._not_sound(block, n_samples))
            n_samples += len(block)
            yield block if level.gain == 1 else block * np.float32(level.gain)
        for message in (*self._reader.losses, level.message):
            if message:
                self._warn(message)

    def _limited_blocks(self) -> Iterator[Waveform]:
        n_samples = 0
        for block in self._reader.blocks():
            n_samples += len(block)
            self.duration_s = n_samples / self.native_sample_rate
            self._limits.check_decoded(self.name, self.duration_s, self._n_bytes, n_samples=n_samples * self.n_channels)
            yield block

    def _not_sound(self, block: Waveform, n_before: int) -> str:
        first = int(np.flatnonzero(~(np.abs(block) <= MAX_PEAK))[0])
        value = float(block[first])
        what = f"the value {value:g}" if np.isfinite(value) else f"a value that is not finite ({value:g})"
        at_s = (n_before + first) / self.native_sample_rate
        return f"{self.name}: holds {what} at {at_s:.3f} s; audio is finite and about within -1..1, so it is damaged"

    def _warn(self, message: str) -> None:
        self._warnings.append(message)
        _LOG.warning("%s: %s", self.name, message)

    def close(self) -> None:
        """Close the file. The end of the iteration closes it too."""
        self._reader.close()

    def __enter__(self) -> Sound:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_sound(source: Source, *, sample_rate: int | None, limits: DecodeLimits = _NO_LIMITS) -> Sound:
    """Open a source as mono float32 blocks.

    Args:
        source: A path; bytes; a file object, read from its current position; or `(array, sample_rate)` with an array
            `(samples,)` or `(samples, channels)` of floats within -1..1 or of int8, int16, int32 or uint8.
        sample_rate: Sample rate of the blocks, 100 Hz to 4 MHz; None for the source's own.
        limits: Limits on the decoded duration.

    Raises:
        AudioDecodeError: The source cannot be decoded; the message says why and what to do.
        MissingExtra: The format needs PyAV, which is not installed.
    """
    wanted = None if sample_rate is None else check_sample_rate(sample_rate)
    if isinstance(source, tuple):
        array = ArrayReader(source)
        return Sound(array, name=ARRAY_NAME, n_bytes=array.n_bytes, sample_rate=wanted, limits=limits)
    opened = open_input(source, limits)
    try:
        reader = FileReader(opened)
        if reader.declared.duration_s is not None:
            limits.check_declared(opened.source_name, reader.declared.duration_s, opened.n_bytes)
    except BaseException:
        opened.close()
        raise
    return Sound(reader, name=opened.source_name, n_bytes=opened.n_bytes, sample_rate=wanted, limits=limits)


def load_sound(source: Source, *, sample_rate: int, limits: DecodeLimits = _NO_LIMITS) -> Waveform:
    """Decode a whole source to one mono float32 waveform `(samples,)`. Arguments and errors: see `open_sound`."""
    with open_sound(source, sample_rate=sample_rate, limits=limits) as sound:
        return np.concatenate(list(sound))
