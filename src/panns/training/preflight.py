"""The check of all clips before the first step of a run."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from panns.data.clip_lists import ClipList
from panns.data.clips.clip import Clip
from panns.data.clips.skipped import SkippedClip, describe_skipped, select_remaining
from panns.data.clips.subset import ClipSubset
from panns.data.quality import CheckReport, Finding, check_clips
from panns.data.quality.findings import UNREADABLE
from panns.data.sampling.groups import DuplicateGroups
from panns.data.shards import ShardFolder
from panns.errors import DataError
from panns.labels import LabelSet
from panns.system.json_files import read_json_object, write_json
from panns.system.progress import OnProgress, ignore_progress

logger = logging.getLogger(__name__)

CHECK_FILE = "check.json"
_N_LOGGED = 5


@dataclass(frozen=True)
class CheckedClips:
    """What a training needs of the check of its clips.

    Attributes:
        duplicates: Groups of remaining clips, by their indices without the skipped ones, that hold the same sound.
        skipped: Damaged clips to leave out, by their indices among all clips.
    """

    duplicates: DuplicateGroups = ()
    skipped: tuple[SkippedClip, ...] = ()

    def without_damaged(self, source: ClipList | ShardFolder, path: str) -> ClipList | ShardFolder:
        """The clips without the skipped ones.

        Raises:
            DataError: No clip remains, or none of a class.
        """
        if not self.skipped:
            return source
        remaining = select_remaining(source.clips, [one.index for one in self.skipped], where=path)
        if isinstance(source, ShardFolder):
            return source.select(remaining)
        return replace(source, clips=ClipSubset(source.clips, remaining))


def check_clips_before_training(
    source: str,
    clips: ClipList | ShardFolder,
    folder: Path,
    *,
    labels: LabelSet | None,
    sample_rate: int,
    skip_damaged: bool = False,
    is_resumed: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> CheckedClips:
    """Read every clip, log warnings and errors, and refuse clips that a model cannot learn from.

    Args:
        source: Path of the clip list or the shards, for messages.
        clips: The clips.
        folder: The folder of the run. The report is written there, so that a resumed run finds the same duplicates
            without reading the clips again.
        labels: The allowed classes; None for the classes that the clips name.
        sample_rate: Sample rate of the model, in Hz.
        skip_damaged: True to skip missing and damaged clips, False to refuse them.
        is_resumed: True to take the duplicates and the skipped clips from the report in `folder`, if there is one.
        on_progress: Called with the clips read, then with the clips compared.

    Raises:
        DataError: The check found errors, such as missing or damaged files, unknown labels or classes without clips.
    """
    file = folder / CHECK_FILE
    if is_resumed and (recorded := _read_report(file, clips.clips)) is not None:
        return recorded
    report = check_clips(clips, labels=labels, sample_rate=sample_rate, on_progress=on_progress)
    errors = [one for one in report.errors if not (skip_damaged and one.kind in UNREADABLE)]
    _log_findings(report, errors)
    if n_errors := len(errors):
        remedy = "; --skip-damaged leaves out damaged clips" if any(one.kind in UNREADABLE for one in errors) else ""
        raise DataError(
            f"{source} has {n_errors} {'error' if n_errors == 1 else 'errors'}; correct "
            f"{'it' if n_errors == 1 else 'them'} before training (`panns data check {source}` lists everything"
            f"{remedy})"
        )
    skipped = report.unreadable if skip_damaged else ()
    if skipped:
        select_remaining(clips.clips, [one.index for one in skipped], where=source)
        summary = describe_skipped([one.path for one in skipped], len(clips.clips))
        logger.warning("%s; %s has all, with reasons", summary, file)
    checked = _leave_out(report.duplicates, skipped, len(clips.clips))
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        **report.to_dict(),
        "duplicates": checked.duplicates,
        "skipped": [{"index": one.index, **one.to_dict()} for one in skipped],
    }
    write_json(file, record, indent=None)
    return checked


def _leave_out(duplicates: DuplicateGroups, skipped: tuple[SkippedClip, ...], n_clips: int) -> CheckedClips:
    """Skip clips, and number the others anew."""
    is_left = np.ones(n_clips, bool)
    is_left[[one.index for one in skipped]] = False
    place = np.cumsum(is_left) - 1
    return CheckedClips(tuple(tuple(int(place[i]) for i in group) for group in duplicates), skipped)


def _read_report(file: Path, clips: Sequence[Clip]) -> CheckedClips | None:
    """Duplicates and skipped clips in the report of an earlier check; None if there is none, or it is damaged."""
    if not file.exists():
        return None
    try:
        report = read_json_object(file)
        skipped = tuple(SkippedClip(one["index"], one["file"], one["error"]) for one in report.get("skipped", ()))
        groups = tuple(tuple(group) for group in report["duplicates"])
        n_left = len(clips) - len(skipped)
        if not all(type(i) is int and 0 <= i < n_left for group in groups for i in group):
            raise ValueError("not indices of clips")
        if not all(type(one.index) is int and clips[one.index].path == one.path for one in skipped):
            raise ValueError("not clips of this list")
    except (ValueError, LookupError, TypeError) as exc:
        logger.warning("%s is damaged (%s); checking the clips again", file, exc)
        return None
    return CheckedClips(groups, skipped)


def _log_findings(report: CheckReport, errors: Collection[Finding]) -> None:
    """Log the first findings, errors before warnings."""
    for finding in report.findings[:_N_LOGGED]:
        logger.log(logging.ERROR if finding in errors else logging.WARNING, "%s: %s", finding.kind, finding.message)
    if len(report.findings) > _N_LOGGED:
        logger.warning("%d more findings", len(report.findings) - _N_LOGGED)
