"""Random chain of all waveform augmentations, in the order of a recording: source, room, microphone, file.

Train on variations that recordings differ by (distance, room, noise, device, compression), so that the model becomes
invariant to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from panns.augment.codec import CODECS, CodecName, apply_random_codec, check_codecs
from panns.augment.filtering import apply_filter, filter_frequencies_hz, high_pass_db, low_pass_db
from panns.augment.gain import apply_gain, limit_peak
from panns.augment.length import fit_length
from panns.augment.noise import add_noise, coloured_noise, layer_noise
from panns.augment.reverb import add_reverb
from panns.augment.shift import shift_circular, shift_with_silence
from panns.augment.spectrum import colour_db, draw_colour
from panns.augment.speed import change_speed
from panns.system.arrays import Array

Noise: TypeAlias = Callable[[np.random.Generator], Array]
"""Returns a recording of noise, `(samples,)` of any length, at the sample rate of the waveforms."""


@dataclass(frozen=True)
class AugmentConfig:
    """Settings of the augmentations of a waveform, in their order. The defaults change nothing.

    Every `..._share` is a probability, the share of the clips that a step changes. Values are drawn uniformly from
    their range; frequencies and decay times are drawn uniformly in their logarithm.

    Attributes:
        speed_share: Probability of a change of speed and pitch. A longer result is cropped to a loud segment, a
            shorter one is placed in silence.
        speed_range: Speed factors, 0.25 to 4.
        shift_share: Probability of a shift in time.
        max_shift_s: Largest shift in either direction, in seconds.
        shift_fill: "wrap" to move the end of the clip to its start, or "silence".
        reverb_share: Probability of reverberation.
        reverb_decay_range_s: Decay by 60 dB (RT60), in seconds.
        reverb_direct_range_db: Level of the direct sound above the sum of all reflections, in dB.
        noise_share: Probability of background noise.
        noise_snr_range_db: Signal-to-noise ratio, in dB, over the parts of both that are not silent.
        noise_exponent_range: Exponent a of generated noise with power 1/f^a: 0 is white, 1 pink, 2 brown.
        recorded_noise_share: Probability that the noise is recorded rather than generated, if there are recordings.
        noise_layers_range: Number of recordings that are mixed, with levels up to 12 dB apart.
        equaliser_share: Probability of equalisation.
        equaliser_depth_db: Largest gain or cut at each of five frequencies, in dB.
        low_pass_share: Probability of a low-pass filter.
        low_pass_range_hz: Cutoff of the low-pass, in Hz.
        high_pass_share: Probability of a high-pass filter.
        high_pass_range_hz: Cutoff of the high-pass, in Hz.
        pass_slope_range_db: Slope of both filters, in dB per octave.
        gain_share: Probability of a change of gain.
        gain_range_db: Gain, in dB.
        codec_share: Probability of encoding and decoding with a lossy codec.
        codecs: Codecs to choose from; "opus" and "aac" need the extra `media`.
    """

    speed_share: float = 0.0
    speed_range: tuple[float, float] = (0.9, 1.1)
    shift_share: float = 0.0
    max_shift_s: float = 0.5
    shift_fill: Literal["wrap", "silence"] = "wrap"
    reverb_share: float = 0.0
    reverb_decay_range_s: tuple[float, float] = (0.1, 0.8)
    reverb_direct_range_db: tuple[float, float] = (0.0, 15.0)
    noise_share: float = 0.0
    noise_snr_range_db: tuple[float, float] = (5.0, 30.0)
    noise_exponent_range: tuple[float, float] = (0.0, 2.0)
    recorded_noise_share: float = 0.5
    noise_layers_range: tuple[int, int] = (1, 1)
    equaliser_share: float = 0.0
    equaliser_depth_db: float = 6.0
    low_pass_share: float = 0.0
    low_pass_range_hz: tuple[float, float] = (3_500.0, 12_000.0)
    high_pass_share: float = 0.0
    high_pass_range_hz: tuple[float, float] = (50.0, 400.0)
    pass_slope_range_db: tuple[float, float] = (12.0, 48.0)
    gain_share: float = 0.0
    gain_range_db: tuple[float, float] = (-20.0, 8.0)
    codec_share: float = 0.0
    codecs: tuple[CodecName, ...] = ("mp3", "vorbis", "gsm", "mu_law")

    def __post_init__(self) -> None:
        for field, value in vars(self).items():
            if field.endswith("_share") and not 0 <= value <= 1:
                raise ValueError(f"{field}={value:g} is out of range; use a probability from 0 (never) to 1 (always)")
        for field, lowest, highest in _RANGES:
            low, high = getattr(self, field)
            if not lowest <= low <= high <= highest:
                raise ValueError(f"{field}={(low, high)} must ascend and lie within {lowest:g} to {highest:g}")
        for field, highest in (("max_shift_s", 3_600.0), ("equaliser_depth_db", 40.0)):
            if not 0 <= getattr(self, field) <= highest:
                raise ValueError(f"{field}={getattr(self, field):g} must be 0 to {highest:g}")
        if not self.codecs:
            raise ValueError(f"codecs=() is empty; use some of {', '.join(CODECS)}, or codec_share=0")

    def check_installed(self) -> None:
        """Check that the codecs in these settings are installed, before training starts.

        Raises:
            MissingExtra: A codec needs the extra `media`.
            ValueError: The installed FFmpeg cannot encode one of them.
        """
        if self.codec_share:
            check_codecs(self.codecs)

    @property
    def time_changes(self) -> AugmentConfig:
        """Only the settings that move sounds in time: speed and shift."""
        return AugmentConfig(
            speed_share=self.speed_share,
            speed_range=self.speed_range,
            shift_share=self.shift_share,
            max_shift_s=self.max_shift_s,
            shift_fill=self.shift_fill,
        )

    @property
    def keeps_times(self) -> bool:
        """True if every sound keeps its onset and offset, as labels with times require."""
        return not self.speed_share and not self.shift_share


# Limits of the ranges: beyond them nothing of the sound is left, or numbers overflow.
_RANGES = (
    ("speed_range", 0.25, 4.0),
    ("reverb_decay_range_s", 0.01, 10.0),
    ("reverb_direct_range_db", -40.0, 60.0),
    ("noise_snr_range_db", -40.0, 100.0),
    ("noise_exponent_range", -4.0, 4.0),
    ("noise_layers_range", 1, 64),
    ("low_pass_range_hz", 20.0, 1e6),
    ("high_pass_range_hz", 20.0, 1e6),
    ("pass_slope_range_db", 3.0, 96.0),
    ("gain_range_db", -100.0, 100.0),
)


def augment_waveform(
    waveform: Array,
    config: AugmentConfig,
    sample_rate: int,
    rng: np.random.Generator,
    *,
    noise: Noise | None = None,
) -> Array:
    """Augment a waveform at random, reproducibly for equal settings and an equal state of the generator.

    Each step has its own generator, so switching one off does not change the random values of the others.

    Args:
        waveform: `(samples,)`, at least one, finite.
        config: The settings.
        sample_rate: Sample rate of the waveform, in Hz.
        rng: Random generator; it advances by a fixed amount.
        noise: Returns recordings of noise; None to generate noise.

    Returns:
        `(samples,)` float32, a copy. It is scaled down if its peak exceeds full scale, as in a recording.
    """
    context = _Context(config, sample_rate, noise)
    # Seeds instead of spawned generators: the state that a resumed run restores does not count spawned ones.
    seeds = rng.integers(2**63, size=len(_STEPS))
    sound = waveform
    for step, seed in zip(_STEPS, seeds, strict=True):
        sound = step(sound, context, np.random.default_rng(seed))
    return waveform.copy() if sound is waveform else limit_peak(sound)


class _Context(NamedTuple):
    config: AugmentConfig
    sample_rate: int
    recordings: Noise | None


def _speed(sound: Array, context: _Context, rng: np.random.Generator) -> Array:
    if rng.random() >= context.config.speed_share:
        return sound
    return fit_length(change_speed(sound, rng.uniform(*context.config.speed_range)), len(sound), rng)


def _shift(sound: Array, context: _Context, rng: np.random.Generator) -> Array:
    if rng.random() >= context.config.shift_share:
        return sound
    longest = min(len(sound), round(context.config.max_shift_s * context.sample_rate))
    n_samples = int(rng.integers(-longest, longest, endpoint=True))
    return (
        shift_circular(sound, n_samples)
        if context.config.shift_fill == "wrap"
        else shift_with_silence(sound, n_samples)
    )


def _reverb(sound: Array, context: _Context, rng: np.random.Generator) -> Array:
    if rng.random() >= context.config.reverb_share:
        return sound
    decay_s = _log_uniform(context.config.reverb_decay_range_s, rng)
    direct_db = rng.uniform(*context.config.reverb_direct_range_db)
    return add_reverb(sound, context.sample_rate, rng, decay_s=decay_s, direct_db=direct_db)


def _noise(sound: Array, context: _Context, rng: np.random.Generator) -> Array:
    if rng.random() >= context.config.noise_share:
        return sound
    snr_db, exponent = (
        rng.uniform(*context.config.noise_snr_range_db),
        rng.uniform(*context.config.noise_exponent_range),
    )
    if rng.random() < context.config.recorded_noise_share and context.recordings is not None:
        n_layers = rng.integers(*context.config.noise_layers_range, endpoint=True)
        noise = layer_noise([_recording(len(sound), context.recordings, rng) for _ in range(n_layers)], rng)
    else:
        noise = coloured_noise(len(sound), exponent, context.sample_rate, rng)
    return add_noise(sound, noise, snr_db)


def _recording(n_samples: int, recordings: Noise, rng: np.random.Generator) -> Array:
    return fit_length(recordings(rng), n_samples, rng, shorter="repeat")


def _filter(sound: Array, context: _Context, rng: np.random.Generator) -> Array:
    config = context.config
    shares = np.array([config.equaliser_share, config.low_pass_share, config.high_pass_share])
    has_equaliser, has_low_pass, has_high_pass = rng.random(3) < shares
    # Draws all values in any case, so that none of the three filters changes the values of another.
    knots_db = draw_colour(config.equaliser_depth_db, rng)
    low_pass_hz, high_pass_hz = (_log_uniform(hz, rng) for hz in (config.low_pass_range_hz, config.high_pass_range_hz))
    low_slope_db, high_slope_db = rng.uniform(*config.pass_slope_range_db, 2)
    if not (has_equaliser or has_low_pass or has_high_pass):
        return sound
    frequencies_hz = filter_frequencies_hz(context.sample_rate)
    gains_db = np.zeros_like(frequencies_hz)
    if has_equaliser:
        gains_db += colour_db(knots_db, frequencies_hz)
    if has_low_pass:
        gains_db += low_pass_db(low_pass_hz, low_slope_db, frequencies_hz)
    if has_high_pass:
        gains_db += high_pass_db(high_pass_hz, high_slope_db, frequencies_hz)
    return apply_filter(sound, gains_db)


def _gain(sound: Array, context: _Context, rng: np.random.Generator) -> Array:
    if rng.random() >= context.config.gain_share:
        return sound
    return apply_gain(sound, rng.uniform(*context.config.gain_range_db))


def _codec(sound: Array, context: _Context, rng: np.random.Generator) -> Array:
    if rng.random() >= context.config.codec_share:
        return sound
    return apply_random_codec(sound, context.sample_rate, rng, context.config.codecs)


_STEPS = (_speed, _shift, _reverb, _noise, _filter, _gain, _codec)


def _log_uniform(bounds: tuple[float, float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(bounds))))
