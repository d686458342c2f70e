"""Whether clips can be learned from, asked before the first step."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from panns.data.clip_lists import ClipList
from panns.data.quality import CheckReport, check_clips
from panns.data.sampling.groups import DuplicateGroups
from panns.data.shards import ShardFolder
from panns.errors import DataError
from panns.labels import LabelSet
from panns.system.files import replacing
from panns.system.progress import OnProgress, ignore_progress

logger = logging.getLogger(__name__)

CHECK_FILE = "check.json"
_N_NAMED = 5


def checked(
    path: Path,
    clips: ClipList | ShardFolder,
    folder: Path,
    *,
    labels: LabelSet | None,
    sample_rate: int,
    is_resumed: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> DuplicateGroups:
    """Read every clip, warn of what a person should look at, and refuse what cannot be learned from.

    Args:
        path: Where the clips are listed, or packed.
        clips: They.
        folder: Where what was found is written down, so that a run that goes on need not ask again, and parts the
            clips as it did before.
        labels: The classes that there are; None for those that the clips name.
        sample_rate: Of the model that is to learn.
        is_resumed: Whether what was found before is right.
        on_progress: Called with the clips read and all, and then with those compared.

    Returns:
        Groups of clips that hold the same sound.

    Raises:
        DataError: Something keeps from learning, such as files that are missing, damaged or hold what is no number,
            unknown labels, or empty classes; all of it is logged before.
    """
    file = folder / CHECK_FILE
    if is_resumed and file.is_file():
        return tuple(map(tuple, json.loads(file.read_text(encoding="utf-8"))["duplicates"]))
    report = check_clips(clips, labels=labels, sample_rate=sample_rate, on_progress=on_progress)
    _tell(report)
    if report.errors:
        raise DataError(
            f"{path} has {len(report.errors)} {'error that keeps' if len(report.errors) == 1 else 'errors that keep'} "
            f"from learning; correct that first (`panns data check {path}` shows everything)"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(file) as written:
        written.write_text(json.dumps({**report.to_dict(), "duplicates": report.duplicates}) + "\n", encoding="utf-8")
    return report.duplicates


def _tell(report: CheckReport) -> None:
    """Log what was found, errors first."""
    for finding in report.findings[:_N_NAMED]:
        logger.log(logging.ERROR if finding.is_error else logging.WARNING, "%s: %s", finding.kind, finding.sentence)
    if len(report.findings) > _N_NAMED:
        logger.warning("%d more findings", len(report.findings) - _N_NAMED)
