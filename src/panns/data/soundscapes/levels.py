"""How loud the pieces of a soundscape are, once they can be heard: a plan knows the level of whole stretches only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from panns.data.soundscapes.activity import Stretch
from panns.data.soundscapes.plan import PlacedClip, Soundscape

Array = npt.NDArray[np.float32]


def set_levels(
    soundscape: Soundscape, stretches: Sequence[Sequence[Stretch]], sounds: Mapping[int, Array], sample_rate: int
) -> Soundscape:
    """The same soundscape, with the loudest event of every piece exactly as far above the background as was drawn.

    A piece that was cut out of the end of a long, fading stretch is softer than the stretch.

    Args:
        soundscape: As it was drawn.
        stretches: What it was drawn from.
        sounds: The clips that are placed in it, whole, by number.
        sample_rate: Of these.
    """
    placed = (_levelled(piece, stretches[piece.clip], sounds[piece.clip], sample_rate) for piece in soundscape.placed)
    return replace(soundscape, placed=tuple(placed))


def _levelled(piece: PlacedClip, stretches: Sequence[Stretch], sound: Array, sample_rate: int) -> PlacedClip:
    start_s, end_s = piece.cut_s
    assumed_db = max(one.level_db for one in stretches if one.onset_s < end_s and one.offset_s > start_s)
    moved_s = start_s - piece.onset_s
    powers = [
        float(np.square(part, dtype=np.float64).mean())
        for onset_s, offset_s in piece.events
        if len(part := sound[round((onset_s + moved_s) * sample_rate) : round((offset_s + moved_s) * sample_rate)])
    ]
    if not any(powers):
        return piece  # silence, which manifests may call an event; no gain makes it louder
    return piece._replace(gain_db=piece.gain_db + assumed_db - float(10 * np.log10(max(powers))))
