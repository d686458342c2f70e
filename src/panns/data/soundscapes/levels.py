"""Exact levels of the clips in a soundscape, from their waveforms; the plan only knows levels of whole stretches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from panns.data.soundscapes.activity import Stretch
from panns.data.soundscapes.plan import PlacedClip, Soundscape
from panns.system.arrays import Array


def set_levels(
    soundscape: Soundscape, stretches: Sequence[Sequence[Stretch]], sounds: Mapping[int, Array], sample_rate: int
) -> Soundscape:
    """Correct the gains of a soundscape, so that the loudest event of every placed clip has exactly the drawn level.

    A piece from the end of a long, fading stretch is softer than the whole stretch, for example.

    Args:
        soundscape: The plan.
        stretches: Active stretches of all clips.
        sounds: Whole waveforms of the placed clips, by number.
        sample_rate: Sample rate of the waveforms, in Hz.
    """
    placed = (_set_level(piece, stretches[piece.clip], sounds[piece.clip], sample_rate) for piece in soundscape.placed)
    return replace(soundscape, placed=tuple(placed))


def _set_level(piece: PlacedClip, stretches: Sequence[Stretch], sound: Array, sample_rate: int) -> PlacedClip:
    start_s, end_s = piece.cut_s
    assumed_db = max(one.level_db for one in stretches if one.onset_s < end_s and one.offset_s > start_s)
    moved_s = start_s - piece.onset_s
    powers = [
        float(np.square(part, dtype=np.float64).mean())
        for onset_s, offset_s in piece.events
        if len(part := sound[round((onset_s + moved_s) * sample_rate) : round((offset_s + moved_s) * sample_rate)])
    ]
    if not any(powers):
        return piece  # a clip list may label silence as an event; a gain cannot change its level
    return piece._replace(gain_db=piece.gain_db + assumed_db - float(10 * np.log10(max(powers))))
