"""Many blocks in one call of a streaming model, where that changes no bit of the scores.

A stream must give the same scores and events however its sound is cut into chunks: a file of an hour, chunks of 10 ms
and a stream that is saved and resumed all agree bit for bit. One block per call also has this property, but is
slow: a call with 4 s of one stream, or with the next block of eight streams, takes a fraction of the time per block.

A matrix product may add its terms in an order that depends on the size of the batch, so a larger call can differ in the
last bit. Which sizes do depends on the processor, the backend and the network, and no backend documents it. Therefore
each size is tried once on noise, before its first use, and used only if scores and states equal those of single blocks.
A tolerance would not do: states feed the next block, and a threshold turns one bit into another event.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from panns.runtime.streaming_model import StreamingModel
from panns.system.arrays import Array

# Longest stretch of one stream in a call.
MAX_CALL_S = 4.0
# Stretches of one stream to try, longest first.
_CALL_S = (MAX_CALL_S, MAX_CALL_S / 4, MAX_CALL_S / 20)
# Most streams in a call; with 32 each takes as long.
_MAX_STREAMS = 8


class ExactCalls:
    """Steps whole blocks of streams through a model in as few calls as give the bits of one call per block."""

    def __init__(self, model: StreamingModel) -> None:
        self._model = model
        self._block = model.block_samples
        n_blocks = [round(call_s * model.manifest.sample_rate / self._block) for call_s in _CALL_S]
        self._sizes = [n for n in n_blocks if n > 1]
        self._trials: dict[tuple[int, int], bool] = {}

    def step_stream(self, samples: Array, state: Array) -> tuple[Array, Array]:
        """Step one stream.

        Args:
            samples: `(samples,)`, one or more whole blocks.
            state: `(state_size,)`, of the network.

        Returns:
            Scores `(frames, classes)` and the next state `(state_size,)`.
        """
        return self._step_in_calls(samples, state, self._sizes)

    def step_streams(self, streams: Sequence[Array], states: Sequence[Array]) -> tuple[list[Array], list[Array]]:
        """Step several streams; each call takes the next block of some of them.

        Args:
            streams: `(samples,)` for each stream, one or more whole blocks.
            states: `(state_size,)` for each stream.

        Returns:
            Scores `(frames, classes)` and the next state `(state_size,)` of each stream.
        """
        parts: list[list[Array]] = [[] for _ in streams]
        states = list(states)
        for start in range(0, max(map(len, streams)), self._block):
            ready = [k for k, samples in enumerate(streams) if len(samples) > start]
            while ready:
                size = next(n for n in range(min(len(ready), _MAX_STREAMS), 0, -1) if self._is_exact(n, 1))
                group, ready = ready[:size], ready[size:]
                blocks = np.stack([streams[k][start : start + self._block] for k in group])
                probs, following = self._call(blocks, np.stack([states[k] for k in group]))
                for row, k in enumerate(group):
                    parts[k].append(probs[row])
                    states[k] = following[row]
        return [np.concatenate(probs) for probs in parts], states

    def _step_in_calls(self, samples: Array, state: Array, sizes: Sequence[int]) -> tuple[Array, Array]:
        parts, start = [], 0
        states = state[None].copy()  # torch takes writable arrays only
        while start < len(samples):
            n_left = (len(samples) - start) // self._block
            n_blocks = next((n for n in sizes if n <= n_left and self._is_exact(1, n)), 1)
            stop = start + n_blocks * self._block
            probs, states = self._call(samples[None, start:stop], states)
            parts.append(probs[0])
            start = stop
        return np.concatenate(parts), states[0]

    def _call(self, blocks: Array, states: Array) -> tuple[Array, Array]:
        scores, following = self._model.step(blocks, states)
        assert scores.frame_probs is not None
        return scores.frame_probs, following

    def _is_exact(self, n_streams: int, n_blocks: int) -> bool:
        """True if a call of this size gives the bits of single blocks; tried on the first question."""
        if n_streams == n_blocks == 1:
            return True
        size = n_streams, n_blocks
        if size not in self._trials:
            self._trials[size] = self._try(n_streams, n_blocks)
        return self._trials[size]

    def _try(self, n_streams: int, n_blocks: int) -> bool:
        noise = _noise(n_streams, (1 + n_blocks) * self._block)
        # One block first, because a state of zeros may round otherwise than one of a running stream.
        _, states = self._step_each(noise[:, : self._block], self._model.initial_states(n_streams))
        rest = noise[:, self._block :]
        pairs = zip(self._call(rest, states), self._step_each(rest, states), strict=True)
        return all(np.array_equal(one_call, single) for one_call, single in pairs)

    def _step_each(self, streams: Array, states: Array) -> tuple[Array, Array]:
        """Step streams one by one, in single blocks or in smaller sizes that are exact."""
        smaller = [n for n in self._sizes if n * self._block < streams.shape[1]]
        stepped = [self._step_in_calls(samples, state, smaller) for samples, state in zip(streams, states, strict=True)]
        return np.stack([probs for probs, _ in stepped]), np.stack([state for _, state in stepped])


def _noise(n_streams: int, n_samples: int) -> Array:
    """Noise of all levels, `(streams, samples)`."""
    rng = np.random.default_rng(0)
    shape = (n_streams, n_samples)
    return (rng.standard_normal(shape) * 10 ** rng.uniform(-3, 0, shape)).astype(np.float32)
