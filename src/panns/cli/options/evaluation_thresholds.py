"""The option `--thresholds` of `panns evaluate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from panns.checkpoints.manifest import ModelManifest
    from panns.labels import LabelSet

OF_MODEL = "model"

EvaluationThresholds = Annotated[
    str | None,
    typer.Option(
        "--thresholds",
        "--threshold",
        metavar="P|N/h|model|FILE.json",
        help="Thresholds above which a class counts as present (multi-label, detect): one probability, `model` for the "
        "model's own, or a file of probabilities by label; for detect also a number of false alarms per class and "
        "hour (1/h). Default: the model's own, else 0.5.",
        show_default=False,
    ),
]


class Thresholds(NamedTuple):
    """Thresholds of an evaluation.

    Attributes:
        values: One probability for all classes, or one for each.
        description: Where they come from, such as "the model's own".
    """

    values: float | Sequence[float]
    description: str


def read_evaluation_thresholds(
    given: str | None, manifest: ModelManifest, labels: LabelSet, *, is_mapped: bool, is_detection: bool
) -> Thresholds:
    """Thresholds for an evaluation, from the value of `--thresholds`.

    Args:
        given: The value; None for the model's own thresholds, or 0.5 if it has none.
        manifest: The model.
        labels: Labels to evaluate.
        is_mapped: True if `labels` are not the model's classes, so that its own thresholds do not apply.
        is_detection: True for events, False for clips.

    Raises:
        typer.BadParameter: The value does not fit the model or the task.
        DataError: The file of thresholds cannot be used.
    """
    from panns.detection.thresholds import parse_threshold, resolve_thresholds
    from panns.evaluation import DEFAULT_THRESHOLD, read_thresholds

    own = None if is_mapped else manifest.event_thresholds if is_detection else manifest.thresholds
    if given == OF_MODEL and own is None:
        raise typer.BadParameter(
            "--thresholds model: the model has no thresholds for these classes; give a number or a file"
        )
    if own is not None and given in {None, OF_MODEL}:
        return Thresholds(own, "the model's own")
    if given is None:
        return Thresholds(DEFAULT_THRESHOLD, str(DEFAULT_THRESHOLD))
    try:
        value = parse_threshold(given)
    except ValueError:
        if _is_number(given):
            raise typer.BadParameter(f"--thresholds {given} is out of range; use a probability from 0 to 1") from None
        return Thresholds(read_thresholds(Path(given), labels, default=DEFAULT_THRESHOLD), given)
    if isinstance(value, float):
        return Thresholds(value, given)
    if not is_detection:
        raise typer.BadParameter(f"--thresholds {given}: false-alarm rates apply to events; add --task detect")
    if is_mapped:
        raise typer.BadParameter(
            f"--thresholds {given}: the model has no thresholds for the labels of --map; give a number or a file"
        )
    try:
        return Thresholds(resolve_thresholds(manifest, value).tolist(), f"the thresholds for {value}")
    except ValueError as error:
        raise typer.BadParameter(f"--thresholds {given}: {error}") from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
