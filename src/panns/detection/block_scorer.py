"""A model with a state, which takes in a sound in blocks of one size, whatever the sizes it comes in.

Every block is computed by the same operations, so the scores are bit for bit the same for every way of cutting a sound.
Where many blocks of one stream are there at once, as of a file, up to 4 s of them are one call, which takes a fraction
of the time; of several streams, the next blocks are one. Both as far as a trial on this machine gives the same bits,
which it does where a sum does not depend on how many are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from panns.detection.scorer import AT_ONCE_S, Frames, ScorerState, no_frames
from panns.results import Array
from panns.runtime.model import Model

# How much of one stream is one call, as much as there is of the longest first.
_AT_ONCE_S = (AT_ONCE_S, AT_ONCE_S / 4, AT_ONCE_S / 20)
# Streams in one call; 32 take as long each.
_MAX_STREAMS = 8


class BlockScorer:
    """Hears block by block.

    Attributes:
        hop_s: From one score frame to the next.
        latency_s: Of the first frame in a block.
        settings: Its blocks, and whether its front end is a part of the network.
    """

    def __init__(self, model: Model) -> None:
        streaming = model.manifest.streaming
        assert streaming is not None
        assert streaming.frame_hop_s is not None
        self._model, self._streaming, self._backend = model, streaming, model.backend
        self._overlap = model.n_overlap
        self._n_classes = len(model.manifest.labels)
        self.hop_s = streaming.frame_hop_s
        self.latency_s = streaming.block_samples / model.manifest.sample_rate
        front_end = "outside" if self._overlap else "inside"
        self._sizes_in_turn = [size for size in (round(s / self.latency_s) for s in _AT_ONCE_S) if size > 1]
        self._tried: dict[tuple[int, int], bool] = {}
        self.settings = f"blocks of {streaming.block_samples} samples, front end {front_end}"

    def initial_state(self) -> ScorerState:
        """Before the first sample, where there are zeros."""
        before, network = np.zeros(self._overlap, np.float32), np.zeros(self._backend.state_size, np.float32)
        return ScorerState((before,), -self._overlap, 0, network)

    def check(self, state: ScorerState) -> None:
        """Refuse what no step can have given.

        Raises:
            ValueError: Its parts do not fit this model or each other.
        """
        n_blocks, rest = divmod(state.n_passed + self._overlap, self._streaming.block_samples)
        n_pending = state.n_kept - self._overlap
        n_frames = n_blocks * self._streaming.n_frames(self._streaming.block_samples)
        if (
            len(state.network) != self._backend.state_size
            or rest
            or n_blocks < 0
            or state.n_frames != n_frames
            or not 0 <= n_pending < self._streaming.block_samples
        ):
            raise ValueError(
                f"its {state.n_kept} samples after {state.n_passed}, {state.n_frames} frames and {len(state.network)} "
                f"numbers of the network are not those of {self.settings}"
            )

    def step(self, chunks: Sequence[Array], states: Sequence[ScorerState]) -> tuple[list[Frames], list[ScorerState]]:
        """Hear what comes next in some streams; of each the next block together."""
        pending = [np.concatenate([*state.samples, chunk]) for chunk, state in zip(chunks, states, strict=True)]
        overlap, block = self._overlap, self._streaming.block_samples
        n_blocks = [(len(samples) - overlap) // block for samples in pending]
        if len(states) == 1:
            found, networks = self._hear_alone(pending[0], n_blocks[0], states[0].network, self._sizes_in_turn)
        else:
            found, networks = self._hear_together(pending, n_blocks, [state.network for state in states])
        frames, following = [], []
        for k, state in enumerate(states):
            if not n_blocks[k]:
                frames.append(no_frames(self._n_classes))
                following.append(replace(state, samples=(pending[k],)))
                continue
            n_heard = n_blocks[k] * block
            probs = np.concatenate(found[k])
            frames.append(self._frames(probs, state.n_frames))
            # Copies, lest a state keeps all of a long chunk, or the states of its neighbours, alive.
            following.append(
                ScorerState(
                    (pending[k][n_heard:].copy(),),
                    state.n_passed + n_heard,
                    state.n_frames + len(probs),
                    networks[k].copy(),
                )
            )
        return frames, following

    def _hear_alone(
        self, samples: Array, n_blocks: int, network: Array, sizes: Sequence[int]
    ) -> tuple[list[list[Array]], list[Array]]:
        """Scores of all blocks of one stream, and the state of the network after them, in calls of some sizes."""
        found, i, networks = [], 0, network[None].copy()  # torch takes only what may be written
        while i < n_blocks:
            n_left = n_blocks - i
            size = next((size for size in sizes if size <= n_left and self._is_one(1, size)), 1)
            probs, networks = self._step(self._stretch(samples, i, size)[None], networks)
            found.append(probs[0])
            i += size
        return [found], [networks[0]]

    def _hear_together(
        self, pending: Sequence[Array], n_blocks: Sequence[int], networks: list[Array]
    ) -> tuple[list[list[Array]], list[Array]]:
        """The same of several streams; of those that have one, the next block in as few calls as give the same bits."""
        found: list[list[Array]] = [[] for _ in pending]
        for i in range(max(n_blocks)):
            ready = [k for k, n in enumerate(n_blocks) if n > i]
            while ready:
                size = next(size for size in range(min(len(ready), _MAX_STREAMS), 0, -1) if self._is_one(size, 1))
                group, ready = ready[:size], ready[size:]
                stretches = np.stack([self._stretch(pending[k], i, 1) for k in group])
                probs, after = self._step(stretches, np.stack([networks[k] for k in group]))
                for row, k in enumerate(group):
                    found[k].append(probs[row])
                    networks[k] = after[row]
        return found, networks

    def _stretch(self, samples: Array, first: int, n_blocks: int) -> Array:
        """Some blocks, and what the first of them looks back at."""
        block = self._streaming.block_samples
        return samples[first * block : (first + n_blocks) * block + self._overlap]

    def _is_one(self, n_streams: int, n_blocks: int) -> bool:
        """Whether so many blocks of so many streams, heard in one call, give the bits that each gives by itself."""
        if n_streams == n_blocks == 1:
            return True
        if (n_streams, n_blocks) not in self._tried:
            block = self._streaming.block_samples
            noise = self._noise(n_streams, 1 + n_blocks)
            nothing = np.zeros((n_streams, self._backend.state_size), np.float32)
            _, networks = self._one_by_one(noise[:, : block + self._overlap], nothing)
            heard = noise[:, block:]
            self._tried[n_streams, n_blocks] = _are_same(self._step(heard, networks), self._one_by_one(heard, networks))
        return self._tried[n_streams, n_blocks]

    def _one_by_one(self, streams: Array, networks: Array) -> tuple[Array, Array]:
        """What some blocks of each stream give in calls of their own, or of several that are known to be the same."""
        n_blocks = (streams.shape[1] - self._overlap) // self._streaming.block_samples
        smaller = [size for size in self._sizes_in_turn if size < n_blocks]
        found = [
            self._hear_alone(samples, n_blocks, network, smaller)
            for samples, network in zip(streams, networks, strict=True)
        ]
        return np.stack([np.concatenate(probs) for (probs,), _ in found]), np.stack([after for _, (after,) in found])

    def _noise(self, n_streams: int, n_blocks: int) -> Array:
        """Noise of all levels for a trial."""
        shape = (n_streams, n_blocks * self._streaming.block_samples + self._overlap)
        rng = np.random.default_rng(0)
        return (rng.standard_normal(shape) * 10 ** rng.uniform(-3, 0, shape)).astype(np.float32)

    def finish(self, state: ScorerState) -> Frames:
        """The frames of the last block, of which the rest is silence."""
        n_left = state.n_kept - self._overlap
        if not n_left:
            return no_frames(self._n_classes)
        silence = np.zeros(self._streaming.block_samples - n_left, np.float32)
        (frames,), _ = self.step([silence], [state])
        n_frames = self._streaming.n_frames(n_left)
        return Frames(frames.probs[:n_frames], frames.onsets_s[:n_frames])

    def _step(self, blocks: Array, networks: Array) -> tuple[Array, Array]:
        scores, after = self._model.step_blocks(blocks, networks)
        assert scores.frame_probs is not None
        return scores.frame_probs, after

    def _frames(self, probs: Array, first: int) -> Frames:
        # Multiples of the hop: a sum of hops would drift.
        return Frames(probs, np.arange(first, first + len(probs), dtype=np.float64) * self.hop_s)


def _are_same(one: tuple[Array, Array], other: tuple[Array, Array]) -> bool:
    """Whether scores and states are the same, bit for bit."""
    return all(np.array_equal(mine, yours) for mine, yours in zip(one, other, strict=True))
