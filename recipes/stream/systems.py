"""Detection systems, and their frame scores of a folder of soundscapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from panns.data.clip_lists.event_table import read_event_table
from panns.detection import WindowConfig
from panns.detection.stream_settings import model_fingerprint
from panns.evaluation import Categories, FrameProbs
from panns.metrics import ClipEvents
from panns.recognizer import load
from panns.system.files import replacing


@dataclass(frozen=True)
class System:
    """Detection system.

    Attributes:
        name: Name in files.
        what: Name in tables.
        model: Registered name, or folder of a checkpoint.
        windows: Windows of the model.
    """

    name: str
    what: str
    model: str
    windows: WindowConfig = field(default_factory=WindowConfig)


SYSTEMS = (
    System("stream", "`stream`, block by block", "stream"),
    System("mn04-1s", "`mn04_as`, 1 s every 0.1 s", "mn04_as", WindowConfig(1.0, 0.1)),
    System("mn04-2s", "`mn04_as`, 2 s every 0.1 s", "mn04_as", WindowConfig(2.0, 0.1)),
    System("mn04-yamnet", "`mn04_as`, 0.96 s every 0.48 s (YAMNet's scheme)", "mn04_as", WindowConfig(0.96, 0.48)),
    System("builtin", "`builtin`, frames of windows of 10 s", "builtin"),
)


@dataclass(frozen=True, eq=False)
class ScoredSoundscapes:
    """Frame scores of a system for a folder of soundscapes, with their events.

    Attributes:
        truth: Events `(category, onset_s, offset_s)` of every soundscape.
        frames: Frame scores of the categories for every soundscape.
    """

    truth: Sequence[ClipEvents]
    frames: Sequence[FrameProbs]


def score_folder(system: System, folder: Path, mapping: dict[str, list[str]], stored_in: Path) -> ScoredSoundscapes:
    """Score a folder of soundscapes, or read stored scores of the same model.

    Args:
        system: Detection system.
        folder: Folder written by `panns data synthesize`.
        mapping: Classes of every category; a category scores as the highest of its classes.
        stored_in: Folder of stored scores.
    """
    listed = read_event_table(folder)
    names = list(mapping)
    truth = [[(names.index(one.label), one.onset_s, one.offset_s) for one in clip.events] for clip in listed.clips]
    recognizer = load(system.model, n_threads=1)
    model = model_fingerprint(recognizer.manifest).replace(" ", "-")
    stored = stored_in / f"{folder.name}-{system.name}-{model}.npz"
    if not stored.exists():
        categories = Categories.from_mapping(mapping, recognizer.manifest.labels)
        assert [label.en for label in categories.labels] == names
        scored = [
            recognizer.frames(path, keep=categories.scores, windows=system.windows)
            for path in map(listed.file, listed.clips)
        ]
        stored.parent.mkdir(parents=True, exist_ok=True)
        with replacing(stored) as partial, partial.open("wb") as file:
            np.savez(
                file,
                probs=np.concatenate([one.frame_probs for one in scored]),
                onsets_s=np.concatenate([one.frame_onsets_s for one in scored]),
                n_frames=[len(one.frame_onsets_s) for one in scored],
                durations_s=[one.duration_s for one in scored],
            )
    arrays = np.load(stored)
    borders = np.cumsum(arrays["n_frames"])[:-1]
    probs, onsets_s = np.split(arrays["probs"], borders), np.split(arrays["onsets_s"], borders)
    durations_s = arrays["durations_s"].tolist()
    frames = [FrameProbs(*one) for one in zip(probs, onsets_s, durations_s, strict=True)]
    return ScoredSoundscapes(truth, frames)
