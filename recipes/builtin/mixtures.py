"""Batches of random mixtures, with targets from the labels of the clips, and from the scores and maps of a teacher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from panns.augment.level import PAUSE_DB
from panns.augment.masking import mask
from panns.augment.mixing import loudness_db, presence
from panns.augment.placement import draw_position
from panns.augment.spectrum import band_centres_hz, low_pass_gains
from panns.frontend import LogMelConfig, compress
from panns.labels import audioset
from panns.system.arrays import Array
from panns.training.engine.batch import Batch
from recipes.builtin.drawing import ClipLabels, draw_part, nth_clip
from recipes.builtin.settings import Settings
from recipes.builtin.teacher import TeacherOutput
from recipes.common.mel_store import MelStore

TELEPHONE_HZ = (300.0, 3_400.0)


@dataclass(frozen=True)
class MapBatch(Batch):
    """A batch with the maps of the teacher.

    Attributes:
        maps: `(batch, channels, mels, frames)` each.
    """

    maps: tuple[Tensor, ...] = ()

    def _map(self, change: Callable[[Tensor], Tensor]) -> MapBatch:
        plain = super()._map(change)
        values = {field.name: getattr(plain, field.name) for field in fields(Batch)}
        return MapBatch(**values, maps=tuple(change(one) for one in self.maps))


class _Sound(NamedTuple):
    powers: list[Array]  # one for each front end, (frames, mels)
    floors: Array  # (classes,), minimum targets
    caps: Array  # (classes,), maximum targets
    categories: Array  # (categories,)
    active: Array  # (score frames, classes), minimum targets of frames


class Mixtures:
    """Reproducible batch of mixtures for every step.

    Args:
        store: Mel power of the clips for two front ends: the network's, then the teacher's.
        labels: Labels of the clips.
        is_real_voice: For every clip, True if it has recorded speech.
        frontends: The two front ends, with one hop.
        frame_stride: Stride of the frames that the network takes.
        score_stride: Number of frames of the store for one frame score.
        teacher: Function that scores log-mels.
        settings: All settings.
        rank: Number of this process; each process makes its own mixtures.
        size: Number of processes.
    """

    def __init__(
        self,
        store: MelStore,
        labels: ClipLabels,
        is_real_voice: Sequence[bool],
        frontends: tuple[LogMelConfig, LogMelConfig],
        frame_stride: int,
        score_stride: int,
        teacher: Callable[[Array], TeacherOutput],
        settings: Settings,
        *,
        rank: int = 0,
        size: int = 1,
    ) -> None:
        self._store = store
        self._labels = labels
        self._is_real_voice = is_real_voice
        self._frontends = frontends
        self._frame_stride = frame_stride
        self._score_stride = score_stride
        self._teacher = teacher
        self._config = settings.mixtures
        self._lead_steps = settings.maps.lead_steps
        self._seed = settings.seed
        self._rank, self._size = rank, size
        self._centres_hz = [band_centres_hz(frontend) for frontend in frontends]
        self._silence = audioset().find("Silence").index
        self._synthesizer = audioset().find("Speech synthesizer").index

    def __call__(self, step: int) -> MapBatch:
        """The batch of a step, counted from 0."""
        config = self._config
        sounds, features, teacher_features = [], [], []
        for i in range(config.batch_size):
            number = (step * self._size + self._rank) * config.batch_size + i
            rng = np.random.default_rng([self._seed, number])
            is_silence = rng.random() < config.silence_share
            first = nth_clip(number, len(self._labels.rows), self._seed)
            sound = self._make_silence(rng) if is_silence else self._mix(first, rng)
            own, unmasked = (
                compress(power, frontend) for power, frontend in zip(sound.powers, self._frontends, strict=True)
            )
            own = own[:: self._frame_stride]
            if rng.random() < config.mask_share:
                own = mask(own, max_frames=config.max_masked_frames, max_mels=config.max_masked_mels, rng=rng)
            sounds.append(sound)
            features.append(own)
            teacher_features.append(unmasked)
        output = self._teacher(np.stack(teacher_features))
        floors, caps = (np.stack(limits) for limits in zip(*((one.floors, one.caps) for one in sounds), strict=True))
        # The active frames of a clip's own labels are known; for other classes every frame has the score of the clip.
        frames = np.where(floors[:, None] > 0, np.stack([one.active for one in sounds]), output.probs[:, None])
        maps = tuple(torch.from_numpy(values) for values in output.maps)
        inputs: tuple[Tensor, ...] = (torch.from_numpy(np.stack(features)),)
        if step < self._lead_steps:
            inputs = (*inputs, torch.full((config.batch_size,), 1 - step / self._lead_steps), *maps)
        return MapBatch(
            inputs=inputs,
            targets=torch.from_numpy(np.minimum(np.maximum(output.probs, floors), caps)),
            frame_targets=torch.from_numpy(np.minimum(frames, caps[:, None])),
            categories=torch.from_numpy(np.stack([sound.categories for sound in sounds])),
            teacher_embedding=torch.from_numpy(output.embedding),
            maps=maps,
        )

    def _make_silence(self, rng: np.random.Generator) -> _Sound:
        """Exact zeros, or noise far below the level of any sound."""
        level = 10 ** (rng.uniform(*self._config.silence_range_db) / 10) if rng.random() < 0.7 else 0.0
        n_frames = self._config.n_frames
        powers = [level * rng.exponential(1, (n_frames, one.n_mels)).astype(np.float32) for one in self._frontends]
        floors = np.zeros(self._labels.classes.shape[1], np.float32)
        floors[self._silence] = self._config.label_target
        caps = np.full_like(floors, self._config.synthesizer_cap)
        caps[self._silence] = 1.0
        return _Sound(
            powers=[one.astype(np.float32) for one in powers],
            floors=floors,
            caps=caps,
            categories=np.zeros(self._labels.n_categories, np.float32),
            active=np.tile(floors, (n_frames // self._score_stride, 1)),
        )

    def _mix(self, first: int, rng: np.random.Generator) -> _Sound:
        config, labels = self._config, self._labels
        n_sources = 1 + int(rng.choice(len(config.source_shares), p=config.source_shares))
        clips = [first, *(int(clip) for clip in rng.integers(len(labels.rows), size=n_sources - 1))]
        mixed = [np.zeros((config.n_frames, frontend.n_mels), np.float32) for frontend in self._frontends]
        floors = np.zeros(labels.classes.shape[1], np.float32)
        caps = np.ones_like(floors)
        categories = np.zeros(labels.n_categories, np.float32)
        active = np.zeros((config.n_frames // self._score_stride, len(floors)), np.float32)
        first_loudness_db: float | None = None
        levels_db = [0.0, *rng.uniform(*config.level_range_db, n_sources - 1)]
        has_synthetic_voice = False
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
            own = np.float32(config.label_target * share) * labels.classes[clip]
            np.maximum(floors, own, out=floors)
            is_active = find_active(powers[0], where.start, config.n_frames, self._score_stride)
            np.maximum(active, is_active[:, None] * own, out=active)
            if self._is_real_voice[clip]:
                caps[self._synthesizer] = self._config.synthesizer_cap
            has_synthetic_voice |= not self._is_real_voice[clip] and labels.classes[clip, 0] > 0  # class 0 is Speech
            if labels.categories[clip] >= 0:
                categories[labels.categories[clip]] += np.float32(share * 10 ** (level_db / 20))
        if has_synthetic_voice:
            caps[self._synthesizer] = 1.0
        self._apply_channel(mixed, rng)
        total_share = categories.sum()
        if total_share > 0:
            categories /= total_share
        return _Sound(mixed, floors, caps, categories, active)

    def _apply_channel(self, powers: list[Array], rng: np.random.Generator) -> None:
        """Apply a random gain and bandwidth, in place."""
        config = self._config
        gain = np.float32(10 ** (rng.uniform(*config.gain_range_db) / 10))
        is_telephone = rng.random() < config.telephone_share
        has_low_pass = rng.random() < config.low_pass_share
        cutoff_hz = float(np.exp(rng.uniform(*np.log(config.low_pass_range_hz))))
        for power, centres_hz in zip(powers, self._centres_hz, strict=True):
            if is_telephone:
                power *= gain * _telephone_gains(centres_hz)
            else:
                power *= gain * low_pass_gains(cutoff_hz, centres_hz) if has_low_pass else gain


def find_active(power: Array, onset: int, n_frames: int, stride: int) -> npt.NDArray[np.bool_]:
    """Score frames in which a clip is active: its loudest frame there is at most `PAUSE_DB` below that of the clip.

    Args:
        power: Mel power of the clip, `(frames, mels)`.
        onset: First frame of the clip in the mixture.
        n_frames: Frames of the mixture.
        stride: Frames for one score.

    Returns:
        `(n_frames // stride,)`.
    """
    level = np.zeros(n_frames, np.float32)
    level[onset : onset + len(power)] = power.sum(axis=1)
    loudest: Array = level[: n_frames // stride * stride].reshape(-1, stride).max(axis=1)
    is_active: npt.NDArray[np.bool_] = loudest > level.max() * 10 ** (-PAUSE_DB / 10)
    return is_active


def _telephone_gains(centres_hz: npt.NDArray[np.float64]) -> Array:
    """Gains of mel bands that leave the telephone band."""
    low, high = TELEPHONE_HZ
    below = np.minimum(1.0, (centres_hz / low) ** 8).astype(np.float32)
    gains: Array = low_pass_gains(high, centres_hz) * below
    return gains
