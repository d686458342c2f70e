"""Bytes after the sound that a WAV declares: chunks, more sound of a recorder that lost power, or neither."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.audio.decoding.declared_length import MAX_CHUNKS
from panns.audio.decoding.source import SeekableInput

# Less than this after the sound is padding or the rest of a tag.
_MIN_REST_BYTES = 4096
_MIN_REST_S = 0.05
_WINDOW_FRAMES = 8192
_TEXT = np.zeros(256, dtype=bool)
_TEXT[32:127] = _TEXT[[9, 10, 13]] = True
# Energy of the differences between neighbouring samples over twice the energy: 1 for white noise, as bytes of any other
# kind are, and less for most sounds.
_SURELY_SOUND, _SURELY_NOISE = 0.7, 0.9
_NOISE_RMS = 0.45  # uniform noise at full scale has 0.58


@dataclass(frozen=True)
class WavCoding:
    """The `fmt` chunk of a WAV or Wave64."""

    tag: int = 0
    n_channels: int = 0
    sample_rate: int = 0
    byte_rate: int = 0
    block_align: int = 0
    order: str = "<"

    @property
    def is_plain(self) -> bool:
        """True for integers, floats, A-law, mu-law and 'extensible', of which every frame has the same size."""
        return self.tag in (1, 3, 6, 7, 0xFFFE)

    def read_samples(self, data: bytes) -> npt.NDArray[np.float64] | None:
        """First channel of whole frames; None for another coding than integers and floats."""
        frames = np.frombuffer(data, np.uint8)[: len(data) // self.block_align * self.block_align]
        width = self.block_align // self.n_channels
        values = np.ascontiguousarray(frames.reshape(-1, self.block_align)[:, :width])
        if self.tag not in (1, 3, 0xFFFE) or width not in (1, 2, 3, 4, 8) or self.block_align % self.n_channels:
            return None
        if width == 1:
            return (values[:, 0].astype(np.float64) - 128) / 128
        if width == 3:  # the two high bytes are enough
            values = np.ascontiguousarray(values[:, 1:] if self.order == "<" else values[:, :2])
            width = 2
        kind = "f" if self.tag == 3 or width == 8 else "i"
        with np.errstate(invalid="ignore"):  # bytes that are no floats
            samples = values.view(f"{self.order}{kind}{width}")[:, 0].astype(np.float64)
        return samples if kind == "f" else samples / 2.0 ** (8 * width - 1)


def find_chunks(source: SeekableInput, at: int, order: str) -> list[tuple[bytes, int, int]] | None:
    """Return name, start and size of the chunks from `at` on; None if there is no chunk but something else."""
    chunks: list[tuple[bytes, int, int]] = []
    for _ in range(MAX_CHUNKS):
        header = source.read_at(at, 8)
        if len(header) < 8 or header == bytes(8) or header.startswith((b"ID3", b"TAG", b"APETAGEX")):
            return chunks
        name, size = struct.unpack(order + "4sI", header)
        if not all(32 <= byte < 127 for byte in name) or at + 8 + size > source.n_bytes + 1:
            return chunks or None
        chunks.append((name, at + 8, size))
        at += 8 + size + (size & 1)
    return chunks


def is_long(source: SeekableInput, coding: WavCoding, start: int) -> bool:
    """Return True if so many bytes follow that they may be sound."""
    return source.n_bytes - start > max(_MIN_REST_BYTES, _MIN_REST_S * coding.byte_rate)


def continues_sound(source: SeekableInput, coding: WavCoding, data: int, end: int) -> bool:
    """Return True if the bytes from `end` on are clearly sound, by themselves or like the sound before them."""
    rest = _measure(source, coding, end, source.n_bytes)
    if rest is None:
        return False
    rms, whiteness = rest
    if whiteness < _SURELY_SOUND:
        return True
    known = _measure(source, coding, data, end)
    if known is None or rms > _NOISE_RMS:
        return False
    return 0.25 < rms / known[0] < 4 and abs(whiteness - known[1]) < 0.25


def may_be_sound(source: SeekableInput, coding: WavCoding, data: int) -> bool:
    """Return False if the bytes after an empty header are text or noise of another kind of file."""
    if not coding.is_plain or not any(source.read_at(data, _MIN_REST_BYTES)):
        return True
    measured = _measure(source, coding, data, source.n_bytes)
    if measured is None:
        return coding.read_samples(bytes(coding.block_align)) is None
    return not (measured[0] > _NOISE_RMS and measured[1] > _SURELY_NOISE)


def _measure(source: SeekableInput, coding: WavCoding, start: int, stop: int) -> tuple[float, float] | None:
    """RMS and whiteness of three windows; None if they cannot be sound, because they are text or constant."""
    n_window = min(_WINDOW_FRAMES * coding.block_align, (stop - start) // coding.block_align * coding.block_align)
    last = start + (stop - start - n_window) // coding.block_align * coding.block_align
    middle = start + (last - start) // 2 // coding.block_align * coding.block_align
    energy = differences = n_text = 0.0
    n_samples = n_bytes = 0
    for at in sorted({start, middle, last}):
        window = source.read_at(at, n_window)
        samples = coding.read_samples(window)
        if samples is None or len(samples) < 2 or not np.abs(samples).max() <= 4:
            return None
        n_text += np.count_nonzero(_TEXT[np.frombuffer(window, np.uint8)])
        n_bytes += len(window)
        energy += float(np.sum((samples - samples.mean()) ** 2))
        differences += float(np.sum(np.diff(samples) ** 2))
        n_samples += len(samples)
    if not energy or n_text > 0.95 * n_bytes:
        return None
    return (energy / n_samples) ** 0.5, differences / (2 * energy)
