"""The data set of a run: clips, audio, labels, duplicates, parts and noise as one value, read once."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.data.clips.audio import ClipAudio
from panns.data.clips.clip import Clip
from panns.data.clips.skipped import SkippedClip
from panns.data.clips.subset import AudioSubset, ClipSubset
from panns.data.sampling.groups import DuplicateGroups
from panns.data.sampling.split import hold_out_fold, split_by_source
from panns.data.shards import ShardAudio
from panns.errors import DataError
from panns.labels import LabelSet, audioset
from panns.system.progress import OnProgress, ignore_progress
from panns.training.engine.distributed import World
from panns.training.preflight import CheckedClips, check_clips_before_training
from panns.training.recordings import (
    ClipSource,
    Indices,
    Recordings,
    find_unrelated,
    open_recordings,
    read_clip_source,
)
from panns.training.settings import DataSettings
from panns.training.targets import choose_labels

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of a data set, as indices of its clips.

    Attributes:
        train: Training clips.
        validation: Clips that choose the best step.
        test: Clips that measure the result.
        left_out: Clips in no part, because they share a source with a held-out clip.
    """

    train: Indices
    validation: Indices
    test: Indices
    left_out: Indices

    @property
    def held_out(self) -> Indices:
        """Clips that no training may use: validation, test, and clips related to these."""
        return np.concatenate([self.validation, self.test, self.left_out])


@dataclass(frozen=True, eq=False)
class Dataset:
    """Everything that a run knows of its clips.

    `prepare_dataset` makes one in which every clip is for training; `split` gives the parts of a run.

    Attributes:
        recordings: All clips and their audio, at the sample rate of the model.
        labels: The classes.
        duplicates: Groups of clips that hold the same sound; no split divides one.
        parts: Training, validation and test clips.
        all_noise: All recordings of noise; None without.
        noise: The recordings of noise that are unrelated to the held-out clips; None without.
        skipped: Damaged clips, which are not in `recordings`.
    """

    recordings: Recordings
    labels: LabelSet
    duplicates: DuplicateGroups
    parts: Parts
    all_noise: Recordings | None = None
    noise: ClipAudio | None = None
    skipped: tuple[SkippedClip, ...] = ()

    @property
    def clips(self) -> Sequence[Clip]:
        """All clips."""
        return self.recordings.clips

    @property
    def train(self) -> ClipAudio:
        """The training clips."""
        return AudioSubset(self.recordings.audio, self.parts.train)

    @property
    def validation(self) -> ClipAudio:
        """The validation clips."""
        return AudioSubset(self.recordings.audio, self.parts.validation)

    @property
    def test(self) -> ClipAudio:
        """The test clips."""
        return AudioSubset(self.recordings.audio, self.parts.test)

    @property
    def durations_s(self) -> npt.NDArray[np.float32]:
        """Duration of every clip, in seconds; clips that are not kept decoded are decoded for it."""
        audio = self.recordings.audio
        if isinstance(audio, ShardAudio):
            return audio.durations_s
        return np.array([len(audio.waveform(i)) / audio.sample_rate for i in range(len(audio))], np.float32)

    def split(self, settings: DataSettings, seed: int) -> Dataset:
        """Split the clips into parts, and keep the noise that is unrelated to the held-out clips.

        Raises:
            DataError: A fold has no clips, no clip remains for training, or all noise is related to held-out clips.
        """
        parts = split_clips(self.clips, settings, seed, duplicates=self.duplicates)
        if self.all_noise is None:
            return replace(self, parts=parts)
        unrelated = find_unrelated(self.all_noise.source, self.recordings.source, parts.held_out)
        if not len(unrelated):
            raise DataError(
                f"every recording of {settings.noise} shares a source or a file with a validation or test clip; "
                "add others"
            )
        if n_related := len(self.all_noise) - len(unrelated):
            logger.info(
                "left out %d of %d recordings of noise: related to held-out clips", n_related, len(self.all_noise)
            )
        return replace(self, parts=parts, noise=AudioSubset(self.all_noise.audio, unrelated))


def prepare_dataset(
    source: ClipSource,
    settings: DataSettings,
    folder: Path,
    *,
    sample_rate: int,
    world: World | None = None,
    is_resumed: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> Dataset:
    """Check the clips of a source and open their audio.

    Args:
        source: The clips that `settings.clips` names.
        settings: Settings of the data.
        folder: The folder of the run, for the report of the check.
        sample_rate: Sample rate of the model, in Hz.
        world: The processes that train.
        is_resumed: True to take the duplicates from the report in `folder`.
        on_progress: Called while clips are read, compared and decoded.

    Raises:
        DataError: The clips have errors or no labels, or all clips of a class are damaged.
    """
    world = world or World()
    checked = CheckedClips()
    if settings.check and world.is_first:
        checked = check_clips_before_training(
            settings.clips,
            source,
            folder,
            labels=audioset() if settings.labels == "audioset" else None,
            sample_rate=sample_rate,
            skip_damaged=settings.skip_damaged,
            is_resumed=is_resumed,
            on_progress=on_progress,
        )
    checked = world.broadcast(checked)
    source = checked.without_damaged(source, settings.clips)

    def open_(clips: ClipSource) -> Recordings:
        return open_recordings(clips, sample_rate, decoded=settings.decoded, world=world, on_progress=on_progress)

    recordings, path = open_(source), Path(settings.clips)
    labels = choose_labels(recordings.clips, settings, path.stem or path.name)
    noise = open_(read_clip_source(Path(settings.noise))) if settings.noise else None
    nothing = np.zeros(0, np.int64)
    parts = Parts(np.arange(len(recordings)), nothing, nothing, nothing)
    return Dataset(
        recordings,
        labels,
        checked.duplicates,
        parts,
        noise,
        None if noise is None else noise.audio,
        checked.skipped,
    )


def split_clips(clips: Sequence[Clip], settings: DataSettings, seed: int, *, duplicates: DuplicateGroups = ()) -> Parts:
    """Split clips into training, validation and test; clips of one source stay in one part.

    Args:
        clips: All clips.
        settings: Folds for validation and test, or the share for validation.
        seed: Random seed of a split by share.
        duplicates: Groups of clips that hold the same sound although their sources differ.

    Raises:
        DataError: A fold has no clips, or no clip remains for training.
    """
    nothing = np.zeros(0, np.int64)
    train, test, left_out = np.arange(len(clips)), nothing, nothing
    if settings.test_fold:
        outer = hold_out_fold(clips, settings.test_fold, duplicates=duplicates)
        train, test, left_out = outer.train, outer.held_out, outer.unused
    if not settings.validation_fold and not settings.validation_share:
        return Parts(train, nothing, test, left_out)
    rest = ClipSubset(clips, train)
    place = {int(i): k for k, i in enumerate(train)}
    groups = [tuple(place[i] for i in group if i in place) for group in duplicates]
    groups = [group for group in groups if len(group) > 1]
    inner = (
        hold_out_fold(rest, settings.validation_fold, duplicates=groups)
        if settings.validation_fold
        else split_by_source(rest, share=settings.validation_share, seed=seed, duplicates=groups)
    )
    return Parts(train[inner.train], train[inner.held_out], test, np.concatenate([left_out, train[inner.unused]]))


def digest_clips(clips: Sequence[Clip]) -> str:
    """SHA-256 of clips, their order and everything known of them."""
    digest = hashlib.sha256()
    for clip in clips:
        digest.update(repr(clip).encode())
    return digest.hexdigest()
