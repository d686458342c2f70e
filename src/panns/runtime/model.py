"""A checkpoint on a backend: waveforms of any length and number in, scores out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from panns.audio.limits import check_samples
from panns.checkpoints.manifest import ONE_PASS_S, ModelManifest
from panns.frontend import log_mel_block, network_inputs
from panns.results import Array, Scores
from panns.runtime.backend import Backend
from panns.runtime.pooling import WindowPool, stack_scores
from panns.runtime.windows import Window, cut_into_windows

Waveforms: TypeAlias = npt.NDArray[np.floating] | Sequence[npt.NDArray[np.floating]]

# Seconds of sound in one batch. On a CPU a bigger one is slower a clip (its activations leave the cache) and takes
# memory in proportion; a GPU needs it to be busy.
BATCH_S = {"cpu": 10.0, "mps": 80.0, "cuda": 320.0}


class Model:
    """A trained model that can be asked. Holds no state between calls, so threads may share it."""

    def __init__(self, manifest: ModelManifest, backend: Backend) -> None:
        self.manifest = manifest
        self.backend = backend
        self._streaming = manifest.streaming  # found out once: it takes as long as a small layer

    def score(self, batch: Array) -> Scores:
        """Scores of clips of one length in one pass.

        Args:
            batch: `(batch, samples)` float32 at the manifest's rate; below the model's minimum it is zero-padded to it.

        Raises:
            ValueError: It is longer than the model can take in one pass.
        """
        config, limit_s = self.manifest.config, self.manifest.max_pass_s
        duration_s = batch.shape[1] / self.manifest.sample_rate
        if limit_s is not None and duration_s > limit_s:
            raise ValueError(
                f"{duration_s:g} s given in one pass, of which {self.manifest.architecture} takes {limit_s:g} s; "
                "use run(), which hears longer sounds in windows"
            )
        n_samples, streaming = batch.shape[1], self._streaming
        missing = max(config.min_input_samples - n_samples, 0)
        if streaming is not None:
            missing = -n_samples % streaming.block_samples
        if missing:
            batch = np.pad(batch, ((0, 0), (0, missing)))
        inside = self.backend.inputs == ("waveform",)
        scores = self.backend(*((batch,) if inside else network_inputs(batch, config.frontend)))
        if streaming is None or scores.frame_probs is None:
            return scores
        return replace(scores, frame_probs=scores.frame_probs[:, : config.n_frames(n_samples)])

    def score_in_turn(self, windows: Iterable[Window]) -> Iterator[tuple[Window, Scores]]:
        """The windows of one sound, in order, each with its scores, as a batch of one.

        A model with a state carries it on from one window to the next, so that its frames are those of a stream.
        """
        streaming = self._streaming
        if streaming is None:
            yield from ((window, self.score(window.waveform[None])) for window in windows)
            return
        state = np.zeros((1, self.backend.state_size), np.float32)
        before = np.zeros(self.n_overlap, np.float32)
        for window in windows:
            missing = -len(window.waveform) % streaming.block_samples
            heard = np.concatenate([before, np.pad(window.waveform, (0, missing))])
            scores, state = self.step_blocks(heard[None], state)
            before = heard[len(heard) - self.n_overlap :]
            assert scores.frame_probs is not None
            n_frames = streaming.n_frames(len(window.waveform))
            yield window, replace(scores, frame_probs=scores.frame_probs[:, :n_frames])

    @property
    def n_overlap(self) -> int:
        """Samples that `step_blocks` is given before the first block; 0 where they are a part of the state."""
        if self._streaming is None or self.backend.inputs == ("waveform",):
            return 0
        return self._streaming.n_overlap

    def step_blocks(self, heard: Array, states: Array) -> tuple[Scores, Array]:
        """The next blocks of streams, for a model with a state.

        Args:
            heard: `(batch, n_overlap + samples)`, whole blocks behind what the first of them looks back at.
            states: `(batch, numbers)`, zeros at the start.

        Returns:
            The scores and the states after them.
        """
        if self.backend.inputs == ("waveform",):
            return self.backend.step(heard, states)
        config = self.manifest.config.frontend.log_mel
        assert config is not None
        return self.backend.step(np.stack([log_mel_block(one, config) for one in heard]), states)

    def windows(self, blocks: Iterable[Array]) -> Iterator[Window]:
        """The stretches in which this model hears a sound."""
        manifest = self.manifest
        return cut_into_windows(
            blocks,
            sample_rate=manifest.sample_rate,
            window_s=min(manifest.window_s, manifest.one_pass_s),
            one_pass_s=manifest.one_pass_s,
            keeps_rest=manifest.one_pass_s < ONE_PASS_S,
        )

    def run(self, waveforms: Waveforms, *, patch_weights: bool = False) -> Scores:
        """Scores of one clip or of many.

        Args:
            waveforms: `(samples,)`, `(batch, samples)`, or a list of `(samples,)` of any lengths: floats at the
                manifest's rate, about -1 to 1. A clip of more than 30 s, or of more than the model
                takes in one pass, is heard in windows: its clip score is the maximum over them, its embedding their
                mean weighted by length, its frames follow each other.
            patch_weights: Whether to give the weights of patches too, where the model has them; they take room.

        Returns:
            Arrays with one row per clip.

        Raises:
            ValueError: No sample, a wrong shape, NaN or infinity.
            TypeError: Not floating-point numbers.
        """
        clips = _checked_clips(waveforms)
        pools = [WindowPool(self.manifest, keeps_patches=patch_weights) for _ in clips]
        if self._streaming is not None:
            for clip, pool in zip(clips, pools, strict=True):
                for window, scores in self.score_in_turn(self.windows([clip])):
                    pool.add(window, scores)
            return stack_scores([pool.result() for pool in pools])
        pending = [(i, window) for i, clip in enumerate(clips) for window in self.windows([clip])]
        for batch in _batches_of_one_length(
            pending, max_samples=int(BATCH_S[self.backend.device] * self.manifest.sample_rate)
        ):
            scores = self.score(np.stack([window.waveform for _, window in batch]))
            for row, (i, window) in enumerate(batch):
                pools[i].add(window, scores, row)
        return stack_scores([pool.result() for pool in pools])


def _batches_of_one_length(
    windows: list[tuple[int, Window]], *, max_samples: int
) -> Iterator[list[tuple[int, Window]]]:
    """Windows of one length together, longest first; no batch holds more than `max_samples` if it holds two."""
    # Stable, and no window of a clip is longer than the one before it: those of a clip stay in order.
    by_length = sorted(windows, key=lambda item: len(item[1].waveform), reverse=True)
    for n_samples, group in itertools.groupby(by_length, key=lambda item: len(item[1].waveform)):
        same_length = list(group)
        batch_size = max(1, max_samples // n_samples)
        for start in range(0, len(same_length), batch_size):
            yield same_length[start : start + batch_size]


def _checked_clips(waveforms: Waveforms) -> list[Array]:
    if isinstance(waveforms, list | tuple):
        clips = [_checked_clip(clip, f"clip {i}") for i, clip in enumerate(waveforms)]
    else:
        array = np.asarray(waveforms)
        if array.ndim == 2 and array.shape[0] > 1000 and array.shape[1] <= 64:
            raise ValueError(
                f"shape {array.shape} would be {array.shape[0]} clips of {array.shape[1]} samples, and looks like one "
                "clip of several channels; pass the mean of these, (samples,), or a list of clips if it is one"
            )
        clips = (
            [_checked_clip(array, "the waveform")]
            if array.ndim != 2
            else [_checked_clip(row, "a row") for row in array]
        )
    if not clips:
        raise ValueError("no clips given; give at least one waveform")
    return clips


def _checked_clip(clip: npt.ArrayLike, name: str) -> Array:
    array = np.asarray(clip)
    if array.dtype.kind != "f":
        raise TypeError(
            f"{name} is of type {type(clip).__name__}, {array.dtype}; floating-point samples of about -1 to 1 are "
            "needed (16-bit integers divided by 32768), or pass (array, sample_rate) to tag() or embed()"
        )
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{name} has shape {array.shape}; mono samples are needed, (samples,) with at least one")
    check_samples(array, name)
    return array.astype(np.float32)
