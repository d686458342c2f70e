"""Make the example sounds beside this script: synthesised here, so they are free of anyone else's rights.

Usage: python examples/make_sounds.py. The speech comes from eSpeak NG, a system package that must be installed for it.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import numpy as np
import soundfile

SAMPLE_RATE = 32_000
FOLDER = Path(__file__).parent
SENTENCE = "Hello. This sentence was spoken by a machine, so that nobody's voice had to be recorded."


def bell() -> np.ndarray:
    """Strokes of a church bell: partials in the ratios of a minor-third bell, the high ones dying first."""
    ratios = np.array([0.5, 1.0, 1.183, 1.506, 2.0, 2.514, 2.662, 3.011, 4.166, 5.433, 6.796, 8.215])
    levels = np.array([0.4, 0.7, 0.9, 0.5, 1.0, 0.5, 0.45, 0.4, 0.35, 0.3, 0.2, 0.15])
    decays_per_s = np.array([0.4, 0.7, 0.9, 1.6, 1.5, 2.8, 3.0, 3.2, 4.5, 6.0, 8.0, 10.0])
    rng = np.random.default_rng(0)
    sound = np.zeros(5 * SAMPLE_RATE)
    for stroke_s in (0.05, 1.3, 2.5, 3.75):
        start = round(stroke_s * SAMPLE_RATE)
        t = np.arange(len(sound) - start) / SAMPLE_RATE
        # Every partial is a pair, a little apart, because no bell is quite round: it beats.
        pairs = np.sin(2 * np.pi * 523 * ratios[:, None] * t) + 0.6 * np.sin(
            2 * np.pi * (523 * ratios[:, None] + 0.9) * t
        )
        sound[start:] += (levels[:, None] * np.exp(-decays_per_s[:, None] * t) * pairs).sum(axis=0)
        sound[start:] += 2.0 * rng.standard_normal(len(t)) * np.exp(-t * 180)  # the clapper
    return reverberate(sound, seconds=1.5, level=0.25)


def siren() -> np.ndarray:
    """A wailing siren in a street: a horn's bright tone that rises and falls."""
    t = np.arange(5 * SAMPLE_RATE) / SAMPLE_RATE
    pitch_hz = 1050 - 450 * np.cos(2 * np.pi * t / 2.5)
    phase = 2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE
    tone = np.tanh(3 * np.sin(phase) + 0.8 * np.sin(2 * phase + 0.4))
    street = low_pass(np.random.default_rng(1).standard_normal(len(t)), 400) * 0.6
    return reverberate(tone, seconds=1.2, level=0.5) * 0.6 + street


def rain() -> np.ndarray:
    """Rain on a roof: a steady hiss, and thousands of drops that each ring for some milliseconds."""
    rng = np.random.default_rng(0)
    n_samples = 5 * SAMPLE_RATE
    hiss = rng.standard_normal(n_samples)
    hiss = 0.05 * (hiss - 0.6 * low_pass(hiss, 1000))
    drops = np.zeros(n_samples + 2000)
    for start in rng.integers(0, n_samples, size=9000):
        n = 1500
        t = np.arange(n) / SAMPLE_RATE
        pitch_hz = rng.lognormal(np.log(2500), 0.6)
        level = min(rng.pareto(2.5) * 0.02, 0.4)
        drops[start : start + n] += level * np.sin(2 * np.pi * pitch_hz * t) * np.exp(-t * rng.uniform(150, 900))
        drops[start : start + 200] += level * rng.standard_normal(200) * np.exp(-t[:200] * 1500)
    return reverberate(hiss + drops[:n_samples], seconds=0.3, level=0.1)


def engine() -> np.ndarray:
    """An engine that idles, is revved up and falls back: a burst of pressure for every firing, through an exhaust."""
    rng = np.random.default_rng(2)
    t = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    unsteady = 1 + 0.6 * low_pass(rng.standard_normal(len(t)), 8)
    phase = np.cumsum((60 + 80 * np.exp(-(((t - 3.0) / 1.2) ** 2))) * unsteady) / SAMPLE_RATE
    firing, position = phase.astype(int), phase % 1.0
    strength = 1 + 0.25 * rng.standard_normal(firing.max() + 1)[firing] + 0.2 * np.sin(2 * np.pi * phase / 4)
    shape = np.sin(3 * np.pi * position) + 0.5 * rng.standard_normal(len(t))
    hz = np.fft.rfftfreq(len(t), 1 / SAMPLE_RATE)
    exhaust = 1 / (1 + (hz / 900) ** 2)
    for centre_hz, width_hz, gain in ((90, 40, 2.0), (210, 60, 1.5), (430, 120, 1.2), (1100, 300, 0.5)):
        exhaust += gain * np.exp(-(((hz - centre_hz) / width_hz) ** 2))
    sound = np.fft.irfft(np.fft.rfft(strength * np.exp(-7 * position) * shape) * exhaust, len(t))
    rumble = low_pass(rng.standard_normal(len(t)), 120)
    return reverberate(sound / sound.std() + 0.3 * rumble / rumble.std(), seconds=0.4, level=0.3)


def knock() -> np.ndarray:
    """Knuckles on a wooden door, twice three times: short thuds of the panel's few low modes, in a room."""
    rng = np.random.default_rng(3)
    sound = np.zeros(4 * SAMPLE_RATE)
    for stroke_s in (0.4, 0.62, 0.84, 2.2, 2.42, 2.64):
        start = round((stroke_s + rng.normal(0, 0.006)) * SAMPLE_RATE)
        t = np.arange(round(0.25 * SAMPLE_RATE)) / SAMPLE_RATE
        modes = sum(
            level * np.sin(2 * np.pi * hz * t) * np.exp(-t * decay)
            for hz, level, decay in ((112, 1.0, 32), (187, 0.8, 40), (295, 0.6, 55), (460, 0.4, 80), (810, 0.25, 130))
        )
        tick = low_pass(rng.standard_normal(len(t)), 2500) * np.exp(-t * 500)
        sound[start : start + len(t)] += rng.uniform(0.8, 1.0) * (modes + 0.9 * tick)
    return reverberate(sound, seconds=0.35, level=0.2)


def music() -> np.ndarray:
    """Broken chords on a guitar: plucked strings after Karplus and Strong (1983), a loop that loses its high tones."""
    rng = np.random.default_rng(4)
    chords = ((48, 55, 60, 64, 67), (45, 52, 57, 60, 64), (41, 53, 57, 60, 65), (43, 50, 55, 59, 62))  # C, Am, F, G
    sound = np.zeros(7 * SAMPLE_RATE)
    for bar, chord in enumerate(chords):
        for beat, string in enumerate((0, 2, 3, 4, 3, 2)):
            start = round((0.1 + 1.5 * bar + 0.25 * beat) * SAMPLE_RATE)
            n = min(round(1.6 * SAMPLE_RATE), len(sound) - start)
            sound[start : start + n] += pluck(440 * 2 ** ((chord[string] - 69) / 12), n, rng)
    return reverberate(sound, seconds=0.8, level=0.15)


def pluck(pitch_hz: float, n_samples: int, rng: np.random.Generator) -> np.ndarray:
    """One plucked string."""
    period = round(SAMPLE_RATE / pitch_hz)
    loop = low_pass(rng.uniform(-1, 1, period), 3_000)
    string = np.zeros(n_samples + period)
    string[:period] = loop
    for start in range(period, n_samples, period):
        before = string[start - period : start]
        after = 0.996 * 0.5 * (before + np.concatenate((before[-1:], before[:-1])))
        string[start : start + period] = after[: len(string) - start]
    return string[:n_samples]


def speech() -> np.ndarray:
    """A sentence, spoken by eSpeak NG."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise SystemExit("the speech needs eSpeak NG; install the system package espeak-ng")
    done = subprocess.run([program, "-v", "en", "-s", "150", "--stdout", SENTENCE], capture_output=True, check=True)
    waveform, sample_rate = soundfile.read(io.BytesIO(done.stdout))
    positions = np.arange(0, len(waveform), sample_rate / SAMPLE_RATE)
    resampled: np.ndarray = np.interp(positions, np.arange(len(waveform)), waveform)
    return resampled


def low_pass(sound: np.ndarray, cutoff_hz: float) -> np.ndarray:
    """Fade out what is above a frequency, by 12 dB an octave."""
    hz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
    return np.fft.irfft(np.fft.rfft(sound) / (1 + (hz / cutoff_hz) ** 2), len(sound))


def reverberate(sound: np.ndarray, *, seconds: float, level: float) -> np.ndarray:
    """Add the echoes of a room: noise that dies away in `seconds`."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    echoes = np.random.default_rng(9).standard_normal(len(t)) * np.exp(-6.9 * t / seconds)
    echoes /= np.sqrt((echoes**2).sum())
    n = len(sound) + len(t)
    wet = np.fft.irfft(np.fft.rfft(sound, n) * np.fft.rfft(echoes, n), n)[: len(sound)]
    return sound + level * wet


def main() -> None:
    """Write every sound as a small Ogg Vorbis file."""
    for make in (bell, siren, rain, engine, knock, music, speech):
        sound = make()
        sound = sound * (0.5 / np.abs(sound).max())
        soundfile.write(FOLDER / f"{make.__name__}.ogg", sound.astype(np.float32), SAMPLE_RATE)


if __name__ == "__main__":
    main()
