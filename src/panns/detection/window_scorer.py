"""A model without a state, which hears windows of a sound: where they lie depends on nothing but their number.

Frame scores come of windows back to back; where a model scores whole clips alone, a frame is the score of a window
about it. Every window is computed by itself, so the scores are the same for every way of cutting a sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from panns.checkpoints.manifest import CLIP_HOP_S, CLIP_WINDOW_S
from panns.detection.scorer import (
    Frames,
    ScorerState,
    WindowConfig,
    joined,
    no_frames,
)
from panns.results import Array
from panns.runtime.model import Model

# Samples are kept in parts of about this size: what comes in is added to the last one, which copies at most so much.
_PART_SAMPLES = 1 << 13


class WindowScorer:
    """Hears window by window.

    Attributes:
        hop_s: From one score frame to the next.
        latency_s: Of the first frame of a window.
        settings: Where its windows lie.
    """

    def __init__(self, model: Model, config: WindowConfig) -> None:
        manifest = model.manifest
        self._model, self._rate = model, manifest.sample_rate
        self._n_classes = len(manifest.labels)
        frame_hop_s = manifest.config.frame_hop_s
        self._has_frames = frame_hop_s is not None
        if frame_hop_s is not None and config.hop_s is not None:
            raise ValueError(
                f"{manifest.architecture} scores frames of {frame_hop_s:g} s itself; leave out hop_s={config.hop_s}"
            )
        usual_s = min(manifest.window_s, manifest.one_pass_s) if self._has_frames else CLIP_WINDOW_S
        window_s = config.window_s or usual_s
        if window_s > manifest.one_pass_s:
            raise ValueError(
                f"window_s={window_s:g} is longer than {manifest.architecture} hears at once, "
                f"{manifest.one_pass_s:g} s; use at most that"
            )
        if frame_hop_s is None:
            self._advance = round(min(config.hop_s or CLIP_HOP_S, window_s) * self._rate)
            self.hop_s = self._advance / self._rate
            self._window = round(window_s * self._rate)
            # So that the middle of the first window is the middle of the first frame.
            self._lead = (self._window - self._advance) // 2
        else:
            self.hop_s = frame_hop_s
            # Whole frames, so that all of them lie on one grid.
            n_frames = max(1, round(window_s / frame_hop_s))
            self._window = self._advance = round(n_frames * frame_hop_s * self._rate)
            self._lead = 0
        self.latency_s = (self._window - self._lead) / self._rate
        self.settings = f"windows of {self._window} samples every {self._advance}"

    def initial_state(self) -> ScorerState:
        """Before the first sample, where there are zeros as far as the first window reaches."""
        return ScorerState(_parts(np.zeros(self._lead, np.float32)), -self._lead, 0, np.zeros(0, np.float32))

    def check(self, state: ScorerState) -> None:
        """Refuse what no step can have given.

        Raises:
            ValueError: Its parts do not fit this model or each other.
        """
        n_pending = state.n_heard - self._next_window(state)
        if len(state.network) or not 0 <= n_pending < self._window or state.n_passed > self._first_needed(state):
            raise ValueError(
                f"its {state.n_kept} samples after {state.n_passed} and {state.n_frames} frames are not those of "
                f"{self.settings}"
            )

    def step(self, chunks: Sequence[Array], states: Sequence[ScorerState]) -> tuple[list[Frames], list[ScorerState]]:
        """Hear what comes next in some streams."""
        heard = [self._step(chunk, state) for chunk, state in zip(chunks, states, strict=True)]
        return [frames for frames, _ in heard], [state for _, state in heard]

    def _step(self, chunk: Array, state: ScorerState) -> tuple[Frames, ScorerState]:
        next_window, n_heard = self._next_window(state), state.n_heard + len(chunk)
        if next_window + self._window > n_heard:
            waiting = ScorerState(_added(state.samples, chunk), state.n_passed, state.n_frames, state.network)
            return no_frames(self._n_classes), self._without_what_is_over(waiting)
        samples = np.concatenate([*state.samples, chunk])
        start, n_frames, found = next_window - state.n_passed, state.n_frames, []
        while start + self._window <= len(samples):
            found.append(self._hear(samples[start : start + self._window], n_frames))
            n_frames += len(found[-1].probs)
            start += self._advance
        after = ScorerState((), n_heard, n_frames, state.network)
        n_passed = self._first_needed(after)
        rest = _parts(samples[max(0, n_passed - state.n_passed) :])
        following = ScorerState(rest, n_heard - sum(map(len, rest)), n_frames, state.network)
        return joined(found, self._n_classes), following

    def _first_needed(self, state: ScorerState) -> int:
        """The first sample of the sound that anything to come still needs."""
        if not self._has_frames:
            return self._next_window(state)
        # The last window ends with the sound, wherever that is from now on: it looks back less, the more comes.
        return self._last_window(state, max(1, state.n_heard - self._next_window(state)))

    def _without_what_is_over(self, state: ScorerState) -> ScorerState:
        """The state without the parts that nothing needs."""
        first_needed, n_passed, n_parts = self._first_needed(state), state.n_passed, 0
        while n_parts < len(state.samples) and n_passed + len(state.samples[n_parts]) <= first_needed:
            n_passed += len(state.samples[n_parts])
            n_parts += 1
        return replace(state, samples=state.samples[n_parts:], n_passed=n_passed) if n_parts else state

    def _next_window(self, state: ScorerState) -> int:
        """Where in the sound the next window begins."""
        if not self._has_frames:
            return state.n_frames * self._advance - self._lead
        return round(state.n_frames * self.hop_s * self._rate)

    def _hear(self, window: Array, first: int) -> Frames:
        """The frames of a window, the first of which is number `first` of the sound."""
        scores = self._model.score(window[None])
        if not self._has_frames:
            probs = scores.clip_probs
        else:
            assert scores.frame_probs is not None
            # The last one of a network's map may begin where the next window does.
            n_within = max(1, int(np.ceil(len(window) / self._rate / self.hop_s - 1e-6)))
            probs = scores.frame_probs[0][:n_within]
            # Of a network that rounds down, the last frame stands for what is left of the window.
            probs = np.pad(probs, ((0, n_within - len(probs)), (0, 0)), mode="edge")
        return Frames(probs, np.arange(first, first + len(probs), dtype=np.float64) * self.hop_s)

    def finish(self, state: ScorerState) -> Frames:
        """The frames that are left: of a window that ends with the sound, or of windows that reach behind its end."""
        return self._finish_frames(state) if self._has_frames else self._finish_clips(state)

    def _finish_frames(self, state: ScorerState) -> Frames:
        missing = state.n_heard - self._next_window(state)
        if missing <= 0:
            return no_frames(self._n_classes)
        n_left = max(1, int(np.ceil(missing / self._rate / self.hop_s - 1e-6)))
        n_before = self._n_before(state, missing)
        window = np.concatenate(state.samples)[self._last_window(state, missing) - state.n_passed :]
        frames = self._hear(window, state.n_frames - n_before)
        left = slice(n_before, n_before + n_left)
        return Frames(frames.probs[left], frames.onsets_s[left])

    def _n_before(self, state: ScorerState, missing: int) -> int:
        """As many frames of what was heard before as a window holds beside the missing samples."""
        return min(state.n_frames, int((self._window - missing) / self._rate / self.hop_s + 1e-6))

    def _last_window(self, state: ScorerState, missing: int) -> int:
        """Where in the sound the window begins that ends with so many samples that were in none yet."""
        return round((state.n_frames - self._n_before(state, missing)) * self.hop_s * self._rate)

    def _finish_clips(self, state: ScorerState) -> Frames:
        n_left = -(-state.n_heard // self._advance) - state.n_frames
        if n_left <= 0:
            return no_frames(self._n_classes)
        end = self._next_window(state) + (n_left - 1) * self._advance + self._window
        return self._step(np.zeros(max(0, end - state.n_heard), np.float32), state)[0]


def _added(parts: tuple[Array, ...], chunk: Array) -> tuple[Array, ...]:
    """Samples in parts, with a chunk at their end; always a copy of it, as whoever gave it may change it."""
    if len(chunk) > _PART_SAMPLES:
        return (*parts, *_parts(chunk))
    if parts and len(parts[-1]) + len(chunk) <= _PART_SAMPLES:
        return (*parts[:-1], np.concatenate([parts[-1], chunk]))
    return (*parts, chunk.copy()) if len(chunk) else parts


def _parts(samples: Array) -> tuple[Array, ...]:
    """Samples in parts, each a copy by itself, so that those that are over can be let go."""
    return tuple(samples[start : start + _PART_SAMPLES].copy() for start in range(0, len(samples), _PART_SAMPLES))
