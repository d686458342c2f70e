"""Settings of front ends: the log-mel, the waveform itself, or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

InputName = Literal["waveform", "features"]


@dataclass(frozen=True)
class LogMelConfig:
    """Settings of a log-mel spectrogram. Defaults: the PANNs (Kong et al. 2020, arXiv:1912.10211).

    Attributes:
        sample_rate: Rate of the waveform, in Hz.
        n_fft: Length of the Fourier transform, in samples, even.
        window_samples: Length of the Hann window, centred in the transform, at most `n_fft`.
        window: "periodic" (divides by the length) or "symmetric" (by the length - 1) Hann window.
        hop_samples: Distance between frames, in samples.
        alignment: "centred" on every multiple of the hop, with reflection at both ends; "causal", where frame k ends
            (k + 1) hops from the start, with zeros before the first sample; or "whole", where frame k starts k hops
            from the start, and frames that reach beyond the end are left out.
        fill: With whole frames, a number of frames and a step: zeros after the end give this number of frames, or a
            whole number of steps more. None to leave out an incomplete last frame.
        spectrum: "power", the square of the magnitude, or "magnitude".
        n_mels: Number of mel bands.
        f_min_hz: Lower edge of the lowest band.
        f_max_hz: Upper edge of the highest band, at most half the sample rate.
        mel_scale: "slaney" (librosa's default: linear below 1 kHz, bands normalised to unit area), "htk"
            (2595 log10(1 + f/700), triangles of height 1 in Hz) or "kaldi" (1127 ln(1 + f/700), triangles of height 1
            in mel, the Nyquist bin left out).
        pre_emphasis: Coefficient p of x[n] - p x[n-1]; None to leave it out.
        pre_emphasis_in: "waveform", which becomes one sample shorter; or "frame", as in Kaldi, with whole frames: each
            frame on its own, after its mean is subtracted, with its first sample as the one before it.
        log: "db" is 10 log10(max(m, `log_floor`)), "ln" is ln(m + `log_floor`), and "ln_max" is
            ln(max(m, `log_floor`)).
        log_floor: Smallest power, or magnitude, which keeps the logarithm finite.
        range_db: With "db", dynamic range: values further below the maximum of the clip are raised to this distance;
            None for no limit.
        shift: Offset added after the logarithm.
        scale: Factor applied after `shift`.
    """

    sample_rate: int = 32_000
    n_fft: int = 1024
    window_samples: int = 1024
    window: Literal["periodic", "symmetric"] = "periodic"
    hop_samples: int = 320
    alignment: Literal["centred", "causal", "whole"] = "centred"
    fill: tuple[int, int] | None = None
    spectrum: Literal["power", "magnitude"] = "power"
    n_mels: int = 64
    f_min_hz: float = 50.0
    f_max_hz: float = 14_000.0
    mel_scale: Literal["slaney", "htk", "kaldi"] = "slaney"
    pre_emphasis: float | None = None
    pre_emphasis_in: Literal["waveform", "frame"] = "waveform"
    log: Literal["db", "ln", "ln_max"] = "db"
    log_floor: float = 1e-10
    range_db: float | None = None
    shift: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if self.n_fft < 2 or self.n_fft % 2:
            raise ValueError(f"n_fft={self.n_fft} must be an even number of samples")
        if not 1 <= self.window_samples <= self.n_fft:
            raise ValueError(f"window_samples={self.window_samples} must be 1 to n_fft={self.n_fft}")
        if self.window == "symmetric" and self.window_samples < 3:
            raise ValueError(f"window_samples={self.window_samples} makes a symmetric window of zeros; use at least 3")
        if self.hop_samples < 1 or self.n_mels < 1:
            raise ValueError(f"hop_samples={self.hop_samples} and n_mels={self.n_mels} must be at least 1")
        if self.alignment == "causal" and (self.hop_samples > self.n_fft or self.pre_emphasis is not None):
            raise ValueError(
                f"alignment='causal' needs hop_samples={self.hop_samples} of at most n_fft={self.n_fft} and "
                f"pre_emphasis=None, not {self.pre_emphasis}"
            )
        if self.pre_emphasis_in == "frame" and (self.alignment != "whole" or self.pre_emphasis is None):
            raise ValueError(
                f"pre_emphasis_in='frame' needs a pre_emphasis and alignment='whole', not {self.pre_emphasis} and "
                f"{self.alignment!r}"
            )
        if self.fill is not None and (
            self.alignment != "whole" or self.n_shortened or len(self.fill) != 2 or min(self.fill) < 1
        ):
            raise ValueError(
                f"fill={self.fill} must be a number of frames and a step, each at least 1, and needs alignment='whole' "
                f"without pre-emphasis of the waveform, not {self.alignment!r}"
            )
        if not 0 <= self.f_min_hz < self.f_max_hz <= self.sample_rate / 2:
            raise ValueError(
                f"f_min_hz={self.f_min_hz} and f_max_hz={self.f_max_hz} must satisfy "
                f"0 <= f_min_hz < f_max_hz <= {self.sample_rate / 2:g} Hz, half of sample_rate={self.sample_rate}"
            )
        if not self.log_floor > 0:
            raise ValueError(f"log_floor={self.log_floor} must be above 0, so that the logarithm of silence is finite")
        if self.range_db is not None and (self.log != "db" or not self.range_db > 0):
            raise ValueError(f"range_db={self.range_db} must be above 0 and goes with log='db', not {self.log!r}")

    @property
    def inputs(self) -> tuple[InputName, ...]:
        """Inputs of the network: the log-mel only."""
        return ("features",)

    @property
    def log_mel(self) -> LogMelConfig:
        """The log-mel settings: this object."""
        return self

    @property
    def hop_s(self) -> float:
        """Seconds between the starts of neighbouring frames."""
        return self.hop_samples / self.sample_rate

    @property
    def min_samples(self) -> int:
        """Minimum length of a waveform: enough to reflect its ends, one frame, or one sample where zeros follow it."""
        if self.alignment == "causal" or self.fill is not None:
            return 1
        return (self.window_samples if self.alignment == "whole" else self.n_fft // 2 + 1) + self.n_shortened

    @property
    def n_shortened(self) -> int:
        """Samples by which pre-emphasis shortens the waveform."""
        return int(self.pre_emphasis is not None and self.pre_emphasis_in == "waveform")

    @property
    def window_start(self) -> int:
        """First sample of the Fourier transform that is under the window."""
        return (self.n_fft - self.window_samples) // 2

    @property
    def n_overlap(self) -> int:
        """Samples before its hop that a causal frame covers."""
        return self.n_fft - self.hop_samples

    def filled(self, n_samples: int) -> int:
        """Length of a waveform of `n_samples` with the zeros of `fill` after it."""
        if self.fill is None:
            return n_samples
        n_first, step = self._fill_samples(self.fill)
        return n_first - (n_first - n_samples) // step * step if n_samples > n_first else n_first

    def _fill_samples(self, fill: tuple[int, int]) -> tuple[int, int]:
        """The number of frames of `fill` and its step, in samples."""
        n_frames, step = fill
        return (n_frames - 1) * self.hop_samples + self.window_samples, step * self.hop_samples

    def n_frames(self, n_samples: int) -> int:
        """Number of frames of a waveform of `n_samples`."""
        if self.alignment == "causal":
            return -(-n_samples // self.hop_samples)
        n_samples = self.filled(n_samples)
        first = self.window_samples if self.alignment == "whole" else 0
        return 1 + (n_samples - self.n_shortened - first) // self.hop_samples

    def samples_for(self, n_frames: int) -> int:
        """Length of the shortest waveform with `n_frames` frames."""
        if self.alignment == "causal":
            return (n_frames - 1) * self.hop_samples + 1
        if self.fill is not None:
            n_first, step = self._fill_samples(self.fill)
            n_steps = -(-(n_frames - self.fill[0]) // self.fill[1])
            return n_first + (n_steps - 1) * step + 1 if n_steps > 0 else 1
        first = self.window_samples if self.alignment == "whole" else 0
        return max((n_frames - 1) * self.hop_samples + first + self.n_shortened, self.min_samples)


@dataclass(frozen=True)
class WaveformConfig:
    """Settings of no front end: the network takes the waveform.

    Attributes:
        sample_rate: Rate of the waveform, in Hz.
    """

    sample_rate: int = 32_000

    @property
    def inputs(self) -> tuple[InputName, ...]:
        """Inputs of the network: the waveform only."""
        return ("waveform",)

    @property
    def log_mel(self) -> None:
        """None: the network takes no log-mel."""
        return None

    @property
    def min_samples(self) -> int:
        """Minimum length of a waveform: one sample."""
        return 1


@dataclass(frozen=True)
class WaveformAndLogMelConfig:
    """Settings of both inputs: the waveform and its log-mel.

    Attributes:
        log_mel: Settings of the log-mel.
    """

    log_mel: LogMelConfig = LogMelConfig()

    @property
    def inputs(self) -> tuple[InputName, ...]:
        """Inputs of the network: the waveform, then the log-mel."""
        return ("waveform", "features")

    @property
    def sample_rate(self) -> int:
        """Rate of the waveform, in Hz."""
        return self.log_mel.sample_rate

    @property
    def min_samples(self) -> int:
        """Minimum length of a waveform: that of the log-mel."""
        return self.log_mel.min_samples


Frontend: TypeAlias = LogMelConfig | WaveformConfig | WaveformAndLogMelConfig
