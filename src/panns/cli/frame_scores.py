"""The scores of a recognizer over the time of a sound, of any length, in memory for a window and what is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from panns.evaluate import HeardFrames
    from panns.evaluate.detection_answers import Pick
    from panns.recognizer import Recognizer


def require_frame_scores(recognizer: Recognizer, model: str) -> None:
    """Raise typer's error of wrong usage for a model that does not say when."""
    if recognizer.manifest.config.frame_hop_s is None:
        raise typer.BadParameter(f"{model} has no frame scores; `panns models list` shows the models that have them")


def hear(recognizer: Recognizer, file: Path, pick: Pick) -> HeardFrames:
    """What `recognizer.detect` makes its events of: the sound is heard in the same windows.

    Args:
        recognizer: With frame scores.
        file: The sound.
        pick: Called with the probabilities `(frames, classes)` of every window; returns what to keep of them.

    Raises:
        AudioDecodeError: The sound cannot be read.
    """
    import numpy as np

    from panns.audio import open_audio
    from panns.evaluate import HeardFrames
    from panns.models.checkpoint import ONE_PASS_S
    from panns.runtime.windows import cut_into_windows

    manifest = recognizer.manifest
    probs, onsets_s = [], []
    with open_audio(file, sample_rate=recognizer.sample_rate) as stream:
        windows = cut_into_windows(
            stream,
            sample_rate=recognizer.sample_rate,
            window_s=min(manifest.window_s, manifest.one_pass_s),
            one_pass_s=manifest.one_pass_s,
            keeps_rest=manifest.one_pass_s < ONE_PASS_S,
        )
        for window in windows:
            scores = recognizer.run(window.waveform)
            assert scores.frame_probs is not None
            assert scores.frame_onsets_s is not None
            # The last frame of a network's map may begin where the next window does.
            length_s = len(window.waveform) / recognizer.sample_rate
            n_within = int(np.searchsorted(scores.frame_onsets_s[0], length_s - 1e-9))
            probs.append(pick(scores.frame_probs[0, :n_within]))
            onsets_s.append(window.onset_sample / recognizer.sample_rate + scores.frame_onsets_s[0, :n_within])
        times = np.concatenate(onsets_s)
        # A sound that was resampled may be a sample longer than it is.
        is_inside = times < stream.duration_s
        return HeardFrames(np.concatenate(probs)[is_inside], times[is_inside], stream.duration_s)
