"""Cross-validation: one run for every fold of a data set, tested on that fold."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from panns.data.clips.clip import Clip
from panns.errors import DataError, SettingsError
from panns.system.json_files import write_json
from panns.system.progress import OnProgress, ignore_progress
from panns.training.base_model import load_base_model
from panns.training.dataset import prepare_dataset
from panns.training.engine.distributed import World
from panns.training.recordings import read_clip_source
from panns.training.run import check_run, run
from panns.training.run_folder import EVALUATION_FILE, hold_folder, read_record
from panns.training.settings import RunSettings

RESULT_FILE = "cross_validation.json"


@dataclass(frozen=True)
class CrossValidation:
    """Results of all folds.

    Attributes:
        folds: Names of the folds.
        evaluations: Measures of each fold, in the form of `ClipEvaluation.to_dict`.
    """

    folds: tuple[str, ...]
    evaluations: tuple[dict[str, Any], ...]

    def mean_and_deviation(self, measure: str) -> tuple[float, float]:
        """Mean of a measure over the folds, and its sample standard deviation (n - 1)."""
        values = [evaluation[measure] for evaluation in self.evaluations]
        return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures that are one number in every fold."""
        names = [
            name
            for name, value in self.evaluations[0].items()
            if isinstance(value, float) and all(isinstance(one[name], float) for one in self.evaluations)
        ]
        return tuple(names)

    def to_dict(self) -> dict[str, Any]:
        """JSON of the result: mean, deviation and fold values of every measure."""
        summary = {}
        for name in self.measures:
            mean, deviation = self.mean_and_deviation(name)
            summary[name] = {
                "mean": mean,
                "deviation": deviation,
                "folds": dict(zip(self.folds, (one[name] for one in self.evaluations), strict=True)),
            }
        return summary


def fold_names(clips: Sequence[Clip]) -> tuple[str, ...]:
    """Names of the folds of clips, numbers in numerical order.

    Raises:
        DataError: There are fewer than two folds, or a clip has none.
    """
    folds = {clip.fold for clip in clips}
    if "" in folds or len(folds) < 2:
        raise DataError(
            f"cross-validation needs two folds or more, and one for every clip; the folds are {sorted(folds)}"
        )
    return tuple(sorted(folds, key=lambda fold: (not fold.isdigit(), fold.zfill(9))))


def cross_validate(
    settings: RunSettings,
    out: Path,
    *,
    world: World | None = None,
    is_resumed: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> CrossValidation:
    """Train and test once for every fold; the clips are read, checked and decoded once for all folds.

    Args:
        settings: Settings of the runs; `data.test_fold` is replaced by each fold.
        out: Folder of the results, with one run folder a fold; created if need be.
        world: The processes that train; None for this one, on the CPU.
        is_resumed: True to continue the runs that `out` holds.
        on_progress: Called while clips are read and decoded, and after every step.

    Raises:
        DataError: The clips have no folds, have errors, or do not fit the settings.
        SettingsError: `out` holds other runs, another run trains in it, or the settings name a validation fold.
    """
    if settings.data.validation_fold:
        raise SettingsError(
            f"data.validation_fold={settings.data.validation_fold!r} is also a test fold in a cross-validation; "
            "use data.validation_share, which holds out some of the training clips"
        )
    world = world or World()
    source = read_clip_source(Path(settings.data.clips))
    folds = fold_names(source.clips)
    runs = [(replace(settings, data=replace(settings.data, test_fold=fold)), out / f"fold-{fold}") for fold in folds]
    for fold_settings, folder in runs:
        check_run(fold_settings, folder, world, is_resumed=is_resumed)
    base = load_base_model(settings.model)
    with ExitStack() as stack:
        for folder in (out, *(folder for _, folder in runs)):
            stack.enter_context(hold_folder(folder, world))
        dataset = prepare_dataset(
            source,
            settings.data,
            out,
            sample_rate=base.sample_rate,
            world=world,
            is_resumed=is_resumed,
            on_progress=on_progress,
        )
        for fold_settings, folder in runs:
            split = dataset.split(fold_settings.data, fold_settings.seed)
            run(split, base, fold_settings, folder, world=world, is_resumed=is_resumed, on_progress=on_progress)
        evaluations = [read_record(folder / EVALUATION_FILE) for _, folder in runs]
        result = CrossValidation(folds, tuple(evaluations))
        if world.is_first:
            write_json(out / RESULT_FILE, result.to_dict())
        return result
