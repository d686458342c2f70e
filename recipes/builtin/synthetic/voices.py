"""Synthetic speech: espeak-ng in more than a hundred languages, flite in English, single voices and babble."""

from __future__ import annotations

import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from panns.audio import load_sound
from panns.system.arrays import Array
from recipes.builtin.synthetic.sounds import FOLDER, SAMPLE_RATE, SyntheticClip

_TEXTS = tomllib.loads((Path(__file__).parent / "sentences.toml").read_text(encoding="utf-8"))
SENTENCES: dict[str, list[str]] = _TEXTS["sentences"]
COUNTING: str = _TEXTS["counting"]
VARIANTS = ("", "+f1", "+f2", "+f3", "+f4", "+f5", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+croak")
WHISPERS = ("+whisper", "+whisperf")
ESPEAK = "espeak-ng"
FLITE_VOICES = ("kal16", "rms", "slt")
ESPEAK_CREDIT = "text of this recipe spoken by espeak-ng 1.51 (a GPL-3 program; its output is taken as free)"
FLITE_CREDIT = "text of this recipe spoken by flite 2.2 (Carnegie Mellon University, BSD-like licence)"
SPEECH, BABBLE, WHISPER = "Speech", "Hubbub, speech noise, speech babble", "Whispering"
MAX_S = 10.0


def synthesise_voices(seed: int, *, n_counting: int, n_babble: int) -> Iterator[SyntheticClip]:
    """Synthesise every sentence in two voices, counting in all languages, whispers, and babble.

    Args:
        seed: Random seed.
        n_counting: Voices that count in each language.
        n_babble: Clips of babble.
    """
    rng = np.random.default_rng([seed, 2])
    texts = [(language, text) for language, all_texts in SENTENCES.items() for text in (*all_texts, *all_texts)]
    texts += [(language, COUNTING) for language in _list_languages() for _ in range(n_counting)]
    spoken: list[Array] = []
    for i, (language, text) in enumerate(texts):
        voice = language + str(rng.choice(VARIANTS))
        waveform = _run_espeak(voice, text, rng)
        if waveform is not None:
            spoken.append(waveform)
            path = f"{FOLDER}/voices/espeak-{i:04d}-{language}.flac"
            yield SyntheticClip(path, waveform, (SPEECH,), "CC0 1.0", ESPEAK_CREDIT)
    for i, (language, text) in enumerate(texts[:80:2]):
        waveform = _run_espeak(language + str(rng.choice(WHISPERS)), text, rng)
        if waveform is not None:
            yield SyntheticClip(f"{FOLDER}/voices/whisper-{i:03d}.flac", waveform, (WHISPER,), "CC0 1.0", ESPEAK_CREDIT)
    english = SENTENCES["en-us"] + SENTENCES["en-gb"]
    for voice in FLITE_VOICES:
        for i, text in enumerate(english):
            waveform = _run(["flite", "-voice", voice, "-t", text, "-o"])
            if waveform is not None:
                spoken.append(waveform)
                path = f"{FOLDER}/voices/flite-{voice}-{i}.flac"
                yield SyntheticClip(path, waveform, (SPEECH,), "MIT", FLITE_CREDIT)
    for i in range(n_babble):
        chosen = rng.integers(len(spoken), size=int(rng.integers(6, 20)))
        mixed = mix_babble([spoken[index] for index in chosen], rng)
        yield SyntheticClip(f"{FOLDER}/voices/babble-{i:03d}.flac", mixed, (BABBLE,), "CC0 1.0", ESPEAK_CREDIT)


def mix_babble(spoken: Sequence[Array], rng: np.random.Generator) -> Array:
    """Mix voices at random levels and offsets."""
    n_samples = round(MAX_S * SAMPLE_RATE)
    mixed = np.zeros(n_samples, np.float32)
    for waveform in spoken:
        looped = np.resize(np.roll(waveform, int(rng.integers(len(waveform)))), n_samples)
        mixed += looped * np.float32(10 ** (rng.uniform(-12, 0) / 20))
    return mixed / np.float32(len(spoken) ** 0.5)


def _list_languages() -> list[str]:
    """Languages of the installed espeak-ng."""
    command = (ESPEAK, "--voices")
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted({line.split()[1] for line in listed.splitlines()[1:]})


def _run_espeak(voice: str, text: str, rng: np.random.Generator) -> Array | None:
    speed, pitch = int(rng.integers(110, 210)), int(rng.integers(20, 80))
    return _run([ESPEAK, "-v", voice, "-s", str(speed), "-p", str(pitch), text, "-w"])


def _run(command: Sequence[str]) -> Array | None:
    """Run a synthesiser with an output file as its last argument; None if it fails, as for an unsupported text."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "speech.wav"
        done = subprocess.run([*command, str(file)], check=False, capture_output=True, timeout=60)
        if done.returncode or not file.exists() or file.stat().st_size < 1_000:
            return None
        return load_sound(file, sample_rate=SAMPLE_RATE)[: round(MAX_S * SAMPLE_RATE)]
