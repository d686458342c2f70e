"""Random parts of clips: settings, the order of the clips, and one part with a random spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from panns.augment.placement import crop_frames
from panns.augment.spectrum import colour_gains, draw_colour
from panns.system.arrays import Array
from recipes.common.mel_store import MelStore


@dataclass(frozen=True)
class MixtureConfig:
    """Settings of random mixtures.

    Attributes:
        batch_size: Mixtures in a batch.
        n_frames: Length of a mixture in log-mel frames.
        source_shares: Probabilities of 1, 2, 3, ... clips in a mixture.
        level_range_db: Level of every further clip, relative to the first at equal loudness.
        present_db: Level relative to the first clip at which the labels of a clip count in full.
        absent_db: Level below which the labels of a clip do not count.
        gain_range_db: Gain of the mixture.
        colour_share: Share of clips with a random equaliser.
        colour_depth_db: Maximum gain of the equaliser.
        low_pass_share: Share of mixtures with a low-pass filter.
        low_pass_range_hz: Cutoff frequency of the filter.
        reversed_share: Share of clips played backwards.
        mask_share: Share of mixtures with a time mask and a frequency mask; the teacher sees no masks.
        max_masked_frames: Maximum length of a time mask.
        max_masked_mels: Maximum width of a frequency mask.
        label_target: Minimum target of a clip's own labels; the teacher may set a higher one.
        telephone_share: Share of mixtures limited to the telephone band, 300 to 3,400 Hz.
        silence_share: Share of examples that are exact zeros, or noise at `silence_range_db`.
        silence_range_db: Level of that noise, in dB of mel power.
        synthesizer_cap: Maximum target of "Speech synthesizer" where a real voice speaks.
    """

    batch_size: int = 64
    n_frames: int = 500
    source_shares: tuple[float, ...] = (0.5, 0.35, 0.15)
    level_range_db: tuple[float, float] = (-20.0, 0.0)
    present_db: float = -10.0
    absent_db: float = -22.0
    gain_range_db: tuple[float, float] = (-20.0, 8.0)
    colour_share: float = 0.5
    colour_depth_db: float = 6.0
    low_pass_share: float = 0.2
    low_pass_range_hz: tuple[float, float] = (3_500.0, 12_000.0)
    reversed_share: float = 0.05
    mask_share: float = 0.5
    max_masked_frames: int = 60
    max_masked_mels: int = 10
    label_target: float = 0.9
    telephone_share: float = 0.08
    silence_share: float = 0.01
    silence_range_db: tuple[float, float] = (-75.0, -45.0)
    synthesizer_cap: float = 0.05

    def __post_init__(self) -> None:
        if abs(sum(self.source_shares) - 1) > 1e-6:
            raise ValueError(f"source_shares={self.source_shares} must sum to 1")
        if self.absent_db >= self.present_db:
            raise ValueError(f"absent_db={self.absent_db} must be below present_db={self.present_db}")


@dataclass(frozen=True)
class ClipLabels:
    """Labels of the clips of a store.

    Attributes:
        rows: Rows of the store for every clip, one for each speed.
        classes: `(clips, classes)`, 1 for a label of the clip.
        categories: Category of every clip; -1 for none.
        n_categories: Number of categories.
    """

    rows: Sequence[Sequence[int]]
    classes: Array
    categories: npt.NDArray[np.intp]
    n_categories: int


def nth_clip(number: int, n_clips: int, seed: int) -> int:
    """Index of the `number`-th clip in a sequence of random permutations, in which all clips are equally frequent."""
    epoch, place = divmod(number, n_clips)
    return int(np.random.default_rng([seed, epoch]).permutation(n_clips)[place])


def draw_part(
    store: MelStore,
    rows: Sequence[int],
    centres_hz: Sequence[npt.NDArray[np.float64]],
    config: MixtureConfig,
    rng: np.random.Generator,
) -> list[Array]:
    """Mel power of a random part of a clip, with random equaliser and direction.

    Args:
        store: Mel power of the clips, for one or several front ends.
        rows: Rows of the store that hold the clip, such as at several speeds.
        centres_hz: Band centres of each front end.
        config: Length of the part, and probabilities of the changes.
        rng: Random generator.
    """
    row = int(rng.choice(rows))
    frames = crop_frames(store.n_frames(row), config.n_frames, rng)
    if rng.random() < config.reversed_share:
        frames = frames[::-1]
    powers = store.power(row, frames)
    if rng.random() < config.colour_share:
        knots_db = draw_colour(config.colour_depth_db, rng)
        for power, centres in zip(powers, centres_hz, strict=True):
            power *= colour_gains(knots_db, centres)
    return powers
