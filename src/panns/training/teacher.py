"""A trained model as a teacher: scores and embeddings of waveforms, for the classes of another network."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.audio import resample
from panns.data.clips.audio import ClipAudio
from panns.errors import UnknownLabel
from panns.labels import LabelSet
from panns.recognizer import Recognizer, load
from panns.results import Scores
from panns.system.array_files import DamagedArrays, read_arrays
from panns.system.arrays import Array
from panns.system.files import replacing
from panns.system.progress import OnProgress, Progress, ignore_progress
from panns.training.dataset import digest_clips
from panns.training.settings import TeacherSettings

logger = logging.getLogger(__name__)

_N_FOR_STATISTICS = 200  # clips for the mean and the deviation of the embedding


class Teacher:
    """A recognizer that scores waveforms for another network.

    Args:
        recognizer: The model.
        labels: Classes of the other network; None where only the embedding matters.
        sample_rate: Sample rate of the waveforms, in Hz.

    Attributes:
        mean: `(dim,)`, subtracted from embeddings.
        scale: `(dim,)`, embeddings are then divided by it.

    Raises:
        UnknownLabel: The model lacks a class.
    """

    def __init__(self, recognizer: Recognizer, labels: LabelSet | None, sample_rate: int) -> None:
        self._recognizer = recognizer
        self._classes = None if labels is None else _find_classes(recognizer, labels)
        self._sample_rate = sample_rate
        n_dims = self.embedding_dim or 0
        self.mean: Array = np.zeros(n_dims, np.float32)
        self.scale: Array = np.ones(n_dims, np.float32)

    @property
    def identity(self) -> str:
        """SHA-256 of the model's manifest and the chosen classes."""
        classes = [] if self._classes is None else self._classes.tolist()
        return hashlib.sha256(f"{self._recognizer.manifest.to_json()} {classes}".encode()).hexdigest()

    @property
    def has_frames(self) -> bool:
        """True if the model has frame scores."""
        return self._recognizer.manifest.config.frame_hop_s is not None

    @property
    def embedding_dim(self) -> int | None:
        """Width of the embedding; None without one."""
        return self._recognizer.manifest.config.embedding_dim

    def standardise(self, audio: ClipAudio) -> None:
        """Give embeddings mean 0 and deviation 1 over the first clips of `audio`."""
        scores = [self(audio.waveform(i)[None]) for i in range(min(len(audio), _N_FOR_STATISTICS))]
        embeddings = np.concatenate([one.embedding for one in scores if one.embedding is not None])
        self.mean, self.scale = embeddings.mean(axis=0), embeddings.std(axis=0) + np.float32(1e-3)

    def __call__(self, waveforms: Array) -> Scores:
        """Score waveforms `(batch, samples)`; embeddings are standardised after `standardise`."""
        own_rate = self._recognizer.sample_rate
        scores = self._recognizer.run([resample(one, self._sample_rate, own_rate) for one in waveforms])
        chosen = slice(None) if self._classes is None else self._classes
        return replace(
            scores,
            clip_probs=scores.clip_probs[:, chosen],
            frame_probs=None if scores.frame_probs is None else scores.frame_probs[:, :, chosen],
            embedding=None if scores.embedding is None else (scores.embedding - self.mean) / self.scale,
        )


def load_teacher(settings: TeacherSettings, labels: LabelSet | None, sample_rate: int) -> Teacher:
    """Load the teacher that settings name, to run on one thread inside each thread that makes batches."""
    weights = Path(settings.weights) if settings.weights else None
    return Teacher(load(settings.name, weights, n_threads=1), labels, sample_rate)


def score_clips_once(
    teacher: Teacher, audio: ClipAudio, file: Path, on_progress: OnProgress = ignore_progress
) -> Array:
    """Score every clip with a teacher, or read the scores from a file that an earlier call wrote.

    Args:
        teacher: The teacher.
        audio: The clips.
        file: The .npz file; scores of another teacher, other classes or other clips are replaced.
        on_progress: Called with the clips scored.

    Returns:
        Clip scores `(clips, classes)`.
    """
    key = f"{teacher.identity} {digest_clips(audio.clips)} {audio.sample_rate}"
    if (cached := _read_scores(file, key, len(audio))) is not None:
        return cached
    rows = []
    for i in range(len(audio)):
        rows.append(teacher(audio.waveform(i)[None]).clip_probs[0])
        on_progress(Progress(i + 1, len(audio), "clips", "running the teacher"))
    probs = np.stack(rows)
    with replacing(file) as partial, partial.open("wb") as written:
        np.savez(written, key=key, probs=probs)
    return probs


def _read_scores(file: Path, key: str, n_clips: int) -> Array | None:
    """Scores in a file of this key; None without one, or if it is damaged."""
    if not file.exists():
        return None
    try:
        arrays = read_arrays(file)
    except DamagedArrays as exc:
        logger.warning("%s; running the teacher again", exc)
        return None
    probs = arrays.get("probs")
    if probs is None or str(arrays.get("key")) != key:
        return None
    return probs if probs.dtype == np.float32 and probs.ndim == 2 and len(probs) == n_clips else None


def _find_classes(recognizer: Recognizer, labels: LabelSet) -> npt.NDArray[np.intp]:
    """Indices of a model's classes that have the names of `labels`."""
    known = recognizer.manifest.labels
    try:
        return np.array([known.find(label.en).index for label in labels], np.intp)
    except UnknownLabel as exc:
        raise UnknownLabel(
            f"the teacher {recognizer.manifest.architecture} lacks a class: {exc}; "
            "learn from its embedding alone (loss.embedding), or use its names for the classes"
        ) from exc
