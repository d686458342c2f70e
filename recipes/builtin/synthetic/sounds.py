"""Synthetic training sounds: one sound with its labels, and writing many as files with a clip list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from panns.data.clip_lists import Clip

SAMPLE_RATE = 32_000
FOLDER = "synthetic"
MIN_PEAK = 1e-3  # a quieter sound is a failure of a synthesiser


@dataclass(frozen=True)
class SyntheticClip:
    """A synthetic sound with its labels.

    Attributes:
        path: Path relative to the output folder of the recipe.
        waveform: `(samples,)` at `SAMPLE_RATE`.
        labels: AudioSet names.
        licence: Licence of the sound.
        attribution: Programs and materials it was made with.
    """

    path: str
    waveform: npt.NDArray[np.float32]
    labels: tuple[str, ...]
    licence: str
    attribution: str


def write_synthetic(clips: Iterable[SyntheticClip], folder: Path) -> list[Clip]:
    """Write sounds as 16-bit FLAC files and list them; silent ones are left out."""
    written = []
    for clip in clips:
        peak = float(np.abs(clip.waveform).max(initial=0.0))
        if peak < MIN_PEAK:
            continue
        path = folder / clip.path
        path.parent.mkdir(parents=True, exist_ok=True)
        scaled = clip.waveform * min(1.0, 0.9 / peak)
        soundfile.write(path, scaled, SAMPLE_RATE, subtype="PCM_16")
        written.append(
            Clip(
                path=clip.path,
                labels=clip.labels,
                fold="train",
                source=clip.path,
                licence=clip.licence,
                attribution=clip.attribution,
            )
        )
    return written


def is_synthetic(clip: Clip) -> bool:
    """True for a clip that this recipe made."""
    return clip.path.startswith(f"{FOLDER}/")
