"""Asking about many clips: decoded and answered side by side, in memory for a few clips, each failure named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from panns.errors import DataError, PannsError
from panns.evaluation.categories import LabelledClip
from panns.results import Array, Scores
from panns.system.parallel import ordered_map
from panns.system.progress import OnProgress, Progress, ignore_progress

Predict: TypeAlias = Callable[[list[Array]], Scores | Array]

# No batch is given more once it holds as much: 4 minutes at 32 kHz.
MAX_BATCH_SAMPLES = 1 << 23


class LabelledAudio(Protocol):
    """The sound of clips, by number, from any thread."""

    @property
    def clips(self) -> Sequence[LabelledClip]:
        """What is known of them."""
        ...

    def __len__(self) -> int: ...

    def waveform(self, i: int) -> Array:
        """The whole of a clip, `(samples,)`."""
        ...


@dataclass(frozen=True)
class Failure:
    """A clip that could not be read, and the sentence that says why."""

    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model answered.

    Attributes:
        clips: `(answered,)`, indices of the clips that could be read, in order.
        probs: `(answered, classes)` float32, what it gave them.
        failures: The others.
    """

    clips: npt.NDArray[np.intp]
    probs: Array
    failures: tuple[Failure, ...]


def ask(
    predict: Predict,
    audio: LabelledAudio,
    *,
    n_classes: int,
    batch_size: int = 16,
    n_decoding: int = 2,
    n_predicting: int = 1,
    allows_failures: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> Answers:
    """Ask a model about every clip, one after the other.

    Args:
        predict: Takes waveforms `(samples,)` of any lengths and returns probabilities `(clips, classes)`, or `Scores`
            with them; a recognizer's `run`, or a network in training.
        audio: The clips.
        n_classes: How many probabilities it gives each.
        batch_size: How many clips it is given at a time; fewer if they are long.
        n_decoding: Threads that decode.
        n_predicting: How many threads call `predict`; with 1 it is called by this one alone.
        allows_failures: Whether clips that cannot be read are left out and reported.
        on_progress: Called after every batch with the clips that are done.

    Raises:
        PannsError: A clip cannot be read, and that is not allowed; or none can.
        ValueError: There is no clip, or what `predict` gave is no such array of probabilities.
    """
    n_clips = len(audio)
    if not n_clips:
        raise ValueError("there is no clip to ask about; give at least one")
    probs = np.empty((n_clips, n_classes), dtype=np.float32)
    is_answered = np.zeros(n_clips, dtype=bool)
    failures: list[Failure] = []
    n_done = 0

    def read(i: int) -> Array | PannsError:
        try:
            return audio.waveform(i)
        except PannsError as error:
            if not allows_failures:
                raise
            return error

    def answer(batch: _Batch) -> tuple[_Batch, Array]:
        given = predict(batch.waveforms) if batch.waveforms else np.empty((0, n_classes), np.float32)
        return batch, _checked_answer(given, batch, audio.clips, n_classes)

    with ExitStack() as stack:
        waveforms = ordered_map(read, range(n_clips), n_threads=n_decoding, n_ahead=2 * n_decoding)
        batches = _batches(stack.enter_context(closing(waveforms)), batch_size)
        answered: Iterator[tuple[_Batch, Array]] = map(answer, batches)
        if n_predicting > 1:
            answered = stack.enter_context(closing(ordered_map(answer, batches, n_threads=n_predicting)))
        for batch, of_batch in answered:
            probs[batch.indices] = of_batch
            is_answered[batch.indices] = True
            failures += [Failure(audio.clips[i].path, str(error)) for i, error in batch.failures]
            n_done += len(batch.indices) + len(batch.failures)
            on_progress(Progress(n_done, n_clips, "clips", "asking the model"))
    if not is_answered.any():
        raise DataError(f"none of {n_clips} clips can be read; the first: {failures[0].reason}")
    clips = np.flatnonzero(is_answered)
    return Answers(clips, probs if len(clips) == n_clips else probs[clips], tuple(failures))


@dataclass(frozen=True, eq=False)
class _Batch:
    indices: list[int]
    waveforms: list[Array]
    failures: list[tuple[int, PannsError]]


def _batches(waveforms: Iterable[Array | PannsError], batch_size: int) -> Iterator[_Batch]:
    """Clips by batches, and with each the failures that came between."""
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


def _checked_answer(given: Scores | Array, batch: _Batch, clips: Sequence[LabelledClip], n_classes: int) -> Array:
    probs = np.asarray(given.clip_probs if isinstance(given, Scores) else given)
    expected = len(batch.indices), n_classes
    if probs.shape != expected:
        raise ValueError(f"the model answered {probs.shape}; {expected} is needed, a row a clip and a column a class")
    is_good = ((probs >= 0) & (probs <= 1)).all(axis=1)  # NaN is neither
    if not is_good.all():
        row = int(np.argmin(is_good))
        raise ValueError(
            f"{clips[batch.indices[row]].path}: the model answered {probs[row].min():.4g} to {probs[row].max():.4g}, "
            "which are no probabilities; apply its activation (sigmoid or softmax), and look for NaN in its weights"
        )
    return probs.astype(np.float32, copy=False)
