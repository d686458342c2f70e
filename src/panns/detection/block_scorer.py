"""Frame scores of a model with a state, block by block.

The model reads a stream in blocks of one size, whatever the sizes of the chunks. A block computes the same operations
each time, so the scores are equal bit for bit however a sound is cut into chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from panns.detection.exact_calls import ExactCalls
from panns.detection.frames import Frames, ScorerState, no_frames
from panns.runtime.streaming_model import StreamingModel
from panns.system.arrays import Array


class BlockScorer:
    """A `FrameScorer` for a model with a state.

    Attributes:
        hop_s: Time from one score frame to the next, in seconds.
        latency_s: Longest delay from the start of a frame until its score: one block, in seconds.
        settings: The size of its blocks.
    """

    def __init__(self, model: StreamingModel) -> None:
        assert model.config.frame_hop_s is not None
        self._model = model
        self._calls = ExactCalls(model)
        self._block = model.block_samples
        self._n_classes = len(model.manifest.labels)
        self.hop_s = model.config.frame_hop_s
        self.latency_s = self._block / model.manifest.sample_rate
        self.settings = f"blocks of {self._block} samples"

    def initial_state(self) -> ScorerState:
        """State before the first sample."""
        return ScorerState((), 0, 0, self._model.initial_states(1)[0])

    def check(self, state: ScorerState) -> None:
        """Refuse a state that no step of this scorer returns.

        Raises:
            ValueError: The parts of the state do not fit the model or each other.
        """
        n_blocks, rest = divmod(state.n_passed, self._block)
        n_frames = n_blocks * self._model.config.n_frames(self._block)
        if (
            len(state.network) != self._model.state_size
            or rest
            or n_blocks < 0
            or state.n_frames != n_frames
            or state.n_kept >= self._block
        ):
            raise ValueError(
                f"{state.n_kept} samples after {state.n_passed}, {state.n_frames} frames and {len(state.network)} "
                f"numbers of the network do not fit {self.settings}"
            )

    def step(self, chunks: Sequence[Array], states: Sequence[ScorerState]) -> tuple[list[Frames], list[ScorerState]]:
        """Score the next chunks of some streams; blocks that are complete in several streams share calls."""
        pending = [np.concatenate([*state.samples, chunk]) for chunk, state in zip(chunks, states, strict=True)]
        n_ready = [len(samples) // self._block * self._block for samples in pending]
        ready = [k for k, n in enumerate(n_ready) if n]
        scores, networks = self._step_blocks(
            [pending[k][: n_ready[k]] for k in ready], [states[k].network for k in ready]
        )
        frames = [no_frames(self._n_classes) for _ in states]
        # Copies, because views would keep a long chunk, or the states of the other streams, in memory.
        following = [replace(state, samples=(pending[k][n_ready[k] :].copy(),)) for k, state in enumerate(states)]
        for k, probs, network in zip(ready, scores, networks, strict=True):
            frames[k] = self._frames(probs, states[k].n_frames)
            following[k] = replace(
                following[k],
                n_passed=states[k].n_passed + n_ready[k],
                n_frames=states[k].n_frames + len(probs),
                network=network.copy(),
            )
        return frames, following

    def _step_blocks(self, streams: Sequence[Array], networks: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        if not streams:
            return [], []
        if len(streams) > 1:
            return self._calls.step_streams(streams, networks)
        probs, network = self._calls.step_stream(streams[0], networks[0])
        return [probs], [network]

    def finish(self, state: ScorerState) -> Frames:
        """The frames of the last, incomplete block, padded with silence."""
        if not state.n_kept:
            return no_frames(self._n_classes)
        silence = np.zeros(self._block - state.n_kept, np.float32)
        (frames,), _ = self.step([silence], [state])
        n_frames = self._model.config.n_frames(state.n_kept)
        return Frames(frames.probs[:n_frames], frames.onsets_s[:n_frames])

    def _frames(self, probs: Array, first: int) -> Frames:
        # Multiples of the hop, because a running sum of hops would drift.
        return Frames(probs, np.arange(first, first + len(probs), dtype=np.float64) * self.hop_s)
