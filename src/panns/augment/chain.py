"""A waveform the way it might have come: from its source through a room, past a microphone, into a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from panns.augment.codec import CODECS, CodecName, apply_random_codec, check_codecs
from panns.augment.filtering import apply_filter, filter_frequencies_hz, high_pass_db, low_pass_db
from panns.augment.gain import apply_gain, limit_peak
from panns.augment.length import fit_length
from panns.augment.noise import add_noise, coloured_noise, layer_noise
from panns.augment.reverb import add_reverb
from panns.augment.shift import shift_circular, shift_with_silence
from panns.augment.spectrum import colour_db, draw_colour
from panns.augment.speed import change_speed

Array = npt.NDArray[np.float32]
Noise: TypeAlias = Callable[[np.random.Generator], Array]
"""Gives a recording of noise, `(samples,)` of any length, at the sample rate of the waveforms."""


@dataclass(frozen=True)
class AugmentConfig:
    """What may happen to a waveform, in this order; with the defaults nothing does.

    Every `..._share` is the probability with which a waveform is changed in that way; what is drawn from a range is
    drawn evenly, frequencies and decays evenly in their logarithm.

    Attributes:
        speed_share: Faster or slower, and higher or lower with it. A longer sound is cropped where it sounds; around a
            shorter one is silence.
        speed_range: Factors, 0.25 to 4.
        shift_share: Earlier or later ...
        max_shift_s: ... by this at most.
        shift_fill: What comes in at one end: "wrap" what left at the other, or "silence".
        reverb_share: In a room ...
        reverb_decay_range_s: ... which takes so long to fall by 60 dB ...
        reverb_direct_range_db: ... with the direct sound so much above all reflections together.
        noise_share: With noise beside it ...
        noise_snr_range_db: ... so much below the sound, where both sound ...
        noise_exponent_range: ... whose power falls as 1/f to this: 0 is white, 1 pink, 2 brown ...
        recorded_noise_share: ... or, this often, is recorded, for callers that have recordings ...
        noise_layers_range: ... so many of them at once, none more than 12 dB above another.
        equaliser_share: Coloured ...
        equaliser_depth_db: ... by up to this up or down, at five frequencies with straight lines between.
        low_pass_share: Without the frequencies above ...
        low_pass_range_hz: ... one of these.
        high_pass_share: Without the frequencies below ...
        high_pass_range_hz: ... one of these.
        pass_slope_range_db: How both fall, an octave.
        gain_share: Recorded louder or softer ...
        gain_range_db: ... by this.
        codec_share: Through an encoder and back ...
        codecs: ... one of these; there are also "opus" and "aac", which need the extra `media`.
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
                raise ValueError(f"{field}={value:g} is no probability; use 0 for never to 1 for always")
        for field, lowest, highest in _RANGES:
            low, high = getattr(self, field)
            if not lowest <= low <= high <= highest:
                raise ValueError(f"{field}={(low, high)} must rise and lie within {lowest:g} to {highest:g}")
        for field, highest in (("max_shift_s", 3_600.0), ("equaliser_depth_db", 40.0)):
            if not 0 <= getattr(self, field) <= highest:
                raise ValueError(f"{field}={getattr(self, field):g} must be 0 to {highest:g}")
        if not self.codecs:
            raise ValueError(f"codecs=() leaves none to choose from; use some of {', '.join(CODECS)}, or codec_share=0")

    def check_installed(self) -> None:
        """Make sure that all that these settings ask for can be used here, before the first clip asks for it.

        Raises:
            MissingExtra: A codec needs the extra `media`.
            ValueError: The FFmpeg that is installed cannot encode one of them.
        """
        if self.codec_share:
            check_codecs(self.codecs)

    @property
    def time_changes(self) -> AugmentConfig:
        """What of these settings changes which sound is heard when, its speed and its shift; without all else."""
        return AugmentConfig(
            speed_share=self.speed_share,
            speed_range=self.speed_range,
            shift_share=self.shift_share,
            max_shift_s=self.max_shift_s,
            shift_fill=self.shift_fill,
        )

    @property
    def keeps_times(self) -> bool:
        """Whether every sound stays where it is in its clip, as labels with times need it."""
        return not self.speed_share and not self.shift_share


# What ranges may hold: beyond, nothing is left of the sound, or its numbers overflow.
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
    """A waveform changed at random, the same way for the same settings and the same state of the generator.

    Each step has a generator of its own, so one that is switched off changes nothing of what the others draw.

    Args:
        waveform: `(samples,)`, at least one, finite.
        config: What may happen.
        sample_rate: Of the waveform.
        rng: Where chance comes from; it moves on by the same amount whatever happens.
        noise: Gives recordings of noise; without it, noise is made.

    Returns:
        `(samples,)` float32, its own memory. Turned down where changes have brought its peak above full scale, which
        no recording passes.
    """
    way = _Way(config, sample_rate, noise)
    # Seeds are drawn, not spawned: how often a generator has spawned is not part of the state that a resumed run
    # restores.
    seeds = rng.integers(2**63, size=len(_STEPS))
    sound = waveform
    for step, seed in zip(_STEPS, seeds, strict=True):
        sound = step(sound, way, np.random.default_rng(seed))
    return waveform.copy() if sound is waveform else limit_peak(sound)


class _Way(NamedTuple):
    config: AugmentConfig
    sample_rate: int
    recordings: Noise | None


def _speed(sound: Array, way: _Way, rng: np.random.Generator) -> Array:
    if rng.random() >= way.config.speed_share:
        return sound
    return fit_length(change_speed(sound, rng.uniform(*way.config.speed_range)), len(sound), rng)


def _shift(sound: Array, way: _Way, rng: np.random.Generator) -> Array:
    if rng.random() >= way.config.shift_share:
        return sound
    longest = min(len(sound), round(way.config.max_shift_s * way.sample_rate))
    n_samples = int(rng.integers(-longest, longest, endpoint=True))
    return shift_circular(sound, n_samples) if way.config.shift_fill == "wrap" else shift_with_silence(sound, n_samples)


def _reverb(sound: Array, way: _Way, rng: np.random.Generator) -> Array:
    if rng.random() >= way.config.reverb_share:
        return sound
    decay_s = _log_uniform(way.config.reverb_decay_range_s, rng)
    direct_db = rng.uniform(*way.config.reverb_direct_range_db)
    return add_reverb(sound, way.sample_rate, rng, decay_s=decay_s, direct_db=direct_db)


def _noise(sound: Array, way: _Way, rng: np.random.Generator) -> Array:
    if rng.random() >= way.config.noise_share:
        return sound
    snr_db, exponent = rng.uniform(*way.config.noise_snr_range_db), rng.uniform(*way.config.noise_exponent_range)
    if rng.random() < way.config.recorded_noise_share and way.recordings is not None:
        n_layers = rng.integers(*way.config.noise_layers_range, endpoint=True)
        noise = layer_noise([_recording(len(sound), way.recordings, rng) for _ in range(n_layers)], rng)
    else:
        noise = coloured_noise(len(sound), exponent, way.sample_rate, rng)
    return add_noise(sound, noise, snr_db)


def _recording(n_samples: int, recordings: Noise, rng: np.random.Generator) -> Array:
    return fit_length(recordings(rng), n_samples, rng, shorter="repeat")


def _filter(sound: Array, way: _Way, rng: np.random.Generator) -> Array:
    config = way.config
    shares = np.array([config.equaliser_share, config.low_pass_share, config.high_pass_share])
    has_equaliser, has_low_pass, has_high_pass = rng.random(3) < shares
    # All is drawn that might be needed, so that none of the three changes another.
    knots_db = draw_colour(config.equaliser_depth_db, rng)
    low_pass_hz, high_pass_hz = (_log_uniform(hz, rng) for hz in (config.low_pass_range_hz, config.high_pass_range_hz))
    low_slope_db, high_slope_db = rng.uniform(*config.pass_slope_range_db, 2)
    if not (has_equaliser or has_low_pass or has_high_pass):
        return sound
    frequencies_hz = filter_frequencies_hz(way.sample_rate)
    gains_db = np.zeros_like(frequencies_hz)
    if has_equaliser:
        gains_db += colour_db(knots_db, frequencies_hz)
    if has_low_pass:
        gains_db += low_pass_db(low_pass_hz, low_slope_db, frequencies_hz)
    if has_high_pass:
        gains_db += high_pass_db(high_pass_hz, high_slope_db, frequencies_hz)
    return apply_filter(sound, gains_db)


def _gain(sound: Array, way: _Way, rng: np.random.Generator) -> Array:
    if rng.random() >= way.config.gain_share:
        return sound
    return apply_gain(sound, rng.uniform(*way.config.gain_range_db))


def _codec(sound: Array, way: _Way, rng: np.random.Generator) -> Array:
    if rng.random() >= way.config.codec_share:
        return sound
    return apply_random_codec(sound, way.sample_rate, rng, way.config.codecs)


_STEPS = (_speed, _shift, _reverb, _noise, _filter, _gain, _codec)


def _log_uniform(bounds: tuple[float, float], rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(*np.log(bounds))))
