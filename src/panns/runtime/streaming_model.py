"""A model with a state on a backend: consecutive blocks of a stream in, scores and the next state out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from panns.checkpoints.manifest import ModelManifest
from panns.frontend import log_mel_block
from panns.results import Scores
from panns.runtime.backend import Backend
from panns.runtime.model import Model, ScoredWindow
from panns.runtime.output_checks import checked_scores, checked_state
from panns.runtime.windows import Window
from panns.system.arrays import Array


class StreamingModel(Model):
    """A causal model that carries its past from one block to the next in a state.

    A state holds the numbers of the network, then the samples that the first frame of the next block looks back at.
    This layout is the same whether the front end is inside or outside of the graph.

    Attributes:
        config: The model's config.
        block_samples: Samples in a block; a call takes one or more whole blocks.
        state_size: Numbers in the state of one stream.
    """

    def __init__(self, manifest: ModelManifest, backend: Backend) -> None:
        super().__init__(manifest, backend)
        assert manifest.streaming is not None
        self.config = manifest.streaming
        self.block_samples = self.config.block_samples
        self.state_size = self.config.state_size + self.config.n_overlap
        self._log_mel = None if backend.inputs == ("waveform",) else self.config.frontend.log_mel

    def initial_states(self, n_streams: int) -> Array:
        """States before the first sample, `(n_streams, state_size)`: all zeros."""
        return np.zeros((n_streams, self.state_size), np.float32)

    def step(self, blocks: Array, states: Array) -> tuple[Scores, Array]:
        """Score the next blocks of some streams in one call.

        Args:
            blocks: `(streams, samples)`, whole blocks.
            states: `(streams, state_size)`.

        Returns:
            The scores, and the states after these blocks.

        Raises:
            CheckpointError: The answer of the backend is damaged.
        """
        scores, after = self._step_unchecked(blocks, states)
        scores = checked_scores(scores, self.manifest, n_clips=len(blocks), n_samples=blocks.shape[1])
        return scores, checked_state(after, states.shape, self.manifest)

    def _step_unchecked(self, blocks: Array, states: Array) -> tuple[Scores, Array]:
        if self._log_mel is None:
            return self.backend.step(blocks, states)
        n_network = self.config.state_size
        padded = np.concatenate([states[:, n_network:], blocks], axis=1)
        features = np.stack([log_mel_block(one, self._log_mel) for one in padded])
        scores, networks = self.backend.step(features, np.ascontiguousarray(states[:, :n_network]))
        overlap = padded[:, padded.shape[1] - self.config.n_overlap :]
        return scores, np.concatenate([networks, overlap], axis=1)

    def score(self, batch: Array) -> Scores:
        """Score clips of one length in one pass, each as a stream of its own; the last block is padded with zeros."""
        return self._score_next(batch, self.initial_states(len(batch)))[0]

    def score_windows(self, windows: Iterable[Window]) -> Iterator[tuple[Window, Scores]]:
        """Score the consecutive windows of one sound; the state passes from one to the next."""
        states = self.initial_states(1)
        for window in windows:
            scores, states = self._score_next(window.waveform[None], states)
            yield window, scores

    def _score_clips(self, clips: Sequence[Array]) -> Iterator[ScoredWindow]:
        for i, clip in enumerate(clips):
            for window, scores in self.score_windows(self.windows([clip])):
                yield ScoredWindow(i, window, scores, row=0)

    def _score_next(self, waveforms: Array, states: Array) -> tuple[Scores, Array]:
        """Score the next stretch `(streams, samples)` of streams, padded to whole blocks."""
        n_samples = waveforms.shape[1]
        missing = -n_samples % self.block_samples
        scores, states = self.step(np.pad(waveforms, ((0, 0), (0, missing))), states)
        assert scores.frame_probs is not None
        return replace(scores, frame_probs=scores.frame_probs[:, : self.config.n_frames(n_samples)]), states
