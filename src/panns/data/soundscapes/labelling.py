"""Labels of soundscapes, from the labels and events of the clips in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from panns.data.clips.clip import Clip, TimedLabel
from panns.data.soundscapes.activity import ActivityConfig, Stretch, find_active_stretches
from panns.data.soundscapes.plan import PlacedClip, Soundscape
from panns.system.arrays import Array


def find_clip_stretches(
    clip: Clip, waveform: Array, sample_rate: int, config: ActivityConfig | None = None
) -> list[Stretch]:
    """Find the active stretches of a clip: its events if it has some, otherwise its loud parts.

    Args:
        clip: The clip.
        waveform: Waveform of the clip, `(samples,)`, at least one sample.
        sample_rate: Sample rate in Hz.
        config: Settings of activity detection; None for the defaults.
    """
    if not clip.events:
        return find_active_stretches(waveform, sample_rate, config)
    duration_s = len(waveform) / sample_rate
    found = []
    for onset_s, offset_s in _merge((event.onset_s, min(event.offset_s, duration_s)) for event in clip.events):
        event_waveform = waveform[round(onset_s * sample_rate) : round(offset_s * sample_rate)]
        power = float(np.square(event_waveform, dtype=np.float64).mean()) if len(event_waveform) else 0.0
        if power:
            found.append(Stretch(onset_s, offset_s, 10 * math.log10(power)))
    return found


def list_events(soundscape: Soundscape, clips: Sequence[Clip]) -> tuple[TimedLabel, ...]:
    """List the events of a soundscape by onset, on a grid of milliseconds.

    A clip gives an event for each of its labels, or its own events if it has some. Events of one label that overlap or
    touch are merged, because the border between them is inaudible.

    Args:
        soundscape: The plan, with the placed clips.
        clips: The clips, by number.
    """
    spans: dict[str, list[tuple[float, float]]] = {}
    last_ms = math.floor(soundscape.duration_s * 1_000 + 1e-6)
    for piece in soundscape.placed:
        for label, onset_s, offset_s in _events_of(piece, clips[piece.clip]):
            spans.setdefault(label, []).append((round(onset_s, 3), min(round(offset_s, 3), last_ms / 1_000)))
    events = [TimedLabel(label, *span) for label, of_label in spans.items() for span in _merge(of_label)]
    return tuple(sorted(events, key=lambda event: (event.onset_s, event.offset_s, event.label)))


def _events_of(piece: PlacedClip, clip: Clip) -> list[tuple[str, float, float]]:
    """Label, onset and offset of the events of a placed clip, in the soundscape."""
    if not clip.events:
        return [(label, *event) for event in piece.events for label in clip.labels]
    (cut_from_s, cut_to_s), moved_s = piece.cut_s, piece.onset_s - piece.cut_s[0]
    return [
        (event.label, max(event.onset_s, cut_from_s) + moved_s, min(event.offset_s, cut_to_s) + moved_s)
        for event in clip.events
    ]


def _merge(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Merge spans that overlap or touch, sort them, and drop those without length.

    Examples:
        >>> _merge([(3.0, 4.0), (0.0, 1.0), (0.5, 2.0), (2.0, 2.5), (6.0, 5.0)])
        [(0.0, 2.5), (3.0, 4.0)]
    """
    merged: list[tuple[float, float]] = []
    for onset_s, offset_s in sorted(spans):
        if onset_s >= offset_s:
            continue
        if merged and onset_s <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], offset_s))
        else:
            merged.append((onset_s, offset_s))
    return merged
