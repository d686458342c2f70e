"""Clip scores of many clips: decoding and scoring in parallel, a few clips in memory, every unreadable clip named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from panns.errors import DataError, PannsError
from panns.evaluation.categories import LabelledClip
from panns.results import Scores
from panns.system.arrays import Array
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress

Predict: TypeAlias = Callable[[list[Array]], Scores | Array]

# A batch takes no further clip beyond this length: 4 minutes at 32 kHz.
MAX_BATCH_SAMPLES = 1 << 23


class LabelledAudio(Protocol):
    """Labelled clips and their waveforms by index, readable from any thread."""

    @property
    def clips(self) -> Sequence[LabelledClip]:
        """Names and labels of the clips."""
        ...

    def __len__(self) -> int: ...

    def waveform(self, i: int) -> Array:
        """Waveform of a whole clip, `(samples,)`."""
        ...


@dataclass(frozen=True)
class Failure:
    """A clip that could not be read, and the reason as a message."""

    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class ClipScores:
    """Scores of the clips that could be read.

    Attributes:
        clips: `(scored,)`, indices of these clips, in order.
        probs: `(scored, classes)` float32.
        failures: The unreadable clips.
    """

    clips: npt.NDArray[np.intp]
    probs: Array
    failures: tuple[Failure, ...]


def score_clips(
    predict: Predict,
    audio: LabelledAudio,
    *,
    n_classes: int,
    batch_size: int = 16,
    n_decoding: int = 2,
    n_predicting: int = 1,
    allows_failures: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> ClipScores:
    """Score every clip with a model.

    Args:
        predict: Function from waveforms `(samples,)` of any lengths to probabilities `(clips, classes)`, or to
            `Scores` that hold them: a recognizer's `run`, or a network in training.
        audio: The clips.
        n_classes: Number of classes that `predict` scores.
        batch_size: Maximum number of clips in one call of `predict`; long clips make smaller batches.
        n_decoding: Number of decoding threads.
        n_predicting: Number of threads that call `predict`; 1 calls it from the current thread.
        allows_failures: True to leave out and report clips that cannot be read.
        on_progress: Called after every batch.

    Raises:
        PannsError: A clip cannot be read and `allows_failures` is False, or no clip can be read.
        ValueError: There are no clips, or `predict` returned values that are not probabilities of this shape.
    """
    n_clips = len(audio)
    if not n_clips:
        raise ValueError("0 clips given; at least one is needed")
    probs = np.empty((n_clips, n_classes), dtype=np.float32)
    is_scored = np.zeros(n_clips, dtype=bool)
    failures: list[Failure] = []
    n_done = 0

    def read(i: int) -> Array | PannsError:
        try:
            return audio.waveform(i)
        except PannsError as error:
            if not allows_failures:
                raise
            return error

    def score(batch: _Batch) -> tuple[_Batch, Array]:
        output = predict(batch.waveforms) if batch.waveforms else np.empty((0, n_classes), np.float32)
        return batch, _check_probs(output, batch, audio.clips, n_classes)

    with ExitStack() as stack:
        waveforms = ordered_map(read, range(n_clips), n_threads=n_decoding, n_ahead=2 * n_decoding)
        batches = _batches(stack.enter_context(closing(waveforms)), batch_size)
        scored: Iterator[tuple[_Batch, Array]] = map(score, batches)
        if n_predicting > 1:
            scored = stack.enter_context(closing(ordered_map(score, batches, n_threads=n_predicting)))
        for batch, batch_probs in scored:
            probs[batch.indices] = batch_probs
            is_scored[batch.indices] = True
            failures += [Failure(audio.clips[i].path, str(error)) for i, error in batch.failures]
            n_done += len(batch.indices) + len(batch.failures)
            on_progress(Progress(n_done, n_clips, "clips", "scoring"))
    if not is_scored.any():
        raise DataError(f"none of {n_clips} clips can be read; the first: {failures[0].reason}")
    clips = np.flatnonzero(is_scored)
    return ClipScores(clips, probs if len(clips) == n_clips else probs[clips], tuple(failures))


@dataclass(frozen=True, eq=False)
class _Batch:
    indices: list[int]
    waveforms: list[Array]
    failures: list[tuple[int, PannsError]]


def _batches(waveforms: Iterable[Array | PannsError], batch_size: int) -> Iterator[_Batch]:
    """Batches of clips, each with the failures since the previous batch."""
    batch, n_samples = _Batch([], [], []), 0
    for i, waveform in enumerate(waveforms):
        if isinstance(waveform, PannsError):
            batch.failures.append((i, waveform))
            continue
        if batch.indices and (len(batch.indices) == batch_size or n_samples + len(waveform) > MAX_BATCH_SAMPLES):
            yield batch
            batch, n_samples = _Batch([], [], []), 0
        batch.indices.append(i)
        batch.waveforms.append(waveform)
        n_samples += len(waveform)
    if batch.indices or batch.failures:
        yield batch


def _check_probs(output: Scores | Array, batch: _Batch, clips: Sequence[LabelledClip], n_classes: int) -> Array:
    probs = np.asarray(output.clip_probs if isinstance(output, Scores) else output)
    expected = len(batch.indices), n_classes
    if probs.shape != expected:
        raise ValueError(f"the model returned scores of shape {probs.shape}; (clips, classes) is {expected}")
    is_good = ((probs >= 0) & (probs <= 1)).all(axis=1)  # False for NaN
    if not is_good.all():
        row = int(np.argmin(is_good))
        raise ValueError(
            f"{clips[batch.indices[row]].path}: the model returned {probs[row].min():.4g} to {probs[row].max():.4g}, "
            "but probabilities are 0 to 1; apply its activation (sigmoid or softmax), and look for NaN in its weights"
        )
    return probs.astype(np.float32, copy=False)
