"""From the windows of a sound to the scores of the whole."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from panns.models.checkpoint import Manifest
from panns.results import Array, Scores
from panns.runtime.windows import Window

FloatT = TypeVar("FloatT", bound=np.floating)


class WindowPool:
    """Gathers the windows of one sound, in order; without frames its size does not grow with them."""

    def __init__(self, manifest: Manifest, *, keeps_frames: bool = True) -> None:
        self._manifest = manifest
        self._keeps_frames = keeps_frames and manifest.config.frame_hop_s is not None
        self._clip_probs: Array | None = None
        self._embedding_sum = np.zeros(manifest.config.embedding_dim or 0)
        self._n_samples = 0
        self._frame_probs: list[Array] = []
        self._frame_onsets_s: list[npt.NDArray[np.float64]] = []

    def add(self, window: Window, scores: Scores, row: int = 0) -> None:
        """Take in one row of a batch of scores."""
        clip_probs = scores.clip_probs[row]
        self._clip_probs = clip_probs.copy() if self._clip_probs is None else np.maximum(self._clip_probs, clip_probs)
        if scores.embedding is not None:
            self._embedding_sum += scores.embedding[row].astype(np.float64) * len(window.waveform)
        self._n_samples += len(window.waveform)
        if self._keeps_frames and scores.frame_probs is not None:
            frame_probs = scores.frame_probs[row]
            hop_s = self._manifest.config.frame_hop_s or 0.0
            self._frame_probs.append(frame_probs)
            onset_s = window.onset_sample / self._manifest.sample_rate
            self._frame_onsets_s.append(onset_s + np.arange(len(frame_probs), dtype=np.float64) * hop_s)

    def result(self) -> Scores:
        """The scores of the whole sound, as a batch of one; at least one window must have been added."""
        assert self._clip_probs is not None
        has_embedding = self._manifest.config.embedding_dim is not None
        return Scores(
            clip_probs=self._clip_probs[None],
            frame_probs=np.concatenate(self._frame_probs)[None] if self._keeps_frames else None,
            embedding=(self._embedding_sum / self._n_samples).astype(np.float32)[None] if has_embedding else None,
            frame_onsets_s=np.concatenate(self._frame_onsets_s)[None] if self._keeps_frames else None,
        )


def stack_scores(scores: list[Scores]) -> Scores:
    """One batch out of many; frames are filled up with NaN to the longest."""
    embeddings = [one.embedding for one in scores if one.embedding is not None]
    frame_probs = [one.frame_probs for one in scores if one.frame_probs is not None]
    frame_onsets_s = [one.frame_onsets_s for one in scores if one.frame_onsets_s is not None]
    n_frames = max((frames.shape[1] for frames in frame_probs), default=0)
    return Scores(
        clip_probs=np.concatenate([one.clip_probs for one in scores]),
        frame_probs=np.concatenate([_fill_up(frames, n_frames) for frames in frame_probs]) if frame_probs else None,
        embedding=np.concatenate(embeddings) if embeddings else None,
        frame_onsets_s=np.concatenate([_fill_up(onsets, n_frames) for onsets in frame_onsets_s])
        if frame_onsets_s
        else None,
    )


def _fill_up(frames: npt.NDArray[FloatT], n_frames: int) -> npt.NDArray[FloatT]:
    """NaN after the frames `(1, frames, ...)`, up to `n_frames`."""
    missing = [(0, 0), (0, n_frames - frames.shape[1])] + [(0, 0)] * (frames.ndim - 2)
    return np.pad(frames, missing, constant_values=np.nan)
