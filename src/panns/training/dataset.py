"""The clips of a run: which are learned from, which tell the best step, which test, and what is heard in each."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from panns.data.clip_lists import ClipList, read_clip_list
from panns.data.clips.audio import ClipAudio, FileAudio
from panns.data.clips.clip import Clip
from panns.data.clips.subset import ClipSubset
from panns.data.sampling.groups import DuplicateGroups
from panns.data.sampling.split import hold_out_fold, split_by_source
from panns.data.shards import ShardAudio, ShardFolder, holds_shards
from panns.data.shards.decoded import decode_once
from panns.errors import DataError, UnknownLabel
from panns.evaluation import Task
from panns.labels import LabelSet, audioset
from panns.system.progress import OnProgress, ignore_progress
from panns.training.engine.clip_batches import ClipTargets
from panns.training.engine.distributed import World
from panns.training.settings import DataSettings, RunSettings

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Parts:
    """Numbers of clips.

    Attributes:
        train: Which are learned from.
        validation: Which tell the best step.
        test: Which the result is tested with.
        left_out: Which are in no part, for they share a source with the test or the validation.
    """

    train: Indices
    validation: Indices
    test: Indices
    left_out: Indices


def clips_at(path: Path) -> ClipList | ShardFolder:
    """The manifest at a path, or the shards in a folder."""
    return ShardFolder(path) if holds_shards(path) else read_clip_list(path)


def audio_at(
    path: Path, sample_rate: int, *, decoded: str, world: World, on_progress: OnProgress = ignore_progress
) -> ClipAudio:
    """The sound of the clips at a path, at a rate.

    Args:
        path: Of the manifest or the shards.
        sample_rate: That is wanted.
        decoded: Where decoded clips are kept, which the first process decodes while the others wait; "" decodes them
            each time.
        world: The processes that train together.
        on_progress: Called with the clips decoded and all, while they are decoded once.
    """
    clips = clips_at(path)
    if isinstance(clips, ShardFolder):
        return ShardAudio(path, sample_rate)
    if not decoded:
        return FileAudio(clips, sample_rate)
    if not world.is_first:
        world.wait()
        return decode_once(clips, sample_rate, Path(decoded))
    audio = decode_once(clips, sample_rate, Path(decoded), on_progress=on_progress)
    world.wait()
    return audio


def parts_of(clips: Sequence[Clip], settings: DataSettings, seed: int, *, duplicates: DuplicateGroups = ()) -> Parts:
    """The parts that settings ask for; nothing of one source is in two of them.

    Args:
        clips: All clips.
        settings: Which fold is for what.
        seed: Of a split at random.
        duplicates: Groups of clips that are of one recording although their sources do not say so.
    """
    nothing = np.zeros(0, np.int64)
    train, test, left_out = np.arange(len(clips)), nothing, nothing
    if settings.test_fold:
        split = hold_out_fold(clips, settings.test_fold, duplicates=duplicates)
        train, test, left_out = split.train, split.held_out, split.unused
    if not settings.validation_fold and not settings.validation_share:
        return Parts(train, nothing, test, left_out)
    rest = ClipSubset(clips, train)
    number = {int(i): place for place, i in enumerate(train)}
    groups = [[number[i] for i in group if i in number] for group in duplicates]
    groups = [group for group in groups if len(group) > 1]
    inner = (
        hold_out_fold(rest, settings.validation_fold, duplicates=groups)
        if settings.validation_fold
        else split_by_source(rest, share=settings.validation_share, seed=seed, duplicates=groups)
    )
    return Parts(train[inner.train], train[inner.held_out], test, np.concatenate([left_out, train[inner.unused]]))


def digest_of(clips: Sequence[Clip]) -> str:
    """Another one for other clips, or the same in another order or with other labels."""
    digest = hashlib.sha256()
    for clip in clips:
        digest.update(repr(clip).encode())
    return digest.hexdigest()


def label_set(clips: Sequence[Clip], settings: DataSettings, name: str) -> LabelSet:
    """The classes of a run.

    Raises:
        DataError: The clips have no labels.
    """
    if settings.labels == "audioset":
        return audioset()
    names = sorted({label for clip in clips for label in clip.labels})
    if not names:
        raise DataError("no clip has a label, so there is nothing to learn; add a column labels, or class folders")
    return LabelSet.from_names(name, names)


def check_learnable(labels: LabelSet, heard: Sequence[Clip], clips: Sequence[Clip], settings: RunSettings) -> None:
    """Refuse classes that nothing can be learned of.

    Args:
        labels: The classes.
        heard: The clips to learn from.
        clips: All clips.
        settings: Whose labels were taken from the clips, or not.

    Raises:
        DataError: A class that clips name is in none to learn from; or one has to be told from nothing else.
    """
    if settings.loss.task == "single-label" and len(labels) < 2:
        raise DataError(
            f"{labels[0].en!r} is the only class, and every clip would be it; add clips of another, such as 'other'"
        )
    if settings.data.labels != "clips":
        return
    known = {label for clip in heard for label in clip.labels}
    for label in labels:
        if label.en not in known:
            path = next(clip.path for clip in clips if label.en in clip.labels)
            near = difflib.get_close_matches(label.en, sorted(known), n=1)
            hint = f"is {near[0]!r} meant? Else " if near else ""
            raise DataError(
                f"no clip to learn from has the label {label.en!r} of {path}; {hint}add some, or leave it out"
            )


def targets_of(clips: Sequence[Clip], labels: LabelSet, task: Task, *, has_times: bool) -> ClipTargets:
    """What is heard in clips, as numbers of classes.

    Args:
        clips: The clips.
        labels: The classes.
        task: Whether each must have exactly one.
        has_times: Whether it is asked for when each label sounds.

    Raises:
        DataError: A label is not among the classes, or a clip has none or several where it must have one.
    """
    numbers: dict[str, int] = {}

    def number(label: str, path: str) -> int:
        if label not in numbers:
            try:
                numbers[label] = labels.find(label).index
            except UnknownLabel as exc:
                raise DataError(f"{path}: {exc}") from exc
        return numbers[label]

    classes = [tuple(number(label, clip.path) for label in clip.labels) for clip in clips]
    if task == "single-label":
        for clip, its in zip(clips, classes, strict=True):
            if len(its) != 1:
                raise DataError(
                    f"{clip.path} has {len(its)} labels, and loss.task='single-label' needs exactly one; "
                    "use 'multi-label', or give it one"
                )
    events = [
        tuple((number(event.label, clip.path), event.onset_s, event.offset_s) for event in clip.events)
        for clip in clips
    ]
    if has_times and not any(events):
        raise DataError("loss.frames asks when labels sound, and no clip says so; add a column events, or set it to 0")
    return ClipTargets(classes, len(labels), events if any(events) else None, has_frames=has_times)
