"""The scores of a model over the time of a sound, of any length, in memory for what is kept of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from panns.audio import Sound
from panns.audio.resampling.polyphase import PolyphaseResampler
from panns.detection import AT_ONCE_S, FrameScorer
from panns.detection.joining import joined_blocks
from panns.results import Array, SoundFrames
from panns.runtime.model import Model
from panns.system.progress import OnProgress, Progress, ignore_progress

Keep: TypeAlias = Callable[[Array], Array]
"""Takes the probabilities `(frames, classes)` of a stretch and returns what to keep of them, a row for each frame."""


def keep_all(probs: Array) -> Array:
    """Nothing is left out."""
    return probs


def frames(
    model: Model,
    scorer: FrameScorer,
    sound: Sound,
    *,
    keep: Keep = keep_all,
    on_progress: OnProgress = ignore_progress,
) -> SoundFrames:
    """What `detect` makes its events of.

    Args:
        model: The model.
        scorer: How it hears.
        sound: The sound, at its own rate.
        keep: What is kept of every stretch.
        on_progress: Called now and then with the seconds heard and those declared by the source, if it says so.
    """
    resampler = PolyphaseResampler(sound.sample_rate, model.manifest.sample_rate)
    state, scorer_state = resampler.initial_state(), scorer.initial_state()
    probs, onsets_s = [], []
    for block in joined_blocks(sound, round(AT_ONCE_S * sound.sample_rate)):
        samples, state = resampler.push(block, state)
        (found,), (scorer_state,) = scorer.step([samples], [scorer_state])
        probs.append(keep(found.probs))
        onsets_s.append(found.onsets_s)
        on_progress(Progress(sound.duration_s, sound.declared_duration_s, "seconds of sound"))
    (found,), (scorer_state,) = scorer.step([resampler.finish(state)], [scorer_state])
    for one in (found, scorer.finish(scorer_state)):
        probs.append(keep(one.probs))
        onsets_s.append(one.onsets_s)
    return SoundFrames(
        file=sound.name,
        duration_s=sound.duration_s,
        model=model.manifest.architecture,
        frame_probs=np.concatenate(probs),
        frame_onsets_s=np.concatenate(onsets_s),
        warnings=sound.warnings,
    )
