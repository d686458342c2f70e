"""Limits on decoded audio: duration, values in headers, sample values."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.errors import AudioDecodeError
from panns.system.defaults import MAX_HOURS

# Telemetry loggers go down to some 100 Hz, bat and marine recorders up to about 4 MHz; outside is a damaged header.
MIN_SAMPLE_RATE = 100
MAX_SAMPLE_RATE = 4_000_000
# libsndfile's own bound; the largest microphone arrays have a few hundred.
MAX_CHANNELS = 1024
# Ten times what a file of 16-bit integers stored as floats could reach; larger values are flipped exponent bits.
MAX_PEAK = 1e6
_GRACE_SAMPLES_PER_S = 96_000


class DecodeLimitReached(AudioDecodeError):
    """A sound is beyond a limit that the caller may widen.

    Attributes:
        problem: The sound, the limit, and the words before the advice to widen it.
        parameter: Field of `panns.audio.DecodeLimits`.
    """

    def __init__(self, problem: str, parameter: str) -> None:
        super().__init__(problem, parameter)
        self.problem = problem
        self.parameter = parameter

    def __str__(self) -> str:
        """Message for who calls the library."""
        return f"{self.problem} set limits=DecodeLimits({self.parameter}=...) in Python"


@dataclass(frozen=True)
class DecodeLimits:
    """Limits on decoded seconds and samples, because a few kilobytes can decode to hours.

    Attributes:
        max_duration_s: Maximum duration of a sound, in seconds.
        min_bytes_per_s: Minimum encoded bytes per decoded second, checked after `grace_s`. A silent FLAC at 44.1 kHz
            has about 130, Codec 2 at 700 bit/s has 88, a decompression bomb has fewer than 10.
        min_bytes_per_million: Minimum encoded bytes per million decoded samples of all channels, checked after
            `grace_s` of stereo at 48 kHz. A silent FLAC has about 1,300 with eight channels, 3,400 with one.
        grace_s: Decoded seconds before the two minima apply.
        max_spool_bytes: Maximum size of the temporary copy of an input that cannot seek, such as a pipe.
    """

    max_duration_s: float = MAX_HOURS * 3600
    min_bytes_per_s: float = 32.0
    min_bytes_per_million: float = 500.0
    grace_s: float = 600.0
    max_spool_bytes: int = 16 * 2**30

    def __post_init__(self) -> None:
        for field, value in vars(self).items():
            if not value >= 0:
                raise ValueError(f"{field}={value!r} is out of range; use a number of at least 0")

    def check_declared(self, name: str, declared_s: float, n_bytes: int) -> None:
        """Refuse a sound whose header declares too long a duration, if the input is large enough for it to be true."""
        # 100 hours declared over one megabyte is a cut file; decode what is there.
        if n_bytes >= declared_s * self.min_bytes_per_s:
            self._check_duration(name, declared_s)

    def check_decoded(self, name: str, decoded_s: float, n_bytes: int, *, n_samples: int) -> None:
        """Refuse a sound that exceeds the maximum duration, or the maxima for its number of encoded bytes.

        Args:
            name: Name of the sound.
            decoded_s: Seconds decoded so far.
            n_bytes: Size of the sound.
            n_samples: Samples decoded so far, of all channels.
        """
        self._check_duration(name, decoded_s)
        if decoded_s > self.grace_s and n_bytes < decoded_s * self.min_bytes_per_s:
            raise DecodeLimitReached(
                f"{name}: {n_bytes:,} bytes decode to more than {decoded_s:,.0f} s, fewer than "
                f"{self.min_bytes_per_s:g} bytes per second, like a decompression bomb; "
                "if this is a real recording,",
                "min_bytes_per_s",
            )

        if n_samples > self.grace_s * _GRACE_SAMPLES_PER_S and n_bytes * 1e6 < n_samples * self.min_bytes_per_million:
            raise DecodeLimitReached(
                f"{name}: {n_bytes:,} bytes decode to more than {n_samples:,} samples of all channels, fewer than "
                f"{self.min_bytes_per_million:g} bytes per million, like a decompression bomb; "
                "if this is a real recording,",
                "min_bytes_per_million",
            )

    def _check_duration(self, name: str, duration_s: float) -> None:
        if duration_s > self.max_duration_s:
            raise DecodeLimitReached(
                f"{name}: longer than the limit of {self.max_duration_s:,.0f} s; cut it, or", "max_duration_s"
            )


def check_header(name: str, sample_rate: int, n_channels: int) -> None:
    """Refuse a sample rate or a number of channels that only a damaged header has."""
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise AudioDecodeError(
            f"{name}: the sample rate {sample_rate} Hz is out of range ({MIN_SAMPLE_RATE:,} to {MAX_SAMPLE_RATE:,}), "
            f"so the header is damaged; get the file again"
        )
    if not 1 <= n_channels <= MAX_CHANNELS:
        raise AudioDecodeError(
            f"{name}: {n_channels} channels are out of range (1 to {MAX_CHANNELS:,}), so the header is damaged; "
            f"get the file again"
        )


def check_sample_rate(sample_rate: int) -> int:
    """Return the sample rate as an int, after checking it.

    Raises:
        ValueError: It is out of range.
        TypeError: It is not a whole number.
    """
    if isinstance(sample_rate, bool) or not hasattr(type(sample_rate), "__index__"):
        raise TypeError(f"sample_rate={sample_rate!r} must be a whole number of Hz, such as 44_100")
    rate = operator.index(sample_rate)
    if not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE:
        raise ValueError(
            f"sample_rate={rate} is out of range; use {MIN_SAMPLE_RATE:,} to {MAX_SAMPLE_RATE:,} Hz, such as 44_100"
        )
    return rate


def check_samples(samples: npt.NDArray[np.floating], name: str) -> None:
    """Refuse samples that cannot be audio.

    Raises:
        ValueError: A sample is NaN, infinite or far beyond full scale.
    """
    # Comparisons with NaN are false, so this refuses NaN too.
    if samples.size and not max(samples.max(), -samples.min()) <= MAX_PEAK:
        raise ValueError(
            f"{name} holds NaN, infinity or values beyond {MAX_PEAK:.0e}; audio is finite and within about -1 to 1, "
            "so repair it or divide it by its full scale"
        )
