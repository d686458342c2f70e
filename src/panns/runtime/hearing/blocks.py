"""A model with a state, which takes in a sound in blocks of one size, whatever the sizes it comes in.

Every block is computed by the same operations on arrays of the same shape, so the scores are bit for bit the same for
every way of cutting a sound.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from panns.frontend import log_mel_block
from panns.results import Array
from panns.runtime.hearing.hearing import Frames, HearingState, no_frames
from panns.runtime.model import Model


class BlockHearing:
    """Hears block by block.

    Attributes:
        hop_s: From one score frame to the next.
        latency_s: Of the first frame in a block.
    """

    def __init__(self, model: Model) -> None:
        streaming = model.manifest.streaming
        assert streaming is not None
        assert streaming.frame_hop_s is not None
        self._streaming, self._backend = streaming, model.backend
        self._is_inside = model.backend.inputs == ("waveform",)
        self._n_classes = len(model.manifest.labels)
        self.hop_s = streaming.frame_hop_s
        self.latency_s = streaming.block_samples / model.manifest.sample_rate

    def initial_state(self) -> HearingState:
        """Before the first sample, where there are zeros."""
        overlap = 0 if self._is_inside else self._streaming.n_overlap
        return HearingState(np.zeros(overlap, np.float32), -overlap, 0, np.zeros(self._backend.state_size, np.float32))

    def step(self, chunks: Sequence[Array], states: Sequence[HearingState]) -> tuple[list[Frames], list[HearingState]]:
        """Hear what comes next in some streams; of each the next block together."""
        pending = [np.concatenate([state.samples, chunk]) for chunk, state in zip(chunks, states, strict=True)]
        networks = [state.network for state in states]
        found: list[list[Array]] = [[] for _ in states]
        overlap, block = len(self.initial_state().samples), self._streaming.block_samples
        n_blocks = [(len(samples) - overlap) // block for samples in pending]
        for i in range(max(n_blocks, default=0)):
            ready = [k for k, n in enumerate(n_blocks) if n > i]
            blocks = np.stack([pending[k][i * block : (i + 1) * block + overlap] for k in ready])
            probs, after = self._step(blocks, np.stack([networks[k] for k in ready]))
            for row, k in enumerate(ready):
                found[k].append(probs[row])
                networks[k] = after[row]
        frames, following = [], []
        for k, state in enumerate(states):
            n_heard = n_blocks[k] * block
            probs = np.concatenate(found[k]) if found[k] else no_frames(self._n_classes).probs
            frames.append(self._frames(probs, state.n_frames))
            # Copies, lest a state keeps all of a long chunk, or the states of its neighbours, alive.
            following.append(
                HearingState(
                    pending[k][n_heard:].copy(),
                    state.n_passed + n_heard,
                    state.n_frames + len(probs),
                    networks[k].copy(),
                )
            )
        return frames, following

    def finish(self, state: HearingState) -> Frames:
        """The frames of the last block, of which the rest is silence."""
        n_left = len(state.samples) - len(self.initial_state().samples)
        if not n_left:
            return no_frames(self._n_classes)
        silence = np.zeros(self._streaming.block_samples - n_left, np.float32)
        (frames,), _ = self.step([silence], [state])
        n_frames = self._streaming.n_frames(n_left)
        return Frames(frames.probs[:n_frames], frames.onsets_s[:n_frames])

    def _step(self, blocks: Array, networks: Array) -> tuple[Array, Array]:
        if not self._is_inside:
            config = self._streaming.frontend.log_mel
            assert config is not None
            blocks = np.stack([log_mel_block(block, config) for block in blocks])
        scores, after = self._backend.step(blocks, networks)
        assert scores.frame_probs is not None
        return scores.frame_probs, after

    def _frames(self, probs: Array, first: int) -> Frames:
        # Multiples of the hop: a sum of hops would drift.
        return Frames(probs, np.arange(first, first + len(probs), dtype=np.float64) * self.hop_s)
