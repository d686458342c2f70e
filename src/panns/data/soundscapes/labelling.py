"""What a soundscape's table of events says, from what is known of the clips in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from panns.data.clips.clip import Clip, TimedLabel
from panns.data.soundscapes.activity import ActivityConfig, Stretch, active_stretches
from panns.data.soundscapes.plan import PlacedClip, Soundscape

Array = npt.NDArray[np.float32]


def clip_stretches(
    clip: Clip, waveform: Array, sample_rate: int, config: ActivityConfig | None = None
) -> list[Stretch]:
    """The stretches in which a clip sounds: those of its events where it has some, otherwise where it is loud enough.

    Args:
        clip: What is known of it.
        waveform: The clip, `(samples,)`, at least one.
        sample_rate: Its rate.
        config: What counts as loud enough.
    """
    if not clip.events:
        return active_stretches(waveform, sample_rate, config)
    duration_s = len(waveform) / sample_rate
    found = []
    for onset_s, offset_s in _united((event.onset_s, min(event.offset_s, duration_s)) for event in clip.events):
        heard = waveform[round(onset_s * sample_rate) : round(offset_s * sample_rate)]
        power = float(np.square(heard, dtype=np.float64).mean()) if len(heard) else 0.0
        if power:
            found.append(Stretch(onset_s, offset_s, 10 * math.log10(power)))
    return found


def labelled_events(soundscape: Soundscape, clips: Sequence[Clip]) -> tuple[TimedLabel, ...]:
    """What is heard in a soundscape, by onset, on a grid of milliseconds.

    A clip sounds with each of its labels; one that has events with those that were cut out of it. Events of one label
    that overlap or touch are one, whatever they come from, since nobody hears where the one ends.

    Args:
        soundscape: What was placed.
        clips: The clips, by number.
    """
    spans: dict[str, list[tuple[float, float]]] = {}
    last_ms = math.floor(soundscape.duration_s * 1_000 + 1e-6)
    for piece in soundscape.placed:
        for label, onset_s, offset_s in _events_of(piece, clips[piece.clip]):
            spans.setdefault(label, []).append((round(onset_s, 3), min(round(offset_s, 3), last_ms / 1_000)))
    events = [TimedLabel(label, *span) for label, of_label in spans.items() for span in _united(of_label)]
    return tuple(sorted(events, key=lambda event: (event.onset_s, event.offset_s, event.label)))


def _events_of(piece: PlacedClip, clip: Clip) -> list[tuple[str, float, float]]:
    """Label, onset and offset in the soundscape."""
    if not clip.events:
        return [(label, *event) for event in piece.events for label in clip.labels]
    (cut_from_s, cut_to_s), moved_s = piece.cut_s, piece.onset_s - piece.cut_s[0]
    return [
        (event.label, max(event.onset_s, cut_from_s) + moved_s, min(event.offset_s, cut_to_s) + moved_s)
        for event in clip.events
    ]


def _united(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same times as spans that neither overlap nor touch, in order; those without length are left out.

    Example:
        >>> _united([(3.0, 4.0), (0.0, 1.0), (0.5, 2.0), (2.0, 2.5), (6.0, 5.0)])
        [(0.0, 2.5), (3.0, 4.0)]
    """
    united: list[tuple[float, float]] = []
    for onset_s, offset_s in sorted(spans):
        if onset_s >= offset_s:
            continue
        if united and onset_s <= united[-1][1]:
            united[-1] = (united[-1][0], max(united[-1][1], offset_s))
        else:
            united.append((onset_s, offset_s))
    return united
