"""Prepare the training data: log-mels, active stretches, and frame scores of the teacher.

python -m recipes.stream.prepare [--clips runs/builtin] [--data ../shared] [--out runs/stream]

The clips are those of the recipe `builtin`, whose `prepare` lists them and makes the synthetic ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.audio import load_sound, resample
from panns.data.clip_lists import Clip, read_clip_list, write_clip_list
from panns.data.soundscapes import Stretch, find_active_stretches
from panns.frontend import log_mel, silence
from panns.labels import audioset
from panns.models.registry import find_model
from panns.system.arrays import Array
from recipes.builtin.prepare import CLIPS_FILE, MIN_SAMPLES, find_clip
from recipes.builtin.train import is_real_voice
from recipes.common.frontends import find_log_mel
from recipes.common.mel_store import write_mel_store
from recipes.common.paths import ROOT, RUNS
from recipes.stream.settings import Settings, read_settings
from recipes.stream.teacher import Teacher

MELS_FOLDER, FRAMES_FILE = "mels", "frames.npz"


def main() -> None:
    """Write the training data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--clips", type=Path, default=RUNS / "builtin", help="output folder of recipes.builtin.prepare")
    parser.add_argument("--out", type=Path, default=RUNS / "stream")
    parser.add_argument("--weights", default="mn04_as_mAP_432.pt", help="the teacher's file, in weights/ of the data")
    arguments = parser.parse_args()
    out: Path = arguments.out
    settings = read_settings()
    out.mkdir(parents=True, exist_ok=True)
    clips = read_clip_list(arguments.clips / CLIPS_FILE).clips
    write_clip_list(out / CLIPS_FILE, clips)
    folders = (arguments.data / "data", arguments.clips)
    teacher = Teacher(settings.teacher, arguments.data / "weights" / arguments.weights)
    rows = Rows(settings, teacher)
    write_mel_store(
        out / MELS_FOLDER,
        (waveform for clip in clips for waveform in rows.add_clip(clip, find_clip(clip, folders))),
        [find_log_mel(settings.architecture)],
    )
    rows.save(out / FRAMES_FILE)
    print(f"{len(clips)} clips at {len(settings.speeds)} speeds are in {out}")


class Rows:
    """Rows of a store, every clip at every speed, with active stretches and teacher scores."""

    def __init__(self, settings: Settings, teacher: Teacher) -> None:
        self._settings = settings
        self._teacher = teacher
        self._sample_rate = find_model(settings.architecture).config.frontend.sample_rate
        self._synthesizer = audioset().find("Speech synthesizer").index
        self._stretches: list[Sequence[Stretch]] = []
        self._scores: list[npt.NDArray[np.float16]] = []

    def add_clip(self, clip: Clip, path: Path) -> list[Array]:
        """Add a clip at every speed; return the waveforms at the sample rate of the network."""
        teacher_rate = self._teacher.manifest.sample_rate
        waveform = load_sound(path, sample_rate=teacher_rate)
        waveform = np.pad(waveform, (0, max(0, MIN_SAMPLES - len(waveform))))
        rows = []
        for speed in self._settings.speeds:
            for_teacher = resample(waveform, round(teacher_rate * speed), teacher_rate)
            row = resample(for_teacher, teacher_rate, self._sample_rate)
            self._stretches.append(find_active_stretches(row, self._sample_rate))
            scores = self._score(for_teacher)
            if is_real_voice(clip):
                scores[:, self._synthesizer] = np.minimum(scores[:, self._synthesizer], self._settings.synthesizer_cap)
            self._scores.append(scores)
            rows.append(row)
        return rows

    def _score(self, waveform: Array) -> npt.NDArray[np.float16]:
        """Frame scores of the teacher, `(frames, classes)`, in windows centred on every hop of a sound."""
        config = self._teacher.manifest.config.frontend.log_mel
        assert config is not None
        mels = log_mel(waveform, config)
        half = round(self._settings.teacher_window_s / 2 / config.hop_s)
        hop = round(self._settings.teacher_hop_s / config.hop_s)
        padded = np.pad(mels, ((half, half), (0, 0)), constant_values=silence(config))
        windows = np.stack([padded[i : i + 2 * half] for i in range(0, len(mels), hop)])
        return self._teacher(windows)[0].astype(np.float16)

    def save(self, file: Path) -> None:
        """Write stretches and teacher scores."""
        counts = [len(stretches) for stretches in self._stretches]
        np.savez(
            file,
            stretches=np.array([stretch for stretches in self._stretches for stretch in stretches]),
            stretch_offsets=np.concatenate([[0], np.cumsum(counts)]),
            teacher=np.concatenate(self._scores),
            teacher_offsets=np.concatenate([[0], np.cumsum([len(scores) for scores in self._scores])]),
        )


if __name__ == "__main__":
    main()
