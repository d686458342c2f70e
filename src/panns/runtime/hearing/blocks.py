"""A model with a state, which takes in a sound in blocks of one size, whatever the sizes it comes in.

Every block is computed by the same operations, so the scores are bit for bit the same for every way of cutting a sound.
Where many blocks are there at once, as of a file, a second of them is one call, which takes a third of the time: as far
as a trial on this machine gives the same bits, which it does where a sum does not depend on how many are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from panns.frontend import log_mel_block
from panns.results import Array
from panns.runtime.hearing.hearing import Frames, HearingState, no_frames
from panns.runtime.model import Model

_GROUP_S = 1.0


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
        # With the front end inside, what the first frame looks back at is a part of the state.
        self._overlap = 0 if self._is_inside else streaming.n_overlap
        self._n_classes = len(model.manifest.labels)
        self.hop_s = streaming.frame_hop_s
        self.latency_s = streaming.block_samples / model.manifest.sample_rate
        n_together = round(_GROUP_S / self.latency_s)
        self._n_together = n_together if self._are_same_bits(n_together) else 1

    def initial_state(self) -> HearingState:
        """Before the first sample, where there are zeros."""
        before, network = np.zeros(self._overlap, np.float32), np.zeros(self._backend.state_size, np.float32)
        return HearingState(before, -self._overlap, 0, network)

    def step(self, chunks: Sequence[Array], states: Sequence[HearingState]) -> tuple[list[Frames], list[HearingState]]:
        """Hear what comes next in some streams; of each the next block together."""
        pending = [np.concatenate([state.samples, chunk]) for chunk, state in zip(chunks, states, strict=True)]
        overlap, block = self._overlap, self._streaming.block_samples
        n_blocks = [(len(samples) - overlap) // block for samples in pending]
        if len(states) == 1:
            found, networks = self._hear_alone(pending[0], n_blocks[0], states[0].network)
        else:
            found, networks = self._hear_together(pending, n_blocks, [state.network for state in states])
        frames, following = [], []
        for k, state in enumerate(states):
            if not n_blocks[k]:
                frames.append(no_frames(self._n_classes))
                following.append(replace(state, samples=pending[k]))
                continue
            n_heard = n_blocks[k] * block
            probs = np.concatenate(found[k])
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

    def _hear_alone(self, samples: Array, n_blocks: int, network: Array) -> tuple[list[list[Array]], list[Array]]:
        """Scores of all blocks of one stream, and the state of the network after them."""
        found, i = [], 0
        while i < n_blocks:
            size = self._n_together if n_blocks - i >= self._n_together else 1
            probs, after = self._step(self._stretch(samples, i, size)[None], network[None])
            found.append(probs[0])
            network, i = after[0], i + size
        return [found], [network]

    def _hear_together(
        self, pending: Sequence[Array], n_blocks: Sequence[int], networks: list[Array]
    ) -> tuple[list[list[Array]], list[Array]]:
        """The same of several streams; of those that have one, the next block in one call."""
        found: list[list[Array]] = [[] for _ in pending]
        for i in range(max(n_blocks)):
            ready = [k for k, n in enumerate(n_blocks) if n > i]
            stretches = np.stack([self._stretch(pending[k], i, 1) for k in ready])
            probs, after = self._step(stretches, np.stack([networks[k] for k in ready]))
            for row, k in enumerate(ready):
                found[k].append(probs[row])
                networks[k] = after[row]
        return found, networks

    def _stretch(self, samples: Array, first: int, n_blocks: int) -> Array:
        """Some blocks, and what the first of them looks back at."""
        block = self._streaming.block_samples
        return samples[first * block : (first + n_blocks) * block + self._overlap]

    def _are_same_bits(self, n_blocks: int) -> bool:
        """Whether so many blocks in one call give what they give one by one, tried with noise of all levels."""
        n_samples = n_blocks * self._streaming.block_samples + self._overlap
        rng = np.random.default_rng(0)
        noise = (rng.standard_normal(n_samples) * 10 ** rng.uniform(-3, 0, n_samples)).astype(np.float32)
        nothing = self.initial_state().network
        probs, after = self._step(noise[None], nothing[None])
        self._n_together = 1
        (one_by_one,), (network,) = self._hear_alone(noise, n_blocks, nothing)
        return np.array_equal(probs[0], np.concatenate(one_by_one)) and np.array_equal(after[0], network)

    def finish(self, state: HearingState) -> Frames:
        """The frames of the last block, of which the rest is silence."""
        n_left = len(state.samples) - self._overlap
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
