"""Checks of every answer of a backend, so that damaged weights or a foreign graph cannot pass as scores."""

from __future__ import annotations

import numpy as np

from panns.checkpoints.manifest import ModelManifest
from panns.errors import CheckpointError
from panns.results import Scores
from panns.system.arrays import Array

# A weighted mean of probabilities may leave 0 to 1 by its rounding.
_ROUNDING = 1e-5


def checked_scores(scores: Scores, manifest: ModelManifest, *, n_clips: int, n_samples: int) -> Scores:
    """Check the scores of a batch: types, shapes, finite numbers, probabilities from 0 to 1.

    Args:
        scores: Answer of a backend.
        manifest: Manifest of its model.
        n_clips: Clips in the batch.
        n_samples: Length of each clip, in samples.

    Raises:
        CheckpointError: The answer is not that of the model in the manifest.
    """
    config = manifest.config
    n_classes = config.n_classes
    clips = (n_clips, n_classes)
    frames = None if config.frame_hop_s is None else (n_clips, config.n_frames(n_samples), n_classes)
    embedding = None if config.embedding_dim is None else (n_clips, config.embedding_dim)
    patches = None if manifest.patch_hop_s is None else (*clips, None, None)
    return Scores(
        _probs("clip_probs", scores.clip_probs, clips, manifest),
        None if frames is None else _probs("frame_probs", scores.frame_probs, frames, manifest),
        None if embedding is None else _finite("embedding", scores.embedding, embedding, manifest),
        patch_weights=None if patches is None else _probs("patch_weights", scores.patch_weights, patches, manifest),
    )


def checked_state(state: Array, shape: tuple[int, int], manifest: ModelManifest) -> Array:
    """Check the next states of streams: type, shape, finite numbers.

    Raises:
        CheckpointError: The states are not those of the model in the manifest.
    """
    return _finite("next_state", state, shape, manifest)


def _probs(name: str, array: Array | None, shape: tuple[int | None, ...], manifest: ModelManifest) -> Array:
    array = _array(name, array, shape, manifest)
    if not array.size:
        return array
    low, high = array.min(), array.max()
    if low >= 0 and high <= 1:  # False for NaN
        return array
    if low >= -_ROUNDING and high <= 1 + _ROUNDING:
        return np.clip(array, 0, 1)
    raise _error(f"{_worst(low, high)} in {name}, where probabilities from 0 to 1 belong", manifest)


def _finite(name: str, array: Array | None, shape: tuple[int | None, ...], manifest: ModelManifest) -> Array:
    array = _array(name, array, shape, manifest)
    if array.size:
        low, high = array.min(), array.max()
        if not (low > -np.inf and high < np.inf):
            raise _error(f"{_worst(low, high)} in {name}, where finite numbers belong", manifest)
    return array


def _array(name: str, array: Array | None, shape: tuple[int | None, ...], manifest: ModelManifest) -> Array:
    if isinstance(array, np.ndarray):
        fits = len(array.shape) == len(shape) and all(map(_fits, array.shape, shape))
        if fits and array.dtype == np.float32:
            return array
        found = f"{array.dtype} of shape {array.shape}"
    else:
        found = type(array).__name__  # None for a missing field
    wanted = ", ".join("any" if size is None else str(size) for size in shape)
    raise _error(f"{found} as {name}, where float32 of shape ({wanted}) belongs", manifest)


def _fits(found: int, wanted: int | None) -> bool:
    return wanted in (None, found)


def _worst(low: np.float32, high: np.float32) -> str:
    return "NaN" if np.isnan(low) else f"{low if low < 0 else high:g}"


def _error(problem: str, manifest: ModelManifest) -> CheckpointError:
    return CheckpointError(
        f"the model {manifest.architecture} returned {problem}: its weights are damaged, or its training diverged; "
        "export, fetch or train it again"
    )
