"""Mel power spectrograms of many clips on disk, for one or several front ends.

offsets.npy    first frame of every clip, and the end of the last one: (clips + 1,)
mels_<i>.npy   mel power in decibels for front end i, all clips concatenated: (frames, mels) float16

Half precision in decibels is exact to 0.03 dB, far less than the random changes of training.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.frontend import LogMelConfig, log_mel
from panns.system.arrays import Array


def in_decibels(config: LogMelConfig) -> LogMelConfig:
    """Front end with the same mel bands and plain decibels as its logarithm."""
    return replace(config, log="db", log_floor=1e-10, shift=0.0, scale=1.0)


def write_mel_store(folder: Path, waveforms: Iterable[Array], frontends: Sequence[LogMelConfig]) -> None:
    """Compute and write the mel power of clips.

    Args:
        folder: Output folder; created if missing.
        waveforms: Waveforms `(samples,)` at the sample rate of the front ends.
        frontends: Front ends with equal sample rate and hop, so that their frames coincide in time.
    """
    if len({(config.sample_rate, config.hop_samples) for config in frontends}) != 1:
        raise ValueError("the front ends differ in sample rate or hop; write one store for each time grid")
    folder.mkdir(parents=True, exist_ok=True)
    pieces: list[list[npt.NDArray[np.float16]]] = [[] for _ in frontends]
    offsets = [0]
    for waveform in waveforms:
        mels = [log_mel(waveform, in_decibels(config)) for config in frontends]
        n_frames = min(len(mel) for mel in mels)  # pre-emphasis may cost one front end a frame
        offsets.append(offsets[-1] + n_frames)
        for piece, mel in zip(pieces, mels, strict=True):
            piece.append(mel[:n_frames].astype(np.float16))
    for i, piece in enumerate(pieces):
        np.save(folder / f"mels_{i}.npy", np.concatenate(piece))
    np.save(folder / "offsets.npy", np.array(offsets))


class MelStore:
    """Clips of a store, read on demand."""

    def __init__(self, folder: Path, n_frontends: int) -> None:
        self._offsets = np.load(folder / "offsets.npy")
        self._mels = [np.load(folder / f"mels_{i}.npy", mmap_mode="r") for i in range(n_frontends)]

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def n_frames(self, clip: int) -> int:
        """Number of frames of a clip."""
        return int(self._offsets[clip + 1] - self._offsets[clip])

    def power(self, clip: int, frames: npt.NDArray[np.intp]) -> list[Array]:
        """Mel power of selected frames of a clip, `(frames, mels)` for every front end."""
        rows = self._offsets[clip] + frames
        # exp of a scaled logarithm takes a third of the time of a power of ten.
        return [np.exp(mels[rows].astype(np.float32) * np.float32(np.log(10) / 10)) for mels in self._mels]
