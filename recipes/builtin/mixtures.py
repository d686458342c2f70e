"""Batches of random mixtures of clips, with targets from the labels of the clips and from a teacher.

A mixture places one or more clips in time and changes their spectrum, bandwidth and level. The teacher scores the same
mixture before masking.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from panns.augment.masking import mask
from panns.augment.mixing import loudness_db, presence
from panns.augment.placement import crop_frames, draw_position
from panns.augment.spectrum import band_centres_hz, colour_gains, draw_colour, low_pass_gains
from panns.frontend import LogMelConfig, compress
from panns.training.engine.batch import Batch
from recipes.common.mel_store import MelStore

Array = npt.NDArray[np.float32]
Teacher: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""Features `(batch, frames, mels)` to probabilities `(batch, classes)` and standardised embedding `(batch, dim)`."""


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


class _Sound(NamedTuple):
    powers: list[Array]  # one for each front end, (frames, mels)
    targets: Array  # (classes,)
    categories: Array  # (categories,)


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


class Mixtures:
    """Reproducible batch of mixtures for every step.

    Args:
        store: Mel power of the clips for two front ends: the network's, then the teacher's.
        labels: Labels of the clips.
        frontends: The two front ends.
        teacher: Function that scores features.
        config: Settings of the mixtures.
        seed: Random seed.
    """

    def __init__(
        self,
        store: MelStore,
        labels: ClipLabels,
        frontends: tuple[LogMelConfig, LogMelConfig],
        teacher: Teacher,
        config: MixtureConfig,
        seed: int,
    ) -> None:
        self._store = store
        self._labels = labels
        self._frontends = frontends
        self._teacher = teacher
        self._config = config
        self._seed = seed
        self._centres_hz = [band_centres_hz(frontend) for frontend in frontends]

    def __call__(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        sounds, features = [], []
        teacher_features = []
        for i in range(self._config.batch_size):
            rng = np.random.default_rng([self._seed, step, i])
            sound = self._mix(nth_clip(step * self._config.batch_size + i, len(self._labels.rows), self._seed), rng)
            own, unmasked = (
                compress(power, frontend) for power, frontend in zip(sound.powers, self._frontends, strict=True)
            )
            if rng.random() < self._config.mask_share:
                own = mask(
                    own, max_frames=self._config.max_masked_frames, max_mels=self._config.max_masked_mels, rng=rng
                )
            sounds.append(sound)
            features.append(own)
            teacher_features.append(unmasked)
        probs, embedding = self._teacher(np.stack(teacher_features))
        return Batch(
            inputs=(torch.from_numpy(np.stack(features)),),
            targets=torch.from_numpy(np.maximum(probs, np.stack([sound.targets for sound in sounds]))),
            categories=torch.from_numpy(np.stack([sound.categories for sound in sounds])),
            teacher_embedding=torch.from_numpy(embedding),
        )

    def _mix(self, first: int, rng: np.random.Generator) -> _Sound:
        config, labels = self._config, self._labels
        n_sources = 1 + int(rng.choice(len(config.source_shares), p=config.source_shares))
        clips = [first, *(int(clip) for clip in rng.integers(len(labels.rows), size=n_sources - 1))]
        mixed = [np.zeros((config.n_frames, frontend.n_mels), np.float32) for frontend in self._frontends]
        targets = np.zeros(labels.classes.shape[1], np.float32)
        categories = np.zeros(labels.n_categories, np.float32)
        first_loudness_db: float | None = None
        levels_db = [0.0, *rng.uniform(*config.level_range_db, n_sources - 1)]
        for clip, level_db in zip(clips, levels_db, strict=True):
            powers = draw_part(self._store, labels.rows[clip], self._centres_hz, config, rng)
            loudness = loudness_db(powers[0])
            if loudness == -np.inf:
                continue  # silent, so its labels do not count
            if first_loudness_db is None:
                first_loudness_db, level_db = loudness, 0.0  # levels are relative to the first clip that is not silent
            gain_db = first_loudness_db + level_db - loudness
            where = draw_position(len(powers[0]), config.n_frames, rng)
            for total, power in zip(mixed, powers, strict=True):
                total[where] += power * np.float32(10 ** (gain_db / 10))
            share = presence(level_db, full_db=config.present_db, none_db=config.absent_db)
            np.maximum(targets, np.float32(config.label_target * share) * labels.classes[clip], out=targets)
            if labels.categories[clip] >= 0:
                categories[labels.categories[clip]] += np.float32(share * 10 ** (level_db / 20))
        self._apply_channel(mixed, rng)
        total_share = categories.sum()
        return _Sound(mixed, targets, categories / total_share if total_share > 0 else categories)

    def _apply_channel(self, powers: list[Array], rng: np.random.Generator) -> None:
        """Apply a random gain and bandwidth, in place."""
        config = self._config
        gain = np.float32(10 ** (rng.uniform(*config.gain_range_db) / 10))
        has_low_pass = rng.random() < config.low_pass_share
        cutoff_hz = float(np.exp(rng.uniform(*np.log(config.low_pass_range_hz))))
        for power, centres_hz in zip(powers, self._centres_hz, strict=True):
            power *= gain * low_pass_gains(cutoff_hz, centres_hz) if has_low_pass else gain
