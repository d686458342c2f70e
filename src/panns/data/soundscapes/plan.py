"""What sounds when in a soundscape that is still to be mixed: drawn at random, so that its labels are true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from panns.data.soundscapes.activity import Stretch

_MAX_DB = 120.0  # what 20 bits of a file can hold, and more than any ear
_MAX_EVENTS = 1_000
_ATTEMPTS = 20  # to find a place that is not too crowded


@dataclass(frozen=True)
class SoundscapeConfig:
    """How soundscapes are drawn; times in seconds, levels in decibels below full scale.

    Attributes:
        duration_s: Length of a soundscape.
        n_events: How many clips sound in it, from and to, of one clip maybe several stretches; fewer where there is no
            room left for one.
        max_event_s: The longest piece of a clip.
        max_overlap: How many clips sound at once, at most.
        background_db: Level of the background, from and to.
        quiet_share: How many soundscapes have no background.
        snr_db: How far a clip is above the background, from and to; its place is above `background_db` where there is
            none.
        noise_exponents: Background noise falls with frequency as 1/f^a, from and to: 0 is white, 2 brown.
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
                raise ValueError(f"{name}=({low}, {high}) must not fall: the lower one comes first")
        for name in ("background_db", "snr_db"):
            if max(map(abs, getattr(self, name))) > _MAX_DB:
                raise ValueError(f"{name}={getattr(self, name)} must be within {_MAX_DB:g} decibels of 0")
        if self.n_events[1] > _MAX_EVENTS:
            raise ValueError(f"n_events={self.n_events} must be at most {_MAX_EVENTS}")
        if self.n_events[0] < 0 or self.max_overlap < 1 or not 0 <= self.quiet_share <= 1:
            raise ValueError(
                f"n_events={self.n_events} must not be below 0, max_overlap={self.max_overlap} be at least 1 and "
                f"quiet_share={self.quiet_share} be 0 to 1"
            )


class PlacedClip(NamedTuple):
    """A piece of a clip in a soundscape.

    Attributes:
        clip: Number of the clip.
        cut_s: From where to where it was cut out of the clip.
        onset_s: When it begins in the soundscape.
        gain_db: What it is made louder by.
        events: Onset and offset, in the soundscape, of each stretch in which it sounds.
    """

    clip: int
    cut_s: tuple[float, float]
    onset_s: float
    gain_db: float
    events: tuple[tuple[float, float], ...]

    @property
    def offset_s(self) -> float:
        """When it ends in the soundscape."""
        return self.onset_s + self.cut_s[1] - self.cut_s[0]


@dataclass(frozen=True)
class Soundscape:
    """What sounds when.

    Attributes:
        duration_s: Its length.
        placed: The pieces of clips, by onset.
        background_db: Level of the background; None for none.
        noise_exponent: Of the background, where it is noise that is made: it falls as 1/f^a.
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
    """Draw a soundscape.

    Args:
        sounds: Of every clip the stretches in which it sounds; one without any is never placed.
        config: How.
        rng: Where chance comes from.
        first: The clip that is placed before all others; None for any.
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
        if piece is not None and (fitting := _find_place(piece, placed, config, rng)) is not None:
            placed.append(fitting)
    return Soundscape(
        duration_s=config.duration_s,
        placed=tuple(sorted(placed, key=lambda piece: piece.onset_s)),
        background_db=None if is_quiet else background_db,
        noise_exponent=float(rng.uniform(*config.noise_exponents)),
    )


def _draw_piece(
    clip: int, stretches: Sequence[Stretch], background_db: float, config: SoundscapeConfig, rng: np.random.Generator
) -> PlacedClip | None:
    """A run of stretches of a clip that is not too long, as if it began at 0."""
    if not stretches:
        return None
    longest_s = min(config.max_event_s, config.duration_s)
    # By length: what rises above the threshold for a moment, beside seconds of the same sound, is no event to be found.
    ends = np.cumsum([stretch.offset_s - stretch.onset_s for stretch in stretches])
    i = min(int(np.searchsorted(ends, rng.uniform(0, ends[-1]), side="right")), len(stretches) - 1)
    begin_s, end_s, _ = stretches[i]
    if end_s - begin_s > longest_s:
        begin_s = max(begin_s, _on_grid(float(rng.uniform(begin_s, end_s - longest_s))))
        end_s = begin_s + longest_s
    # As much of what follows as fits, up to a random limit, so that single events are heard as well as runs of them.
    limit_s = begin_s + float(rng.uniform(0, longest_s))
    heard = [(begin_s, end_s, stretches[i].level_db)]
    heard += [stretch for stretch in stretches[i + 1 :] if stretch.offset_s <= limit_s]
    loudest_db = max(level_db for _, _, level_db in heard)
    return PlacedClip(
        clip=clip,
        cut_s=(begin_s, heard[-1][1]),
        onset_s=0.0,
        gain_db=background_db + float(rng.uniform(*config.snr_db)) - loudest_db,
        events=tuple((onset_s - begin_s, offset_s - begin_s) for onset_s, offset_s, _ in heard),
    )


def _find_place(
    piece: PlacedClip, placed: Sequence[PlacedClip], config: SoundscapeConfig, rng: np.random.Generator
) -> PlacedClip | None:
    """The piece at a random time at which not too many others sound; None where there is none."""
    length_s = piece.offset_s
    for _ in range(_ATTEMPTS):
        # A piece as long as the soundscape is longer by a rounding error.
        onset_s = _on_grid(float(rng.uniform(0, max(config.duration_s - length_s, 0.0))))
        others = [one for one in placed if one.onset_s < onset_s + length_s and one.offset_s > onset_s]
        # One clip twice at once would be heard as one event with two labels.
        if len(others) < config.max_overlap and all(one.clip != piece.clip for one in others):
            events = tuple((onset_s + start_s, onset_s + end_s) for start_s, end_s in piece.events)
            return piece._replace(onset_s=onset_s, events=events)
    return None


def _on_grid(time_s: float) -> float:
    """The time, or up to 10 ms before it: rounded up, a piece would reach behind the end."""
    return math.floor(time_s * 100) / 100
