"""Ways to find events in time, and what each hears in a folder of soundscapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from panns.data.clip_lists.event_table import read_event_table
from panns.detection import WindowConfig
from panns.detection.settings import model_fingerprint
from panns.evaluation import Categories, FrameProbs
from panns.metrics import ClipEvents
from panns.recognizer import load
from panns.system.files import replacing


@dataclass(frozen=True)
class System:
    """A way to find events.

    Attributes:
        name: What it is called in files.
        what: What it is called in tables.
        model: Registered name, or folder of a checkpoint.
        hearing: In which windows it hears.
    """

    name: str
    what: str
    model: str
    hearing: WindowConfig = field(default_factory=WindowConfig)


SYSTEMS = (
    System("stream", "`stream`, block by block", "stream"),
    System("mn04-1s", "`mn04_as`, 1 s every 0.1 s", "mn04_as", WindowConfig(1.0, 0.1)),
    System("mn04-2s", "`mn04_as`, 2 s every 0.1 s", "mn04_as", WindowConfig(2.0, 0.1)),
    System("mn04-yamnet", "`mn04_as`, 0.96 s every 0.48 s (YAMNet's scheme)", "mn04_as", WindowConfig(0.96, 0.48)),
    System("builtin", "`builtin`, frames of windows of 10 s", "builtin"),
)


@dataclass(frozen=True, eq=False)
class Heard:
    """What a system heard in a folder of soundscapes.

    Attributes:
        truth: What was there: `(category, onset_s, offset_s)` of every soundscape.
        frames: Scores of the categories.
    """

    truth: Sequence[ClipEvents]
    frames: Sequence[FrameProbs]


def listen(system: System, folder: Path, mapping: dict[str, list[str]], kept_in: Path) -> Heard:
    """Hear a folder, or read what the same model heard of it before.

    Args:
        system: The way.
        folder: What `panns data synthesize` has written.
        mapping: The classes of every category; a category scores as the highest of its classes.
        kept_in: Where that is kept.
    """
    listed = read_event_table(folder)
    names = list(mapping)
    truth = [[(names.index(one.label), one.onset_s, one.offset_s) for one in clip.events] for clip in listed.clips]
    recognizer = load(system.model, n_threads=1)
    model = model_fingerprint(recognizer.manifest).replace(" ", "-")
    kept = kept_in / f"{folder.name}-{system.name}-{model}.npz"
    if not kept.exists():
        categories = Categories.from_mapping(mapping, recognizer.manifest.labels)
        assert [label.en for label in categories.labels] == names
        heard = [
            recognizer.frames(path, keep=categories.scores, windows=system.hearing)
            for path in map(listed.file, listed.clips)
        ]
        kept.parent.mkdir(parents=True, exist_ok=True)
        with replacing(kept) as partial, partial.open("wb") as file:
            np.savez(
                file,
                probs=np.concatenate([one.frame_probs for one in heard]),
                onsets_s=np.concatenate([one.frame_onsets_s for one in heard]),
                n_frames=[len(one.frame_onsets_s) for one in heard],
                durations_s=[one.duration_s for one in heard],
            )
    held = np.load(kept)
    borders = np.cumsum(held["n_frames"])[:-1]
    probs, onsets_s = np.split(held["probs"], borders), np.split(held["onsets_s"], borders)
    durations_s = held["durations_s"].tolist()
    frames = [FrameProbs(*one) for one in zip(probs, onsets_s, durations_s, strict=True)]
    return Heard(truth, frames)
