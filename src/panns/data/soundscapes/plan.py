"""Random plan of a soundscape: clips, times and levels, before any sound is mixed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from panns.data.soundscapes.activity import Stretch

_MAX_DB = 120.0  # the dynamic range of 20 bits
_MAX_EVENTS = 1_000
_N_ATTEMPTS = 20  # draws of a time with few enough overlaps


@dataclass(frozen=True)
class SoundscapeConfig:
    """Settings of random soundscapes; times in seconds, levels in decibels relative to full scale.

    Attributes:
        duration_s: Duration of a soundscape.
        n_events: Minimum and maximum number of clips in a soundscape; fewer if there is no room. A clip may give
            several events.
        max_event_s: Maximum duration of a piece of a clip.
        max_overlap: Maximum number of clips at any moment.
        background_db: Minimum and maximum level of the background.
        quiet_share: Share of soundscapes without a background, 0 to 1.
        snr_db: Minimum and maximum level of a clip above the background; in a soundscape without one, above the level
            that was drawn for it.
        noise_exponents: Minimum and maximum exponent a of background noise, which falls with frequency as 1/f^a: 0 is
            white, 2 brown.
    """

    duration_s: float = 10.0
    n_events: tuple[int, int] = (1, 4)
    max_event_s: float = 5.0
    max_overlap: int = 2
    background_db: tuple[float, float] = (-60.0, -40.0)
    quiet_share: float = 0.1
    snr_db: tuple[float, float] = (3.0, 30.0)
    noise_exponents: tuple[float, float] = (0.0, 2.0)

    def __post_init__(self) -> None:
        for name in ("duration_s", "max_event_s"):
            if not 0 < getattr(self, name) <= 3_600:
                raise ValueError(f"{name}={getattr(self, name)} must be above 0 and at most 3600 seconds")
        for name in ("n_events", "background_db", "snr_db", "noise_exponents"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name}=({low}, {high}) is descending; give the lower value first")
        for name in ("background_db", "snr_db"):
            if max(map(abs, getattr(self, name))) > _MAX_DB:
                raise ValueError(f"{name}={getattr(self, name)} must be within {_MAX_DB:g} decibels of 0")
        if self.n_events[1] > _MAX_EVENTS:
            raise ValueError(f"n_events={self.n_events} must be at most {_MAX_EVENTS}")
        if self.n_events[0] < 0:
            raise ValueError(f"n_events={self.n_events} must be at least 0")
        if self.max_overlap < 1:
            raise ValueError(f"max_overlap={self.max_overlap} must be at least 1")
        if not 0 <= self.quiet_share <= 1:
            raise ValueError(f"quiet_share={self.quiet_share} must be from 0 to 1")


class PlacedClip(NamedTuple):
    """A piece of a clip in a soundscape.

    Attributes:
        clip: Number of the clip.
        cut_s: Start and end of the piece in the clip, in seconds.
        onset_s: Start of the piece in the soundscape, in seconds.
        gain_db: Gain of the piece in decibels.
        events: Onset and offset of each active stretch, in seconds from the start of the soundscape.
    """

    clip: int
    cut_s: tuple[float, float]
    onset_s: float
    gain_db: float
    events: tuple[tuple[float, float], ...]

    @property
    def offset_s(self) -> float:
        """End of the piece in the soundscape, in seconds."""
        return self.onset_s + self.cut_s[1] - self.cut_s[0]


@dataclass(frozen=True)
class Soundscape:
    """Plan of a soundscape.

    Attributes:
        duration_s: Duration in seconds.
        placed: Pieces of clips, by onset.
        background_db: Level of the background in decibels relative to full scale; None for no background.
        noise_exponent: Exponent a of a synthetic background, whose power falls with frequency as 1/f^a.
    """

    duration_s: float
    placed: tuple[PlacedClip, ...]
    background_db: float | None
    noise_exponent: float


def draw_soundscape(
    sounds: Sequence[Sequence[Stretch]],
    config: SoundscapeConfig,
    rng: np.random.Generator,
    *,
    first: int | None = None,
) -> Soundscape:
    """Draw the plan of a soundscape.

    Args:
        sounds: Active stretches of every clip; a clip without any is never placed.
        config: Settings.
        rng: Random generator.
        first: Number of the clip to place before all others; None for a random one.
    """
    background_db = float(rng.uniform(*config.background_db))
    is_quiet = rng.random() < config.quiet_share
    n_clips = int(rng.integers(config.n_events[0], config.n_events[1] + 1))
    clips = [int(clip) for clip in rng.integers(len(sounds), size=n_clips)] if sounds else []
    if first is not None and clips:
        clips[0] = first
    placed: list[PlacedClip] = []
    for clip in clips:
        piece = _draw_piece(clip, sounds[clip], background_db, config, rng)
        if piece is not None and (moved := _find_time(piece, placed, config, rng)) is not None:
            placed.append(moved)
    return Soundscape(
        duration_s=config.duration_s,
        placed=tuple(sorted(placed, key=lambda piece: piece.onset_s)),
        background_db=None if is_quiet else background_db,
        noise_exponent=float(rng.uniform(*config.noise_exponents)),
    )


def _draw_piece(
    clip: int, stretches: Sequence[Stretch], background_db: float, config: SoundscapeConfig, rng: np.random.Generator
) -> PlacedClip | None:
    """Draw a piece of a clip, one or more stretches of limited duration; it begins at 0."""
    if not stretches:
        return None
    longest_s = min(config.max_event_s, config.duration_s)
    # Choose by length, because a stretch of a moment beside seconds of the same sound is hardly an event.
    ends = np.cumsum([stretch.offset_s - stretch.onset_s for stretch in stretches])
    i = min(int(np.searchsorted(ends, rng.uniform(0, ends[-1]), side="right")), len(stretches) - 1)
    begin_s, end_s, _ = stretches[i]
    if end_s - begin_s > longest_s:
        begin_s = max(begin_s, _on_grid(float(rng.uniform(begin_s, end_s - longest_s))))
        end_s = begin_s + longest_s
    # Add the following stretches up to a random limit, so that single events and runs of events both occur.
    limit_s = begin_s + float(rng.uniform(0, longest_s))
    chosen = [(begin_s, end_s, stretches[i].level_db)]
    chosen += [stretch for stretch in stretches[i + 1 :] if stretch.offset_s <= limit_s]
    loudest_db = max(level_db for _, _, level_db in chosen)
    return PlacedClip(
        clip=clip,
        cut_s=(begin_s, chosen[-1][1]),
        onset_s=0.0,
        gain_db=background_db + float(rng.uniform(*config.snr_db)) - loudest_db,
        events=tuple((onset_s - begin_s, offset_s - begin_s) for onset_s, offset_s, _ in chosen),
    )


def _find_time(
    piece: PlacedClip, placed: Sequence[PlacedClip], config: SoundscapeConfig, rng: np.random.Generator
) -> PlacedClip | None:
    """Move a piece to a random time with few enough overlaps; None if no such time was found."""
    length_s = piece.offset_s
    for _ in range(_N_ATTEMPTS):
        # A piece as long as the soundscape may exceed it by a rounding error.
        onset_s = _on_grid(float(rng.uniform(0, max(config.duration_s - length_s, 0.0))))
        others = [one for one in placed if one.onset_s < onset_s + length_s and one.offset_s > onset_s]
        # A clip that overlaps itself would sound like a single event.
        if len(others) < config.max_overlap and all(one.clip != piece.clip for one in others):
            events = tuple((onset_s + start_s, onset_s + end_s) for start_s, end_s in piece.events)
            return piece._replace(onset_s=onset_s, events=events)
    return None


def _on_grid(time_s: float) -> float:
    """Round a time down to 10 ms; rounded up, a piece could reach beyond the end."""
    return math.floor(time_s * 100) / 100
