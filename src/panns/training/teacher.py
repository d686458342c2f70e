"""A trained model as a teacher: asked about waveforms at the rate, and for the classes, of the one that learns."""

from __future__ import annotations

import hashlib
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
from panns.system.files import replacing
from panns.system.progress import OnProgress, Progress, ignore_progress
from panns.training.dataset import digest_of
from panns.training.settings import TeacherSettings

Array = npt.NDArray[np.float32]

_N_FOR_STATISTICS = 200  # clips that mean and deviation of the embedding are taken from


class Teacher:
    """Answers of a recognizer.

    Args:
        recognizer: The model.
        labels: The classes of the network that learns; None where only the embedding is learned from.
        sample_rate: Of the waveforms.

    Attributes:
        mean: `(dim,)`, is subtracted from its embeddings.
        scale: `(dim,)`, they are then divided by it.

    Raises:
        UnknownLabel: The model does not know a class.
    """

    def __init__(self, recognizer: Recognizer, labels: LabelSet | None, sample_rate: int) -> None:
        self._recognizer = recognizer
        self._classes = None if labels is None else classes_of(recognizer, labels)
        self._sample_rate = sample_rate
        n_dims = self.embedding_dim or 0
        self.mean: Array = np.zeros(n_dims, np.float32)
        self.scale: Array = np.ones(n_dims, np.float32)

    @property
    def identity(self) -> str:
        """Another one for every other model, and for other classes."""
        classes = [] if self._classes is None else self._classes.tolist()
        return hashlib.sha256(f"{self._recognizer.manifest.to_json()} {classes}".encode()).hexdigest()

    @property
    def has_frames(self) -> bool:
        """Whether it says what sounds when."""
        return self._recognizer.manifest.config.frame_hop_s is not None

    @property
    def embedding_dim(self) -> int | None:
        """Width of its embedding."""
        return self._recognizer.manifest.config.embedding_dim

    def standardise(self, audio: ClipAudio) -> None:
        """Give embeddings with mean 0 and deviation 1 over the first clips of a set from now on."""
        answers = [self(audio.waveform(i)[None]).embedding for i in range(min(len(audio), _N_FOR_STATISTICS))]
        embeddings = np.concatenate([answer for answer in answers if answer is not None])
        self.mean, self.scale = embeddings.mean(axis=0), embeddings.std(axis=0) + np.float32(1e-3)

    def __call__(self, waveforms: Array) -> Scores:
        """What it says of `(batch, samples)`; embeddings standardised once `standardise` was called."""
        own_rate = self._recognizer.sample_rate
        clips = [resample(one, self._sample_rate, own_rate) for one in waveforms]
        scores = self._recognizer.run(clips)
        chosen = slice(None) if self._classes is None else self._classes
        return replace(
            scores,
            clip_probs=scores.clip_probs[:, chosen],
            frame_probs=None if scores.frame_probs is None else scores.frame_probs[:, :, chosen],
            embedding=None if scores.embedding is None else (scores.embedding - self.mean) / self.scale,
        )


def load_teacher(settings: TeacherSettings, labels: LabelSet | None, sample_rate: int) -> Teacher:
    """The teacher that settings name, in ONNX Runtime on one thread of each thread that makes batches."""
    weights = Path(settings.weights) if settings.weights else None
    return Teacher(load(settings.name, weights, n_threads=1), labels, sample_rate)


def classes_of(recognizer: Recognizer, labels: LabelSet) -> npt.NDArray[np.intp]:
    """Numbers of a model's classes that are called as those of a label set."""
    known = recognizer.manifest.labels
    try:
        return np.array([known.find(label.en).index for label in labels], np.intp)
    except UnknownLabel as exc:
        raise UnknownLabel(
            f"the teacher {recognizer.manifest.architecture} cannot answer for every class: {exc}; "
            "learn from its embedding alone (loss.embedding), or name the classes as it does"
        ) from exc


def cached_probs(teacher: Teacher, audio: ClipAudio, path: Path, on_progress: OnProgress = ignore_progress) -> Array:
    """What a teacher says of every clip, `(clips, classes)`, asked once and then read from a file.

    Args:
        teacher: Is asked.
        audio: The clips.
        path: The file, .npz; one of another teacher, or of other clips or classes, is made again.
        on_progress: Called with the clips done and all.
    """
    asked = f"{teacher.identity} {digest_of(audio.clips)} {audio.sample_rate}"
    if path.is_file():
        with np.load(path) as known:
            if str(known["asked"]) == asked:
                probs: Array = known["probs"]
                return probs
    answers = []
    for i in range(len(audio)):
        answers.append(teacher(audio.waveform(i)[None]).clip_probs[0])
        on_progress(Progress(i + 1, len(audio), "clips", "asking the teacher"))
    probs = np.stack(answers)
    with replacing(path) as partial, partial.open("wb") as file:
        np.savez(file, asked=asked, probs=probs)
    return probs
