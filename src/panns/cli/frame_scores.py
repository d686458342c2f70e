"""The scores of a recognizer over the time of a sound, of any length, in memory for what is kept of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from panns.evaluate import HeardFrames
    from panns.evaluate.detection_answers import Pick
    from panns.recognizer import Recognizer
    from panns.runtime.hearing import HearingConfig


def hear(recognizer: Recognizer, file: Path, pick: Pick, hearing: HearingConfig | None = None) -> HeardFrames:
    """What `recognizer.detect` makes its events of: the sound is heard as a stream.

    Args:
        recognizer: Any.
        file: The sound.
        pick: Called with the probabilities `(frames, classes)` of every stretch; returns what to keep of them.
        hearing: In which windows a model without a state hears; None for the usual.

    Raises:
        AudioDecodeError: The sound cannot be read.
    """
    import numpy as np

    from panns.audio import open_audio
    from panns.evaluate import HeardFrames

    with open_audio(file, sample_rate=None) as sound:
        # The events of the stream itself are not wanted: hardly anything reaches a threshold of 1.
        stream = recognizer.stream(sound.sample_rate, hearing=hearing, threshold=1.0)
        probs, onsets_s = [], []
        for block in sound:
            scores = stream.push(block)
            probs.append(pick(scores.frame_probs))
            onsets_s.append(scores.frame_onsets_s)
        rest = stream.finish()
        probs.append(pick(rest.frame_probs))
        times = np.concatenate([*onsets_s, rest.frame_onsets_s])
        return HeardFrames(np.concatenate(probs), times, sound.duration_s)
