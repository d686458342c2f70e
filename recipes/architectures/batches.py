"""Training batches of both tasks, which depend only on the seed and the step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from panns.augment.masking import mask
from panns.augment.placement import crop_frames, draw_position
from panns.frontend import LogMelConfig, compress
from panns.system.arrays import Array
from panns.training.engine.batch import Batch
from recipes.architectures.prepare import FRONTENDS
from recipes.architectures.settings import AugmentConfig
from recipes.architectures.siblings import CLIP_S
from recipes.architectures.soundscapes import order_targets
from recipes.common.mel_store import MelStore


def frontend_name(frontend: LogMelConfig) -> str:
    """Name of a front end in files."""
    return next(name for name, known in FRONTENDS.items() if known == frontend)


class Soundscapes:
    """Soundscapes of one split.

    Args:
        folder: Folder written by `prepare`.
        frontend: Front end of the log-mels.
        n_classes: Number of classes of the clips; each has two labels.
    """

    def __init__(self, folder: Path, frontend: LogMelConfig, n_classes: int) -> None:
        self._mels = np.load(folder / f"{frontend_name(frontend)}.npy", mmap_mode="r")
        self._frontend = frontend
        self.classes: npt.NDArray[np.int64] = np.load(folder / "classes.npy")
        self.targets = np.stack([order_targets(first, second, n_classes) for first, second in self.classes])

    def __len__(self) -> int:
        return len(self.classes)

    def features(self, i: int) -> Array:
        """Log-mel of a soundscape, `(frames, mels)`."""
        return np.asarray(self._mels[i], np.float32)

    def batch(self, step: int, seed: int, augment: AugmentConfig) -> Batch:
        """Training batch of a step, counted from 0."""
        chosen = draw_batch_indices(step, augment.batch_size, len(self), [seed])
        features = []
        for place_in_batch, i in enumerate(chosen):
            rng = np.random.default_rng([seed, step, place_in_batch])
            louder = self.features(i) + np.float32(rng.uniform(*augment.gain_range_db))
            features.append(mask_at_random(louder, self._frontend, augment, rng))
        return Batch((torch.from_numpy(np.stack(features)),), torch.from_numpy(self.targets[chosen]))


class Clips:
    """Clips of ESC-10.

    Args:
        folder: Folder written by `prepare`.
        frontend: Front end of the log-mels.
        classes: Class of every clip.
    """

    def __init__(self, folder: Path, frontend: LogMelConfig, classes: Sequence[int]) -> None:
        self._store = MelStore(folder / f"clips_{frontend_name(frontend)}", n_frontends=1)
        self._frontend = frontend
        self._n_frames = frontend.n_frames(round(CLIP_S * frontend.sample_rate))
        self._shares = np.eye(max(classes) + 1, dtype=np.float32)[list(classes)]

    def features(self, i: int) -> Array:
        """Log-mel of the middle of a clip, padded with silence on both sides if it is short: `(frames, mels)`."""
        n_clip = self._store.n_frames(i)
        n_used = min(n_clip, self._n_frames)
        (power,) = self._store.power(i, (n_clip - n_used) // 2 + np.arange(n_used))
        whole = np.zeros((self._n_frames, self._frontend.n_mels), np.float32)
        whole[(self._n_frames - n_used) // 2 :][:n_used] = power
        return compress(whole, self._frontend)

    def batch(self, indices: Sequence[int], step: int, seed: int, augment: AugmentConfig) -> Batch:
        """Training batch of a step, counted from 0, from selected clips."""
        features, shares = [], []
        for place_in_batch, i in enumerate(
            draw_batch_indices(step, augment.batch_size, len(indices), [seed, len(indices)])
        ):
            rng = np.random.default_rng([seed, step, place_in_batch])
            share = float(rng.uniform(0.5, 1.0)) if rng.random() < augment.mixup_share else 1.0
            other = indices[int(rng.integers(len(indices)))]
            mixed = np.zeros((self._n_frames, self._frontend.n_mels), np.float32)
            for clip, weight in ((indices[i], share), (other, 1 - share)):
                if weight:
                    frames = crop_frames(self._store.n_frames(clip), self._n_frames, rng)
                    (power,) = self._store.power(clip, frames)
                    mixed[draw_position(len(frames), self._n_frames, rng)] += np.float32(weight) * power
            mixed *= np.float32(10 ** (rng.uniform(*augment.gain_range_db) / 10))
            features.append(mask_at_random(compress(mixed, self._frontend), self._frontend, augment, rng))
            shares.append(share * self._shares[indices[i]] + (1 - share) * self._shares[other])
        targets = torch.from_numpy(np.stack(shares).astype(np.float32))
        return Batch((torch.from_numpy(np.stack(features)),), targets=targets, categories=targets)


def draw_batch_indices(step: int, batch_size: int, n: int, seed: Sequence[int]) -> npt.NDArray[np.int64]:
    """Indices of the batch of a step, in a sequence of random permutations with equal frequency of all `n`.

    Examples:
        >>> sorted(draw_batch_indices(0, 4, 4, [0]).tolist())
        [0, 1, 2, 3]
    """
    numbers = step * batch_size + np.arange(batch_size)
    orders = {epoch: np.random.default_rng([*seed, epoch]).permutation(n) for epoch in np.unique(numbers // n)}
    return np.array([orders[number // n][number % n] for number in numbers])


def mask_at_random(features: Array, frontend: LogMelConfig, augment: AugmentConfig, rng: np.random.Generator) -> Array:
    """Mask time and frequency of a log-mel, for a random share of the sounds."""
    if rng.random() >= augment.mask_share:
        return features
    max_frames = round(augment.max_masked_s / frontend.hop_s)
    return mask(features, max_frames=max_frames, max_mels=round(augment.max_masked_bands * frontend.n_mels), rng=rng)
