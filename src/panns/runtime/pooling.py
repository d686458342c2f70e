"""Pooling: scores of a whole sound from the scores of its windows."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from panns.checkpoints.manifest import ModelManifest
from panns.results import Scores
from panns.runtime.windows import Window
from panns.system.arrays import Array

FloatT = TypeVar("FloatT", bound=np.floating)


class WindowPool:
    """Pools the windows of one sound, in any order; without frames and patches its size does not grow."""

    def __init__(self, manifest: ModelManifest, *, keeps_frames: bool = True, keeps_patches: bool = False) -> None:
        self._manifest = manifest
        self._frame_hop_s = manifest.config.frame_hop_s if keeps_frames else None
        self._patch_hop_s = manifest.patch_hop_s if keeps_patches else None
        self._clip_probs: Array | None = None
        self._embedding_sum = np.zeros(manifest.config.embedding_dim or 0)
        self._n_samples = 0
        # By first sample of the window.
        self._frames: dict[int, tuple[Array, npt.NDArray[np.float64]]] = {}
        self._patches: dict[int, tuple[Array, npt.NDArray[np.float64]]] = {}

    def add(self, window: Window, scores: Scores, row: int = 0) -> None:
        """Add a window, scored as one row of a batch."""
        clip_probs = scores.clip_probs[row]
        self._clip_probs = clip_probs.copy() if self._clip_probs is None else np.maximum(self._clip_probs, clip_probs)
        if scores.embedding is not None:
            self._embedding_sum += scores.embedding[row].astype(np.float64) * len(window.waveform)
        self._n_samples += len(window.waveform)
        onset_s = window.onset_sample / self._manifest.sample_rate
        if self._frame_hop_s is not None and scores.frame_probs is not None:
            frame_probs = scores.frame_probs[row]
            onsets_s = onset_s + np.arange(len(frame_probs), dtype=np.float64) * self._frame_hop_s
            self._frames[window.onset_sample] = frame_probs, onsets_s
        if self._patch_hop_s is not None and scores.patch_weights is not None:
            patch_weights = scores.patch_weights[row]
            onsets_s = onset_s + np.arange(patch_weights.shape[1], dtype=np.float64) * self._patch_hop_s
            self._patches[window.onset_sample] = patch_weights, onsets_s

    def result(self) -> Scores:
        """The scores of the whole sound, as a batch of one; at least one window must have been added."""
        assert self._clip_probs is not None
        has_embedding = self._manifest.config.embedding_dim is not None
        frame_probs, frame_onsets_s = _join(self._frames, time_axis=0)
        patch_weights, patch_onsets_s = _join(self._patches, time_axis=1)
        return Scores(
            clip_probs=self._clip_probs[None],
            frame_probs=frame_probs,
            embedding=(self._embedding_sum / self._n_samples).astype(np.float32)[None] if has_embedding else None,
            frame_onsets_s=frame_onsets_s,
            patch_weights=patch_weights,
            patch_onsets_s=patch_onsets_s,
        )


def _join(
    windows: dict[int, tuple[Array, npt.NDArray[np.float64]]], *, time_axis: int
) -> tuple[Array | None, npt.NDArray[np.float64] | None]:
    """Join the values and onsets of windows in time, as a batch of one; None without windows."""
    if not windows:
        return None, None
    in_time = [windows[onset_sample] for onset_sample in sorted(windows)]
    values = np.concatenate([values for values, _ in in_time], axis=time_axis)
    return values[None], np.concatenate([onsets_s for _, onsets_s in in_time])[None]


def stack_scores(scores: list[Scores]) -> Scores:
    """Stack batches into one; frames and columns of patches are padded with NaN to the longest."""
    return Scores(
        clip_probs=np.concatenate([one.clip_probs for one in scores]),
        frame_probs=_stack([one.frame_probs for one in scores], time_axis=1),
        embedding=_stack([one.embedding for one in scores], time_axis=1),
        frame_onsets_s=_stack([one.frame_onsets_s for one in scores], time_axis=1),
        patch_weights=_stack([one.patch_weights for one in scores], time_axis=2),
        patch_onsets_s=_stack([one.patch_onsets_s for one in scores], time_axis=1),
    )


def _stack(fields: list[npt.NDArray[FloatT] | None], *, time_axis: int) -> npt.NDArray[FloatT] | None:
    """Stack arrays `(1, ...)`, padded with NaN to the longest; None without arrays."""
    present = [field for field in fields if field is not None]
    if not present:
        return None
    longest = max(field.shape[time_axis] for field in present)
    filled = []
    for field in present:
        missing = [(0, 0)] * field.ndim
        missing[time_axis] = (0, longest - field.shape[time_axis])
        filled.append(np.pad(field, missing, constant_values=np.nan))
    return np.concatenate(filled)
