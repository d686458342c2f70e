"""Models on a backend: waveforms of any length and number in, scores out.

`ClipModel` scores every window on its own. Models with a state are in `streaming_model.py`.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from panns.checkpoints.manifest import ModelManifest
from panns.frontend import network_inputs
from panns.results import Scores
from panns.runtime.backend import Backend
from panns.runtime.output_checks import checked_scores
from panns.runtime.pooling import WindowPool, stack_scores
from panns.runtime.waveforms import Waveforms, to_clips
from panns.runtime.windows import Window, cut_into_windows
from panns.system.arrays import Array

# Seconds of sound in one batch. On a CPU a larger batch is slower per clip, because its activations leave the cache,
# and takes memory in proportion. A GPU needs it to be busy.
BATCH_S = {"cpu": 10.0, "mps": 80.0, "cuda": 320.0}


class ScoredWindow(NamedTuple):
    """A window of a clip, and its scores as one row of a batch."""

    clip: int
    window: Window
    scores: Scores
    row: int


class Model(ABC):
    """A trained model on a backend. It holds no state between calls, so threads may share it.

    Attributes:
        manifest: Everything known about the model: labels, front end, licence, metrics.
        backend: The backend that runs it.
    """

    def __init__(self, manifest: ModelManifest, backend: Backend) -> None:
        self.manifest = manifest
        self.backend = backend

    @abstractmethod
    def score(self, batch: Array) -> Scores:
        """Score clips of one length in one pass.

        Args:
            batch: `(batch, samples)` float32 at the manifest's rate.

        Raises:
            ValueError: The clips are longer than the model takes in one pass.
        """

    @abstractmethod
    def score_windows(self, windows: Iterable[Window]) -> Iterator[tuple[Window, Scores]]:
        """Score the windows of one sound in order, each as a batch of one."""

    @abstractmethod
    def _score_clips(self, clips: Sequence[Array]) -> Iterator[ScoredWindow]:
        """Score the windows of some clips, in any order."""

    def windows(self, blocks: Iterable[Array]) -> Iterator[Window]:
        """Cut a sound into the windows that this model scores.

        Args:
            blocks: `(samples,)` each, of any lengths.
        """
        manifest = self.manifest
        return cut_into_windows(
            blocks,
            sample_rate=manifest.sample_rate,
            window_s=min(manifest.window_s, manifest.one_pass_s),
            one_pass_s=manifest.one_pass_s,
        )

    def run(self, waveforms: Waveforms, *, patch_weights: bool = False) -> Scores:
        """Score one clip or many.

        A clip longer than 30 s, or than the model takes in one pass, is cut into windows: its clip score is their
        maximum, its embedding their mean weighted by length, and its frames are those of the windows in a row.

        Args:
            waveforms: `(samples,)`, `(batch, samples)`, or a list of `(samples,)` of any lengths: floats from -1 to 1
                at the manifest's rate.
            patch_weights: Include the weights of patches, if the model has them. They take much memory.

        Returns:
            Arrays with one row per clip.

        Raises:
            ValueError: Empty input, a wrong shape, NaN or infinity.
            TypeError: Samples of another type than floating point.
        """
        clips = to_clips(waveforms)
        pools = [WindowPool(self.manifest, keeps_patches=patch_weights) for _ in clips]
        for clip, window, scores, row in self._score_clips(clips):
            pools[clip].add(window, scores, row)
        return stack_scores([pool.result() for pool in pools])


class ClipModel(Model):
    """A model without a state: the scores of a window depend on that window alone."""

    def score(self, batch: Array) -> Scores:
        """Score clips of one length in one pass.

        Args:
            batch: `(batch, samples)` float32 at the manifest's rate. Clips shorter than the model's minimum are padded
                with zeros.

        Raises:
            ValueError: The clips are longer than the model takes in one pass.
        """
        config, limit_s = self.manifest.config, self.manifest.max_pass_s
        duration_s = batch.shape[1] / self.manifest.sample_rate
        if limit_s is not None and duration_s > limit_s:
            raise ValueError(
                f"a clip of {duration_s:g} s is too long for one pass; {self.manifest.architecture} takes up to "
                f"{limit_s:g} s, so use run(), which cuts longer clips into windows"
            )
        missing = config.min_input_samples - batch.shape[1]
        if missing > 0:
            batch = np.pad(batch, ((0, 0), (0, missing)))
        is_inside = self.backend.inputs == ("waveform",)
        scores = self.backend(batch) if is_inside else self.backend(*network_inputs(batch, config.frontend))
        return checked_scores(scores, self.manifest, n_clips=len(batch), n_samples=batch.shape[1])

    def score_windows(self, windows: Iterable[Window]) -> Iterator[tuple[Window, Scores]]:
        """Score the windows of one sound in order, each as a batch of one."""
        for window in windows:
            yield window, self.score(window.waveform[None])

    def _score_clips(self, clips: Sequence[Array]) -> Iterator[ScoredWindow]:
        windows = [(i, window) for i, clip in enumerate(clips) for window in self.windows([clip])]
        config = self.manifest.config
        max_samples = int(BATCH_S[self.backend.device] * self.manifest.sample_rate)
        least = config.max_input_samples if config.fills_input else None
        for batch in _batches_of_one_length(windows, max_samples=max_samples, min_cost=least or 1):
            scores = self.score(np.stack([window.waveform for _, window in batch]))
            for row, (i, window) in enumerate(batch):
                yield ScoredWindow(i, window, scores, row)


def _batches_of_one_length(
    windows: list[tuple[int, Window]], *, max_samples: int, min_cost: int
) -> Iterator[list[tuple[int, Window]]]:
    """Batch windows by length, longest first; a batch of several windows holds at most `max_samples`.

    A shorter window than `min_cost` samples counts as long.
    """
    by_length = sorted(windows, key=lambda item: len(item[1].waveform), reverse=True)
    for n_samples, group in itertools.groupby(by_length, key=lambda item: len(item[1].waveform)):
        same_length = list(group)
        batch_size = max(1, max_samples // max(n_samples, min_cost))
        for start in range(0, len(same_length), batch_size):
            yield same_length[start : start + batch_size]
