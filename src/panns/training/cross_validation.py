"""A run for every fold of a data set, each tested with the fold that it has not learned from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from panns.data.clips.clip import Clip
from panns.data.sampling.groups import DuplicateGroups
from panns.errors import DataError, SettingsError
from panns.system.files import replacing
from panns.system.progress import OnProgress, ignore_progress
from panns.training.dataset import clips_at
from panns.training.engine.distributed import World
from panns.training.run import run
from panns.training.run_folder import EVALUATION_FILE
from panns.training.settings import RunSettings

RESULT_FILE = "cross_validation.json"


@dataclass(frozen=True)
class CrossValidation:
    """What all folds have given.

    Attributes:
        folds: Names of the folds.
        evaluations: Of each the measures, as of `Evaluation.to_dict`.
    """

    folds: tuple[str, ...]
    evaluations: tuple[dict[str, Any], ...]

    def mean_and_deviation(self, measure: str) -> tuple[float, float]:
        """Mean of a measure over the folds, and its standard deviation (of a sample, with n - 1)."""
        values = [evaluation[measure] for evaluation in self.evaluations]
        return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures that every fold has as one number."""
        names = [
            name
            for name, value in self.evaluations[0].items()
            if isinstance(value, float) and all(isinstance(one[name], float) for one in self.evaluations)
        ]
        return tuple(names)

    def to_dict(self) -> dict[str, Any]:
        """JSON of the result."""
        summary = {}
        for name in self.measures:
            mean, deviation = self.mean_and_deviation(name)
            summary[name] = {
                "mean": mean,
                "deviation": deviation,
                "folds": dict(zip(self.folds, (one[name] for one in self.evaluations), strict=True)),
            }
        return summary


def folds_of(clips: Sequence[Clip]) -> tuple[str, ...]:
    """The folds of clips, numbers in their order.

    Raises:
        DataError: There are fewer than two, or a clip is in none.
    """
    folds = {clip.fold for clip in clips}
    if "" in folds or len(folds) < 2:
        raise DataError(f"cross-validation needs every clip in one of several folds; there are {sorted(folds)}")
    return tuple(sorted(folds, key=lambda fold: (not fold.isdigit(), fold.zfill(9))))


def cross_validate(
    settings: RunSettings,
    out: Path,
    *,
    world: World | None = None,
    is_resumed: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> CrossValidation:
    """Train and test once for every fold, into a folder each; with `is_resumed` runs go on where they stopped.

    Args:
        settings: What is asked for; its test fold does not matter.
        out: Where everything is kept; made if need be.
        world: This process among those that train together, and its device; None for one on the CPU.
        is_resumed: Whether to go on with what `out` holds.
        on_progress: Called while things take their time.

    Raises:
        DataError: The clips have no folds, or cannot be learned from.
        SettingsError: `out` holds other runs, or the validation fold is to be tested with too.
    """
    if settings.data.validation_fold:
        raise SettingsError(
            f"data.validation_fold={settings.data.validation_fold!r} would be tested with too when every fold is; "
            "use data.validation_share, which holds out some of the clips to learn from"
        )
    folds = folds_of(clips_at(Path(settings.data.clips)).clips)
    duplicates: DuplicateGroups | None = None
    for fold in folds:
        of_fold = replace(settings, data=replace(settings.data, test_fold=fold))
        one = run(
            of_fold,
            out / f"fold-{fold}",
            duplicates=duplicates,
            world=world,
            is_resumed=is_resumed,
            on_progress=on_progress,
        )
        duplicates = one.duplicates  # the clips are read once
    evaluations = [json.loads((out / f"fold-{fold}" / EVALUATION_FILE).read_text(encoding="utf-8")) for fold in folds]
    result = CrossValidation(folds, tuple(evaluations))
    if world is None or world.is_first:
        with replacing(out / RESULT_FILE) as partial:
            partial.write_text(json.dumps(result.to_dict(), indent=1) + "\n", encoding="utf-8")
    return result
