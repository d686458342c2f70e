"""Frame scores of a model without a state, window by window.

The position of a window depends on its number alone, and every window is computed on its own, so the scores are equal
for every way of cutting a sound into chunks. There are two grids of windows:

A model with frame scores (`ConsecutiveWindowScorer`) reads windows back to back and gives the frames of each. At the
end of the sound the last window slides back to a full length, and only its frames after window 2 count:

    sound     |------------------------------------|
    windows   [      1      ][      2      ]
                                    [      3      ]
    frames    | | | | | | | || | | | | | | ||   | | |

A model that scores whole clips or short patches (`CentredWindowScorer`) gives one frame per window. Window and frame
have one centre, so the first windows reach back before the sound and the last ones beyond its end, where they read
zeros:

    sound          |-----------------------------|
    windows   [      1      ]
                [      2      ]
                  [      3      ]          ...
    frames         |1|2|3|4|5|             ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from panns.detection.frames import Frames, ScorerState, concatenate_frames, no_frames
from panns.runtime.model import Model
from panns.system.arrays import Array

# Samples are kept in parts of about this size. A chunk is added to the last part, so at most one part is copied.
_PART_SAMPLES = 1 << 13
# Tolerance in frames, because times are multiples of a hop in floating point.
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class WindowConfig:
    """Windows of a model without a state, in seconds; None for the model's usual values.

    Attributes:
        window_s: Length of a window. Usual: the length the model was trained on for a model with frame scores, 1 s for
            a model that scores whole clips, the length of a patch for one that scores patches.
        hop_s: Time from one window to the next, for a model that scores whole clips or patches. Usual: 0.1 s, or the
            step between patches. Windows of another model with frame scores lie back to back.
    """

    window_s: float | None = None
    hop_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("window_s", "hop_s"):
            value = getattr(self, name)
            if value is not None and not 0.01 <= value <= 600:
                raise ValueError(f"{name}={value} is out of range; use 0.01 to 600 seconds")
        if self.window_s is not None and self.hop_s is not None and self.hop_s > self.window_s:
            raise ValueError(
                f"hop_s={self.hop_s} is longer than window_s={self.window_s}, which leaves gaps; use a shorter hop"
            )


class WindowScorer(ABC):
    """A `FrameScorer` that scores a window as soon as its last sample is there.

    Attributes:
        hop_s: Time from one score frame to the next, in seconds.
        latency_s: Longest delay from the start of a frame until its score, in seconds.
        settings: Length and distance of its windows.
    """

    hop_s: float
    latency_s: float
    settings: str

    def __init__(self, model: Model, *, window: int, advance: int, lead: int) -> None:
        """Set the grid, in samples.

        Args:
            model: The model.
            window: Length of a window.
            advance: Distance from one window to the next.
            lead: Part of the first window that lies before the sound.
        """
        self._model, self._rate = model, model.manifest.sample_rate
        self._n_classes = len(model.manifest.labels)
        self._window, self._advance, self._lead = window, advance, lead
        self.latency_s = (window - lead) / self._rate
        self.settings = f"windows of {window} samples every {advance}"

    @abstractmethod
    def _next_window(self, state: ScorerState) -> int:
        """First sample of the next window."""

    @abstractmethod
    def _first_needed(self, state: ScorerState) -> int:
        """First sample of the sound that a later window may read."""

    @abstractmethod
    def _score_window(self, window: Array, first: int) -> Frames:
        """The frames of a window; `first` is the number of its first frame."""

    @abstractmethod
    def finish(self, state: ScorerState) -> Frames:
        """The remaining frames at the end of a stream."""

    def initial_state(self) -> ScorerState:
        """State before the first sample, with zeros where the first window reaches back before the sound."""
        return ScorerState(_split(np.zeros(self._lead, np.float32)), -self._lead, 0, np.zeros(0, np.float32))

    def check(self, state: ScorerState) -> None:
        """Refuse a state that no step of this scorer returns.

        Raises:
            ValueError: The parts of the state do not fit the model or each other.
        """
        n_pending = state.n_in - self._next_window(state)
        if len(state.network) or not 0 <= n_pending < self._window or state.n_passed > self._first_needed(state):
            raise ValueError(
                f"{state.n_kept} samples after {state.n_passed} and {state.n_frames} frames do not fit {self.settings}"
            )

    def step(self, chunks: Sequence[Array], states: Sequence[ScorerState]) -> tuple[list[Frames], list[ScorerState]]:
        """Score the next chunks of some streams."""
        stepped = [self._step(chunk, state) for chunk, state in zip(chunks, states, strict=True)]
        return [frames for frames, _ in stepped], [state for _, state in stepped]

    def _step(self, chunk: Array, state: ScorerState) -> tuple[Frames, ScorerState]:
        next_window, n_in = self._next_window(state), state.n_in + len(chunk)
        if next_window + self._window > n_in:
            waiting = replace(state, samples=_append(state.samples, chunk))
            return no_frames(self._n_classes), self._drop_old_parts(waiting)
        samples = np.concatenate([*state.samples, chunk])
        start, n_frames, found = next_window - state.n_passed, state.n_frames, []
        while start + self._window <= len(samples):
            found.append(self._score_window(samples[start : start + self._window], n_frames))
            n_frames += len(found[-1].probs)
            start += self._advance
        first_needed = self._first_needed(ScorerState((), n_in, n_frames, state.network))
        kept = _split(samples[max(0, first_needed - state.n_passed) :])
        following = ScorerState(kept, n_in - sum(map(len, kept)), n_frames, state.network)
        return concatenate_frames(found, self._n_classes), following

    def _drop_old_parts(self, state: ScorerState) -> ScorerState:
        """The state without the parts that no later window reads."""
        first_needed, n_passed, n_parts = self._first_needed(state), state.n_passed, 0
        while n_parts < len(state.samples) and n_passed + len(state.samples[n_parts]) <= first_needed:
            n_passed += len(state.samples[n_parts])
            n_parts += 1
        return replace(state, samples=state.samples[n_parts:], n_passed=n_passed) if n_parts else state

    def _onsets_s(self, first: int, n_frames: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.arange(first, first + n_frames, dtype=np.float64) * self.hop_s


class CentredWindowScorer(WindowScorer):
    """Windows of a model that scores whole clips or patches: one around the centre of every frame."""

    def __init__(self, model: Model, config: WindowConfig) -> None:
        usual = model.manifest.centred_windows_s
        assert usual is not None
        window_s = config.window_s or usual[0]
        _check_window(model, window_s)
        rate = model.manifest.sample_rate
        window, advance = round(window_s * rate), round(min(config.hop_s or usual[1], window_s) * rate)
        super().__init__(model, window=window, advance=advance, lead=(window - advance) // 2)
        self.hop_s = advance / rate

    def _next_window(self, state: ScorerState) -> int:
        return state.n_frames * self._advance - self._lead

    def _first_needed(self, state: ScorerState) -> int:
        return self._next_window(state)

    def _score_window(self, window: Array, first: int) -> Frames:
        return Frames(self._model.score(window[None]).clip_probs, self._onsets_s(first, 1))

    def finish(self, state: ScorerState) -> Frames:
        """The frames whose windows reach beyond the end of the sound, where they read zeros."""
        n_left = -(-state.n_in // self._advance) - state.n_frames
        if n_left <= 0:
            return no_frames(self._n_classes)
        end = self._next_window(state) + (n_left - 1) * self._advance + self._window
        return self._step(np.zeros(max(0, end - state.n_in), np.float32), state)[0]


class ConsecutiveWindowScorer(WindowScorer):
    """Windows of a model with frame scores: back to back, the last one with its end at the end of the sound."""

    def __init__(self, model: Model, config: WindowConfig) -> None:
        manifest, frame_hop_s = model.manifest, model.manifest.config.frame_hop_s
        assert frame_hop_s is not None
        if config.hop_s is not None:
            raise ValueError(
                f"hop_s={config.hop_s} does not apply: {manifest.architecture} already scores every {frame_hop_s:g} s; "
                "leave it out"
            )
        window_s = config.window_s or min(manifest.window_s, manifest.one_pass_s)
        _check_window(model, window_s)
        # Whole frames, so that the frames of all windows lie on one grid.
        n_frames = max(1, round(window_s / frame_hop_s))
        window = round(n_frames * frame_hop_s * manifest.sample_rate)
        super().__init__(model, window=window, advance=window, lead=0)
        self.hop_s = frame_hop_s

    def _next_window(self, state: ScorerState) -> int:
        return self._first_sample(state.n_frames)

    def _first_needed(self, state: ScorerState) -> int:
        # The last window ends with the sound, wherever that is: the more samples come, the less it reaches back.
        n_new = max(1, state.n_in - self._next_window(state))
        return self._first_sample(state.n_frames - self._n_frames_before(state, n_new))

    def _score_window(self, window: Array, first: int) -> Frames:
        scores = self._model.score(window[None])
        assert scores.frame_probs is not None
        # The last frame of a network that rounds up begins where the next window does.
        n_frames = self._n_frames(len(window))
        probs = scores.frame_probs[0][:n_frames]
        # The last frame of a network that rounds down stands for the rest of the window.
        probs = np.pad(probs, ((0, n_frames - len(probs)), (0, 0)), mode="edge")
        return Frames(probs, self._onsets_s(first, n_frames))

    def finish(self, state: ScorerState) -> Frames:
        """The frames of a last window that ends with the sound."""
        n_new = state.n_in - self._next_window(state)
        if n_new <= 0:
            return no_frames(self._n_classes)
        n_before = self._n_frames_before(state, n_new)
        window = np.concatenate(state.samples)[self._first_sample(state.n_frames - n_before) - state.n_passed :]
        frames = self._score_window(window, state.n_frames - n_before)
        new = slice(n_before, n_before + self._n_frames(n_new))
        return Frames(frames.probs[new], frames.onsets_s[new])

    def _n_frames_before(self, state: ScorerState, n_new: int) -> int:
        """Number of earlier frames that fit into a window beside `n_new` samples."""
        return min(state.n_frames, int((self._window - n_new) / self._rate / self.hop_s + _TOLERANCE))

    def _first_sample(self, frame: int) -> int:
        return round(frame * self.hop_s * self._rate)

    def _n_frames(self, n_samples: int) -> int:
        return max(1, int(np.ceil(n_samples / self._rate / self.hop_s - _TOLERANCE)))


def _check_window(model: Model, window_s: float) -> None:
    manifest = model.manifest
    if window_s > manifest.one_pass_s:
        raise ValueError(
            f"window_s={window_s:g} is too long; {manifest.architecture} takes up to {manifest.one_pass_s:g} s"
        )


def _append(parts: tuple[Array, ...], chunk: Array) -> tuple[Array, ...]:
    """Add a copy of a chunk to samples in parts; the caller may reuse its array."""
    if len(chunk) > _PART_SAMPLES:
        return (*parts, *_split(chunk))
    if parts and len(parts[-1]) + len(chunk) <= _PART_SAMPLES:
        return (*parts[:-1], np.concatenate([parts[-1], chunk]))
    return (*parts, chunk.copy()) if len(chunk) else parts


def _split(samples: Array) -> tuple[Array, ...]:
    """Split samples into parts, each a copy, so that an old part can be freed."""
    return tuple(samples[start : start + _PART_SAMPLES].copy() for start in range(0, len(samples), _PART_SAMPLES))
