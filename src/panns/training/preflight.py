"""The check of all clips before the first step of a run."""

from __future__ import annotations

import logging
from pathlib import Path

from panns.data.clip_lists import ClipList
from panns.data.quality import CheckReport, check_clips
from panns.data.sampling.groups import DuplicateGroups
from panns.data.shards import ShardFolder
from panns.errors import DataError
from panns.labels import LabelSet
from panns.system.json_files import read_json_object, write_json
from panns.system.progress import OnProgress, ignore_progress

logger = logging.getLogger(__name__)

CHECK_FILE = "check.json"
_N_LOGGED = 5


def check_clips_before_training(
    source: str,
    clips: ClipList | ShardFolder,
    folder: Path,
    *,
    labels: LabelSet | None,
    sample_rate: int,
    is_resumed: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> DuplicateGroups:
    """Read every clip, log warnings and errors, and refuse clips that a model cannot learn from.

    Args:
        source: Path of the clip list or the shards, for messages.
        clips: The clips.
        folder: The folder of the run. The report is written there, so that a resumed run finds the same duplicates
            without reading the clips again.
        labels: The allowed classes; None for the classes that the clips name.
        sample_rate: Sample rate of the model, in Hz.
        is_resumed: True to take the duplicates from the report in `folder`, if there is one.
        on_progress: Called with the clips read, then with the clips compared.

    Returns:
        Groups of clips that hold the same sound.

    Raises:
        DataError: The check found errors, such as missing or damaged files, unknown labels or classes without clips.
    """
    file = folder / CHECK_FILE
    if is_resumed and (recorded := _read_duplicates(file, len(clips.clips))) is not None:
        return recorded
    report = check_clips(clips, labels=labels, sample_rate=sample_rate, on_progress=on_progress)
    _log_findings(report)
    if n_errors := len(report.errors):
        raise DataError(
            f"{source} has {n_errors} {'error' if n_errors == 1 else 'errors'}; correct "
            f"{'it' if n_errors == 1 else 'them'} before training (`panns data check {source}` lists everything)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    write_json(file, {**report.to_dict(), "duplicates": report.duplicates}, indent=None)
    return report.duplicates


def _read_duplicates(file: Path, n_clips: int) -> DuplicateGroups | None:
    """Duplicates in the report of an earlier check; None if there is none, or it is damaged."""
    if not file.exists():
        return None
    try:
        groups = tuple(tuple(group) for group in read_json_object(file)["duplicates"])
        if not all(type(i) is int and 0 <= i < n_clips for group in groups for i in group):
            raise ValueError("not indices of clips")
    except (ValueError, KeyError, TypeError) as exc:
        logger.warning("%s is damaged (%s); checking the clips again", file, exc)
        return None
    return groups


def _log_findings(report: CheckReport) -> None:
    """Log the first findings, errors before warnings."""
    for finding in report.findings[:_N_LOGGED]:
        logger.log(logging.ERROR if finding.is_error else logging.WARNING, "%s: %s", finding.kind, finding.sentence)
    if len(report.findings) > _N_LOGGED:
        logger.warning("%d more findings", len(report.findings) - _N_LOGGED)
