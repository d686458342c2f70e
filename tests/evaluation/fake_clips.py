"""Clips whose samples are the index of the clip, so that a fake model can look up its scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from panns.errors import AudioDecodeError
from panns.labels import LabelSet

PETS = LabelSet.from_names("pets", ["cat", "dog", "parrot"])


@dataclass(frozen=True)
class Labelled:
    path: str
    labels: tuple[str, ...]


def clips_of(*labels):
    """One clip for each argument, named a.wav, b.wav, ...; `|` separates labels, "" is a clip without labels."""
    return [Labelled(f"{chr(97 + i)}.wav", tuple(one.split("|")) if one else ()) for i, one in enumerate(labels)]


class Sounds:
    """Clip `i` is `lengths[i]` samples of the value `i`; reading a clip in `broken` fails."""

    def __init__(self, clips, *, lengths=None, broken=()):
        self.clips = clips
        self.lengths = lengths or [10] * len(clips)
        self.broken = broken

    def __len__(self):
        return len(self.clips)

    def waveform(self, i):
        if i in self.broken:
            raise AudioDecodeError(f"{self.clips[i].path}: is damaged")
        return np.full(self.lengths[i], i, dtype=np.float32)


def predict_from(table):
    """Fake model that scores clip `i` with row `i` of a table."""
    table = np.asarray(table, dtype=np.float32)
    return lambda waveforms: table[[int(waveform[0]) for waveform in waveforms]]
