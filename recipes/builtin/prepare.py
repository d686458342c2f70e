"""Prepare the training data: synthetic sounds, the clip list, and log-mels of every clip for student and teacher.

python -m recipes.builtin.prepare [--data ../shared] [--out runs/builtin]

Needs fluidsynth with fluid-soundfont-gm, espeak-ng and flite (Debian packages of these names).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from panns.audio import load_sound, resample
from panns.augment.reverb import add_reverb
from panns.data.clip_lists import Clip, read_clip_list, write_clip_list
from panns.frontend import LogMelConfig
from panns.system.arrays import Array
from recipes.builtin.clips import training_clips
from recipes.builtin.labels import add_parents
from recipes.builtin.settings import read_settings
from recipes.builtin.synthetic.music import render_music
from recipes.builtin.synthetic.sounds import SAMPLE_RATE, write_synthetic
from recipes.builtin.synthetic.tones import synthesise_tones
from recipes.builtin.synthetic.voices import synthesise_voices
from recipes.common.frontends import find_log_mel
from recipes.common.mel_store import write_mel_store
from recipes.common.paths import ROOT, RUNS

CLIPS_FILE, SYNTHETIC_FILE, MELS_FOLDER = "clips.csv", "synthetic.csv", "mels"
N_VERSIONS = 2  # every clip unchanged, and changed once
SPEEDS = (0.84, 1.19)
MIN_SAMPLES = 3_200


def main() -> None:
    """Write the training data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--out", type=Path, default=RUNS / "builtin", help="output folder")
    arguments = parser.parse_args()
    out, data = arguments.out, arguments.data / "data"
    settings = read_settings()
    out.mkdir(parents=True, exist_ok=True)
    recorded = training_clips(data, arguments.data / "reference" / "esc50_to_audioset.json")
    clips = [*recorded, *make_synthetic_clips(out, settings.seed)]
    write_clip_list(out / CLIPS_FILE, clips)
    waveforms = make_versions(clips, (data, out), np.random.default_rng([settings.seed, 4]))
    write_mel_store(out / MELS_FOLDER, waveforms, stored_frontends(settings.architecture, settings.teacher))
    print(f"{len(clips)} clips in {N_VERSIONS} versions are in {out}")


def make_synthetic_clips(out: Path, seed: int) -> list[Clip]:
    """List the synthetic sounds, with the ancestors of their labels; the first call writes the files."""
    if not (out / SYNTHETIC_FILE).exists():
        clips = write_synthetic(synthesise_tones(seed, n_each=10), out)
        clips += write_synthetic(synthesise_voices(seed, n_counting=1, n_babble=40), out)
        clips += write_synthetic(render_music(seed, n_solos=2, n_drums=40, n_ensembles=120), out)
        write_clip_list(out / SYNTHETIC_FILE, clips)
    return [replace(clip, labels=add_parents(clip.labels)) for clip in read_clip_list(out / SYNTHETIC_FILE).clips]


def stored_frontends(architecture: str, teacher: str) -> tuple[LogMelConfig, LogMelConfig]:
    """Front ends of student and teacher, both with the hop of the teacher; the student takes every n-th frame."""
    own, of_teacher = find_log_mel(architecture), find_log_mel(teacher)
    return replace(own, hop_samples=of_teacher.hop_samples), of_teacher


def find_clip(clip: Clip, folders: Sequence[Path]) -> Path:
    """Path of a clip in the first of several folders that has it."""
    return next(folder / clip.path for folder in folders if (folder / clip.path).exists())


def make_versions(clips: Sequence[Clip], folders: Sequence[Path], rng: np.random.Generator) -> Iterator[Array]:
    """Every clip unchanged, then changed at random, clip by clip."""
    for clip in clips:
        waveform = load_sound(find_clip(clip, folders), sample_rate=SAMPLE_RATE)
        waveform = np.pad(waveform, (0, max(0, MIN_SAMPLES - len(waveform))))
        yield waveform
        yield change(waveform, SAMPLE_RATE, rng)


def change(waveform: Array, sample_rate: int, rng: np.random.Generator) -> Array:
    """Change the speed of a waveform; add reverberation to a third of all, and clip the peaks of a quarter."""
    speed = float(np.exp(rng.uniform(*np.log(SPEEDS))))
    waveform = resample(waveform, round(sample_rate * speed), sample_rate)
    if rng.random() < 0.33:
        decay_s = float(np.exp(rng.uniform(np.log(0.15), np.log(2.0))))
        waveform = add_reverb(waveform, sample_rate, rng, decay_s=decay_s, direct_db=float(rng.uniform(-6, 12)))
    if rng.random() < 0.25:
        ceiling = np.float32(np.abs(waveform).max() * 10 ** (-rng.uniform(3, 20) / 20))
        waveform = np.clip(waveform, -ceiling, ceiling)
    return waveform


if __name__ == "__main__":
    main()
