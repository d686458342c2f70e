"""Batches of random soundscapes with frame targets, mixed from a store of clips in mel power.

The mixer knows the times of all clips. A teacher has scored the other classes of every clip in advance. Powers of
uncorrelated sounds add up, so mixing needs no waveforms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from panns.augment.masking import mask
from panns.augment.noise import coloured_noise
from panns.augment.spectrum import band_centres_hz, colour_gains, draw_colour, low_pass_gains
from panns.data.soundscapes import PlacedClip, Soundscape, SoundscapeConfig, Stretch, draw_soundscape
from panns.frontend import LogMelConfig, compress, log_mel
from panns.system.arrays import Array
from panns.training.engine.batch import Batch
from recipes.builtin.drawing import ClipLabels, nth_clip
from recipes.common.mel_store import MelStore, in_decibels

_NOISE_EXPONENTS = 9
_NOISE_S = 30.0


@dataclass(frozen=True)
class SoundscapeBatchConfig:
    """Settings of soundscape batches.

    Attributes:
        batch_size: Soundscapes in a batch.
        frame_stride: Number of frames for each target, which is that of the last of them.
        soundscape: Settings of the soundscapes.
        colour_share: Share of clips with a random equaliser.
        colour_depth_db: Maximum gain of the equaliser.
        low_pass_share: Share of soundscapes with a low-pass filter.
        low_pass_range_hz: Cutoff frequency of the filter.
        mask_share: Share of soundscapes with a time mask and a frequency mask.
        max_masked_frames: Maximum length of a time mask.
        max_masked_mels: Maximum width of a frequency mask.
        label_target: Minimum target of a clip's own label where the clip is active; the teacher may set a higher one.
    """

    batch_size: int = 32
    frame_stride: int = 4
    soundscape: SoundscapeConfig = field(default_factory=SoundscapeConfig)
    colour_share: float = 0.5
    colour_depth_db: float = 6.0
    low_pass_share: float = 0.1
    low_pass_range_hz: tuple[float, float] = (2_500.0, 7_000.0)
    mask_share: float = 0.3
    max_masked_frames: int = 20
    max_masked_mels: int = 10
    label_target: float = 0.95


@dataclass(frozen=True, eq=False)
class ClipFrames:
    """Active times and teacher scores of the rows of a store.

    Attributes:
        stretches: Active stretches of every row.
        teacher: `(all frames, classes)`, frame scores of the teacher, all rows concatenated.
        offsets: `(rows + 1,)`, first frame of every row in `teacher`, and the end of the last row.
        hop_s: Time between these frames; the first one is centred on the start of its row.
    """

    stretches: Sequence[Sequence[Stretch]]
    teacher: npt.NDArray[np.float16]
    offsets: npt.NDArray[np.int64]
    hop_s: float

    def teacher_scores(self, row: int, times_s: npt.NDArray[np.float64]) -> Array:
        """Scores of the teacher at some times of a row, `(times, classes)`."""
        first, end = int(self.offsets[row]), int(self.offsets[row + 1])
        frames = np.minimum(np.round(times_s / self.hop_s).astype(np.intp), end - first - 1)
        scores: Array = self.teacher[first + frames].astype(np.float32)
        return scores


class SoundscapeBatches:
    """Reproducible batch of soundscapes for every step.

    Args:
        store: Mel power of the clips, for the network's front end.
        labels: Labels of the clips.
        frames: Active times and teacher scores of the clips.
        frontend: The front end.
        config: Settings of the batches.
        seed: Random seed.
    """

    def __init__(
        self,
        store: MelStore,
        labels: ClipLabels,
        frames: ClipFrames,
        frontend: LogMelConfig,
        config: SoundscapeBatchConfig,
        seed: int,
    ) -> None:
        self._store = store
        self._labels = labels
        self._frames = frames
        self._frontend = frontend
        self._config = config
        self._seed = seed
        self._n_targets = round(config.soundscape.duration_s / frontend.hop_s / config.frame_stride)
        self._n_frames = self._n_targets * config.frame_stride
        self._centres_hz = band_centres_hz(frontend)
        self._noise = _noise_powers(frontend, config.soundscape.noise_exponents, np.random.default_rng(seed))

    def __call__(self, step: int) -> Batch:
        """The batch of a step, counted from 0."""
        made = [
            self._make(
                nth_clip(step * self._config.batch_size + i, len(self._labels.rows), self._seed),
                np.random.default_rng([self._seed, step, i]),
            )
            for i in range(self._config.batch_size)
        ]
        features, targets, categories = (np.stack(parts) for parts in zip(*made, strict=True))
        clip_categories = categories.sum(axis=1)
        return Batch(
            inputs=(torch.from_numpy(features),),
            targets=torch.from_numpy(targets.max(axis=1)),
            frame_targets=torch.from_numpy(targets),
            categories=torch.from_numpy(clip_categories / np.maximum(clip_categories.sum(axis=1, keepdims=True), 1e-9)),
            frame_categories=torch.from_numpy(categories),
        )

    def _make(self, first: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
        """Log-mel `(frames, mels)`, targets `(targets, classes)` and shares of categories `(targets, categories)`."""
        config, labels = self._config, self._labels
        speed = int(rng.integers(len(labels.rows[0])))
        stretches = [self._frames.stretches[rows[speed]] for rows in labels.rows]
        soundscape = draw_soundscape(stretches, config.soundscape, rng, first=first)
        power = self._background(soundscape, rng)
        targets = np.zeros((self._n_targets, labels.classes.shape[1]), np.float32)
        categories = np.zeros((self._n_targets, labels.n_categories), np.float32)
        for piece in soundscape.placed:
            self._add(piece, labels.rows[piece.clip][speed], power, targets, categories, rng)
        if rng.random() < config.low_pass_share:
            cutoff_hz = float(np.exp(rng.uniform(*np.log(config.low_pass_range_hz))))
            power *= low_pass_gains(cutoff_hz, self._centres_hz)
        features = compress(power, self._frontend)
        if rng.random() < config.mask_share:
            features = mask(features, max_frames=config.max_masked_frames, max_mels=config.max_masked_mels, rng=rng)
        return features, targets, categories / np.maximum(categories.sum(axis=1, keepdims=True), 1e-9)

    def _add(
        self, piece: PlacedClip, row: int, power: Array, targets: Array, categories: Array, rng: np.random.Generator
    ) -> None:
        """Add a piece of a clip to a soundscape, in place."""
        config, hop_s = self._config, self._frontend.hop_s
        start, end = round(piece.cut_s[0] / hop_s), round(piece.cut_s[1] / hop_s)
        begin = round(piece.onset_s / hop_s)
        end = min(end, self._store.n_frames(row), start + self._n_frames - begin)
        (piece_power,) = self._store.power(row, np.arange(start, end))
        gains: Array | np.float32 = np.float32(10 ** (piece.gain_db / 10))
        if rng.random() < config.colour_share:
            gains = gains * colour_gains(draw_colour(config.colour_depth_db, rng), self._centres_hz)
        power[begin : begin + end - start] += piece_power * gains
        category = self._labels.categories[piece.clip]
        loudness = np.float32(10 ** (piece.gain_db / 20)) * np.sqrt(piece_power.sum(axis=1).mean() + 1e-12)
        for onset_s, offset_s in piece.events:
            # Targets with the last frame of their stride inside the event.
            first, last = (round(time_s / hop_s) // config.frame_stride for time_s in (onset_s, offset_s))
            frames = slice(first, min(last, self._n_targets))
            lasts = (np.arange(frames.start, frames.stop, dtype=np.float64) + 1) * config.frame_stride - 1
            times_s = lasts * hop_s - (piece.onset_s - piece.cut_s[0])
            event_targets = np.maximum(
                self._frames.teacher_scores(row, times_s),
                np.float32(config.label_target) * self._labels.classes[piece.clip],
            )
            np.maximum(targets[frames], event_targets, out=targets[frames])
            if category >= 0:
                categories[frames, category] += loudness

    def _background(self, soundscape: Soundscape, rng: np.random.Generator) -> Array:
        power = np.zeros((self._n_frames, self._frontend.n_mels), np.float32)
        if soundscape.background_db is not None:
            low, high = self._config.soundscape.noise_exponents
            place = (soundscape.noise_exponent - low) / max(high - low, 1e-9) * (len(self._noise) - 1)
            noise = self._noise[round(place)]
            start = int(rng.integers(len(noise)))
            power += np.take(noise, np.arange(start, start + self._n_frames), axis=0, mode="wrap") * np.float32(
                10 ** (soundscape.background_db / 10)
            )
        return power


def _noise_powers(frontend: LogMelConfig, exponents: tuple[float, float], rng: np.random.Generator) -> list[Array]:
    """Mel power `(frames, mels)` of noises at 0 dB, for a range of exponents."""
    decibels, n_samples = in_decibels(frontend), round(_NOISE_S * frontend.sample_rate)
    noises = (
        coloured_noise(n_samples, float(exponent), frontend.sample_rate, rng)
        for exponent in np.linspace(*exponents, _NOISE_EXPONENTS)
    )
    return [np.float32(10) ** (log_mel(noise, decibels) / np.float32(10)) for noise in noises]
