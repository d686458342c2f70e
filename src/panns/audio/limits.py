"""How much decoded sound one source may turn into, and which headers are believable."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.errors import AudioDecodeError

# Telemetry loggers go down to some 100 Hz, bat and marine recorders up to about 4 MHz; outside is a damaged header.
MIN_SAMPLE_RATE = 100
MAX_SAMPLE_RATE = 4_000_000
# libsndfile's own bound; the largest microphone arrays have a few hundred.
MAX_CHANNELS = 1024
# Ten times what a file of 16-bit integers stored as floats could reach; larger values are flipped exponent bits.
MAX_PEAK = 1e6


@dataclass(frozen=True)
class DecodeLimits:
    """Bounds on decoded seconds, because a few kilobytes can decode to hours.

    Attributes:
        max_duration_s: Longest sound that is answered.
        min_bytes_per_s: Fewest encoded bytes per decoded second, once `grace_s` are decoded. A silent FLAC at
            44.1 kHz has about 130, Codec 2 at 700 bit/s has 88, a decompression bomb has fewer than 10.
        grace_s: Seconds that are decoded before `min_bytes_per_s` counts.
        max_spool_bytes: Largest temporary file for input that cannot seek, such as a pipe.
    """

    max_duration_s: float = 48 * 3600.0
    min_bytes_per_s: float = 32.0
    grace_s: float = 600.0
    max_spool_bytes: int = 16 * 2**30

    def __post_init__(self) -> None:
        for field, value in vars(self).items():
            if not value >= 0:
                raise ValueError(f"{field}={value!r} is not a limit; use a number that is at least 0")

    def check_declared(self, name: str, declared_s: float, n_bytes: int) -> None:
        """Refuse at once what is too long by its own header, where there are bytes enough to believe the header."""
        # A header of 100 hours over a megabyte is a cut file, and is answered for what there is.
        if n_bytes >= declared_s * self.min_bytes_per_s:
            self._check_duration(name, declared_s)

    def check_decoded(self, name: str, decoded_s: float, n_bytes: int) -> None:
        """Refuse a sound that has become too long, in itself or for the bytes it came from."""
        self._check_duration(name, decoded_s)
        if decoded_s > self.grace_s and n_bytes < decoded_s * self.min_bytes_per_s:
            raise AudioDecodeError(
                f"{name}: {n_bytes:,} bytes have decoded to {decoded_s:,.0f} s and go on, fewer than "
                f"{self.min_bytes_per_s:g} bytes a second, as in a decompression bomb; "
                f"if it is a real recording, pass limits=DecodeLimits(min_bytes_per_s=...)"
            )

    def _check_duration(self, name: str, duration_s: float) -> None:
        if duration_s > self.max_duration_s:
            raise AudioDecodeError(
                f"{name}: longer than the {self.max_duration_s:,.0f} s that are allowed; "
                f"cut it, or pass limits=DecodeLimits(max_duration_s=...)"
            )


def check_header(name: str, sample_rate: int, n_channels: int) -> None:
    """Refuse a sample rate or a channel count that no recording has."""
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise AudioDecodeError(
            f"{name}: a sample rate of {sample_rate} Hz is not believable; "
            f"{MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz are read, so the header is damaged"
        )
    if not 1 <= n_channels <= MAX_CHANNELS:
        raise AudioDecodeError(
            f"{name}: {n_channels} channels are not believable; 1 to {MAX_CHANNELS} are read, so the header is damaged"
        )


def check_sample_rate(sample_rate: int) -> int:
    """A rate that sound may come in.

    Raises:
        ValueError: No recording has it.
        TypeError: It is no whole number.
    """
    if isinstance(sample_rate, bool) or not hasattr(type(sample_rate), "__index__"):
        raise TypeError(f"sample_rate={sample_rate!r} is no whole number; give samples per second, such as 44_100")
    rate = operator.index(sample_rate)
    if not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
        raise ValueError(
            f"sample_rate={rate} is none that sound comes in; give {MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} samples per "
            "second, such as 44_100"
        )
    return rate


def check_samples(samples: npt.NDArray[np.floating], name: str) -> None:
    """Refuse numbers that are no sound.

    Raises:
        ValueError: NaN, infinity, or what no recording reaches.
    """
    # NaN is neither below nor above, so it is refused here too.
    if samples.size and not max(samples.max(), -samples.min()) <= MAX_PEAK:
        raise ValueError(
            f"{name} holds NaN, infinity or values beyond {MAX_PEAK:.0e}; sound is finite and within about -1 to 1, "
            "so repair it or divide by its full scale"
        )
