"""Synthetic music: random scores, rendered by fluidsynth with the MIT-licensed FluidR3 soundfont."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from panns.system.arrays import Array
from recipes.builtin.synthetic.midi import Program, encode_midi
from recipes.builtin.synthetic.scores import Score, drums, ensemble, percussion, solo
from recipes.builtin.synthetic.sounds import FOLDER, SAMPLE_RATE, SyntheticClip

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
CREDIT = "score and rendering of this recipe; FluidR3 GM soundfont by Frank Wen, MIT"
DURATION_S, GAP_S = 8.0, 1.5
SCORES_PER_FILE = 16  # loading the soundfont takes as long as rendering a minute
PERCUSSION_KEYS = range(35, 82)


def render_music(seed: int, *, n_solos: int, n_drums: int, n_ensembles: int) -> Iterator[SyntheticClip]:
    """Render solos of all 128 General MIDI programs, drum kits, single drums and bands."""
    rng = np.random.default_rng([seed, 1])
    scores = [
        (f"solo-{program:03d}-{i}", solo(program, DURATION_S, rng)) for i in range(n_solos) for program in range(128)
    ]
    scores += [(f"drums-{i:03d}", drums(DURATION_S, rng)) for i in range(n_drums)]
    scores += [(f"percussion-{key}", percussion(key, DURATION_S, rng)) for key in PERCUSSION_KEYS]
    scores += [(f"band-{i:03d}", ensemble(DURATION_S, rng)) for i in range(n_ensembles)]
    for start in range(0, len(scores), SCORES_PER_FILE):
        chosen = scores[start : start + SCORES_PER_FILE]
        waveforms = render_scores([score for _, score in chosen])
        for (name, score), waveform in zip(chosen, waveforms, strict=True):
            yield SyntheticClip(f"{FOLDER}/music/{name}.flac", waveform, score.labels, "MIT", CREDIT)


def render_scores(scores: Sequence[Score]) -> list[Array]:
    """Render scores in one run of fluidsynth; one waveform each."""
    length_s = DURATION_S + GAP_S
    programs, notes = [], []
    for i, score in enumerate(scores):
        programs += [replace(one, onset_s=i * length_s + one.onset_s) for one in score.programs]
        notes += [replace(one, onset_s=i * length_s + one.onset_s + 0.01) for one in score.notes]
    programs.append(Program(0, 0, len(scores) * length_s))
    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "score.mid", Path(folder) / "score.wav"
        midi.write_bytes(encode_midi(programs, notes))
        command = [
            "fluidsynth",
            "-ni",
            "-q",
            "-r",
            str(SAMPLE_RATE),
            "-g",
            "0.6",
            "-F",
            str(wav),
            str(SOUNDFONT),
            str(midi),
        ]
        subprocess.run(command, check=True, capture_output=True)
        stereo, _ = soundfile.read(wav, dtype="float32")
    mono = stereo.mean(axis=1)
    n_samples = round(length_s * SAMPLE_RATE)
    pieces = [mono[i * n_samples : (i + 1) * n_samples] for i in range(len(scores))]
    return [piece[: round(DURATION_S * SAMPLE_RATE)] for piece in pieces]
