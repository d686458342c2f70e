"""Sounds computed from formulas: telephone tones, alarms, sirens, hums and noises."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from scipy import signal

from panns.augment.noise import coloured_noise
from panns.system.arrays import Array
from recipes.builtin.synthetic.sounds import FOLDER, SAMPLE_RATE, SyntheticClip

Maker = Callable[[np.random.Generator], Array]

CREDIT = "computed by this recipe"
DURATION_S = 6.0
N_SAMPLES = round(DURATION_S * SAMPLE_RATE)
# Every key of a telephone is a low and a high tone (ITU-T Q.23).
DTMF_LOW_HZ, DTMF_HIGH_HZ = (697, 770, 852, 941), (1209, 1336, 1477, 1633)


def synthesise_tones(seed: int, *, n_each: int) -> Iterator[SyntheticClip]:
    """Synthesise every kind of sound, `n_each` times with random pitches and rhythms."""
    rng = np.random.default_rng([seed, 3])
    for name, (maker, labels) in KINDS.items():
        for i in range(n_each):
            loudness = np.float32(10 ** (rng.uniform(-20, -1) / 20))
            yield SyntheticClip(f"{FOLDER}/tones/{name}-{i:02d}.flac", maker(rng) * loudness, labels, "CC0 1.0", CREDIT)


def _time() -> npt.NDArray[np.float64]:
    return np.arange(N_SAMPLES) / SAMPLE_RATE


def _sines(*frequencies_hz: float) -> Array:
    sines: Array = np.mean([np.sin(2 * np.pi * hz * _time()) for hz in frequencies_hz], axis=0).astype(np.float32)
    return sines


def _gated(sound: Array, on_s: float, off_s: float) -> Array:
    """Switch a sound on and off, with ramps of 5 ms."""
    is_on = (_time() % (on_s + off_s) < on_s).astype(np.float32)
    ramp = np.ones(SAMPLE_RATE // 200, np.float32)
    gated: Array = sound * signal.convolve(is_on, ramp / len(ramp), mode="same").astype(np.float32)
    return gated


def _swept(hz: npt.NDArray[np.float64], *, harmonics: int = 1) -> Array:
    """A tone with harmonics, from its frequency over time."""
    phase = 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE
    parts = [np.sin(k * phase) / k for k in range(1, harmonics + 1)]
    swept: Array = (np.sum(parts, axis=0) / 1.5).astype(np.float32)
    return swept


def _dial(rng: np.random.Generator) -> Array:
    return _sines(425.0) if rng.random() < 0.4 else _sines(350.0, 440.0)


def _busy(rng: np.random.Generator) -> Array:
    return _gated(
        _sines(425.0) if rng.random() < 0.4 else _sines(480.0, 620.0), *rng.choice([[0.5, 0.5], [0.25, 0.25]])
    )


def _ringback(rng: np.random.Generator) -> Array:
    return _gated(_sines(440.0, 480.0), 2.0, float(rng.choice([2.0, 4.0])))


def _telephone_bell(rng: np.random.Generator) -> Array:
    """Two bells, struck about 20 times a second."""
    strike = _time() % (1 / float(rng.uniform(16, 24)))
    bells = _sines(
        *(float(hz) for hz in rng.uniform(900, 2_200, 4)), *(float(hz) for hz in rng.uniform(2_500, 5_000, 3))
    )
    return _gated(
        bells * np.exp(-strike * 25).astype(np.float32),
        float(rng.choice([0.4, 1.0, 2.0])),
        float(rng.uniform(0.2, 2.0)),
    )


def _dtmf(rng: np.random.Generator) -> Array:
    on_s, off_s = float(rng.uniform(0.06, 0.25)), float(rng.uniform(0.04, 0.3))
    out = np.zeros(N_SAMPLES, np.float32)
    for start in np.arange(0.1, DURATION_S - on_s, on_s + off_s):
        first, last = round(start * SAMPLE_RATE), round((start + on_s) * SAMPLE_RATE)
        out[first:last] = _sines(float(rng.choice(DTMF_LOW_HZ)), float(rng.choice(DTMF_HIGH_HZ)))[first:last]
    return out


def _smoke_alarm(rng: np.random.Generator) -> Array:
    """Three beeps of 0.5 s, then a pause: the temporal-three pattern of ISO 8201."""
    beeps = _gated(_swept(np.full(N_SAMPLES, rng.uniform(2_800, 3_400)), harmonics=3), 0.5, 0.5)
    return beeps * (_time() % 4.0 < 3.0).astype(np.float32)


def _beeps(rng: np.random.Generator) -> Array:
    on_s = float(rng.uniform(0.05, 0.5))
    return _gated(
        _swept(np.full(N_SAMPLES, rng.uniform(500, 4_000)), harmonics=int(rng.integers(1, 6))),
        on_s,
        on_s * float(rng.uniform(0.5, 3)),
    )


def _alarm_clock(rng: np.random.Generator) -> Array:
    """Groups of four short beeps."""
    beeps = _gated(_swept(np.full(N_SAMPLES, rng.uniform(1_800, 3_000)), harmonics=5), 0.06, 0.06)
    return beeps * (_time() % 1.0 < 0.48).astype(np.float32)


def _yelp(rng: np.random.Generator) -> Array:
    low, high, rate = rng.uniform(500, 700), rng.uniform(1_200, 1_700), rng.uniform(2.0, 4.0)
    return _swept(low + (high - low) * np.abs(signal.sawtooth(2 * np.pi * rate * _time(), width=0.5)), harmonics=8)


def _wail(rng: np.random.Generator) -> Array:
    low, high, rate = rng.uniform(400, 700), rng.uniform(1_000, 1_600), rng.uniform(0.15, 0.5)
    return _swept(low + (high - low) * 0.5 * (1 - np.cos(2 * np.pi * rate * _time())), harmonics=8)


def _two_tone(rng: np.random.Generator) -> Array:
    low, ratio, rate = rng.uniform(400, 700), rng.uniform(1.2, 1.5), rng.uniform(0.4, 1.2)
    return _swept(np.where(_time() * rate % 1 < 0.5, low, low * ratio), harmonics=8)


def _civil_defence(rng: np.random.Generator) -> Array:
    top, rise = rng.uniform(400, 900), rng.uniform(1.5, 3.0)
    return _swept(top * np.minimum(1, 0.3 + _time() / rise), harmonics=10)


def _sine(rng: np.random.Generator) -> Array:
    return _sines(float(np.exp(rng.uniform(np.log(80), np.log(8_000)))))


def _sweep(rng: np.random.Generator) -> Array:
    ends = np.exp(rng.uniform(np.log(60), np.log(10_000), 2))
    return _swept(np.geomspace(ends[0], ends[1], N_SAMPLES))


def _hum(rng: np.random.Generator) -> Array:
    return _swept(np.full(N_SAMPLES, float(rng.choice([50.0, 60.0, 100.0, 120.0]))), harmonics=int(rng.integers(2, 10)))


def _buzzer(rng: np.random.Generator) -> Array:
    wave = signal.square(2 * np.pi * rng.uniform(90, 400) * _time()).astype(np.float32)
    return _gated(wave, float(rng.uniform(0.3, 1.5)), float(rng.uniform(0.2, 1.0)))


def _noise(rng: np.random.Generator) -> Array:
    return (0.3 * rng.normal(0, 1, N_SAMPLES)).astype(np.float32)


def _coloured(rng: np.random.Generator) -> Array:
    noise = coloured_noise(N_SAMPLES, float(rng.uniform(0.5, 2.0)), SAMPLE_RATE, rng)
    return (noise / max(float(np.abs(noise).max()), 1e-6)).astype(np.float32)


def _static(rng: np.random.Generator) -> Array:
    crackle = rng.normal(0, 1, N_SAMPLES) * (rng.random(N_SAMPLES) < rng.uniform(0.001, 0.05))
    return (0.4 * crackle + rng.uniform(0.01, 0.2) * rng.normal(0, 1, N_SAMPLES)).astype(np.float32)


def _ticking(rng: np.random.Generator) -> Array:
    period_s = float(rng.choice([0.2, 0.25, 0.5, 1.0]))
    since_s = _time() % period_s
    return (np.exp(-since_s * rng.uniform(200, 600)) * rng.normal(0, 1, N_SAMPLES)).astype(np.float32)


def _engine(rng: np.random.Generator) -> Array:
    """Firing pulses with harmonics, slowly revving, over low noise."""
    hz = rng.uniform(20, 90) * (1 + rng.uniform(0, 0.5) * np.sin(2 * np.pi * rng.uniform(0.05, 0.4) * _time()))
    pulses = _swept(hz, harmonics=20)
    noise = signal.lfilter([0.05], [1, -0.95], rng.normal(0, 1, N_SAMPLES))
    engine: Array = (0.6 * pulses + 0.4 * noise).astype(np.float32)
    return engine


KINDS: dict[str, tuple[Maker, tuple[str, ...]]] = {
    "dial": (_dial, ("Dial tone",)),
    "busy": (_busy, ("Busy signal",)),
    "ringback": (_ringback, ()),
    "telephone-bell": (_telephone_bell, ("Telephone bell ringing",)),
    "dtmf": (_dtmf, ("Telephone dialing, DTMF",)),
    "smoke-alarm": (_smoke_alarm, ("Smoke detector, smoke alarm",)),
    "beeps": (_beeps, ("Beep, bleep",)),
    "alarm-clock": (_alarm_clock, ("Alarm clock",)),
    "yelp": (_yelp, ("Siren",)),
    "wail": (_wail, ("Siren",)),
    "two-tone": (_two_tone, ("Siren",)),
    "civil-defence": (_civil_defence, ("Civil defense siren",)),
    "sine": (_sine, ("Sine wave",)),
    "sweep": (_sweep, ("Chirp tone",)),
    "hum": (_hum, ("Hum",)),
    "buzzer": (_buzzer, ("Buzzer",)),
    "white-noise": (_noise, ("White noise",)),
    "coloured-noise": (_coloured, ("Noise",)),
    "static": (_static, ("Static",)),
    "ticking": (_ticking, ("Tick",)),
    "engine": (_engine, ()),
}
