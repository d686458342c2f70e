"""Results of training runs, read from their run folders.

A run counts only while its settings and clips equal the present ones.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from panns.config import config_from_dict, config_to_dict, fill_defaults, read_toml
from panns.data.clip_lists import Clip, read_clip_list
from panns.data.sampling.groups import DuplicateGroups
from panns.errors import DataError
from panns.training.cross_validation import fold_names
from panns.training.dataset import digest_clips, split_clips
from panns.training.engine.journal import METRICS_FILE
from panns.training.preflight import CHECK_FILE
from panns.training.run_folder import CLIPS_FILE, EVALUATION_FILE, SETTINGS_FILE
from panns.training.settings import RunSettings, read_settings

ROWS_FILE = "table.toml"
FOLD_PREFIX = "fold-"
PARTS = ("train", "validation", "test")
# Keys of an evaluation in JSON and their names in tables; the first key with a value applies.
QUALITIES = {"accuracy": "accuracy", "mean_average_precision": "mAP"}


@dataclass(frozen=True)
class Row:
    """Row of a results table: a training command.

    Attributes:
        what: Description of the model.
        tested_with: Test protocol.
        command: `panns train CONFIG.toml ... -o FOLDER`, run in the root of the checkout.
    """

    what: str
    tested_with: str
    command: str

    @property
    def folder(self) -> Path:
        """Output folder of the command, relative to the root of the checkout."""
        return Path(self._values("-o")[0])

    def settings(self, root: Path) -> RunSettings:
        """Settings of the command, with the settings file of a checkout."""
        return read_settings(self._settings_file(root), tuple(self._values("--set")))

    def settings_digest(self, root: Path) -> str:
        """Digest of the settings file, without settings that cannot change a result."""
        settings = read_toml(self._settings_file(root))
        settings.get("train", {}).pop("test_steps", None)  # measuring during training does not change the result
        return _digest(settings)

    def clips(self, root: Path) -> Sequence[Clip]:
        """Clips of the present clip list; empty if the data was not prepared."""
        clip_list = root / self.settings(root).data.clips
        return read_clip_list(clip_list).clips if clip_list.exists() else ()

    def _settings_file(self, root: Path) -> Path:
        return root / shlex.split(self.command)[2]

    def _values(self, option: str) -> list[str]:
        words = shlex.split(self.command)
        return [words[i + 1] for i, word in enumerate(words) if word == option]


@dataclass(frozen=True)
class Rows:
    """All rows of a results table."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Result:
    """Result of a training command.

    Attributes:
        command: The command.
        quality: Measure of quality, a key of `QUALITIES`.
        values: Quality by fold; a single run has the fold "".
        best: Best quality of every fold during training, which is biased; empty without `test_steps`.
        is_complete: True if all folds are finished.
        seed: Random seed.
        date: Date of the last run.
        hardware: Hardware of the runs.
        settings: Digest of the settings file.
        clips: Digest of the clip list.
    """

    command: str
    quality: str
    values: dict[str, float]
    is_complete: bool
    seed: int
    date: str
    hardware: str
    settings: str
    clips: str
    best: dict[str, float] = field(default_factory=dict)


def read_rows(recipe: Path) -> tuple[Row, ...]:
    """Read the rows of a recipe's results table."""
    return config_from_dict(Rows, read_toml(recipe / ROWS_FILE)).rows


def clips_digest(clips: Sequence[Clip]) -> str:
    """Digest of a clip list, independent of the folder of the data."""
    return _digest([(Path(clip.path).name, clip.labels, clip.fold, clip.source) for clip in clips])


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def read_result(row: Row, root: Path, hardware: str) -> Result | None:
    """Read the result of a command, from runs with the present settings and clips; None without such a run.

    The result of a cross-validation has its finished folds.
    """
    settings, clips, folder = row.settings(root), row.clips(root), root / row.folder
    duplicates = _read_duplicates(folder)
    runs = [folder, *folder.glob(f"{FOLD_PREFIX}*")]
    files = [run / EVALUATION_FILE for run in runs if _is_current(run, settings, clips, duplicates)]
    values: dict[str, float] = {}
    best: dict[str, float] = {}
    for file in sorted(files, key=_fold_order):
        evaluation = json.loads(file.read_text(encoding="utf-8"))
        quality = next(name for name in QUALITIES if evaluation[name] is not None)
        values[_fold_name(file)] = evaluation[quality]
        if curve := read_test_curve(file.parent, quality):
            best[_fold_name(file)] = max(*curve.values(), evaluation[quality])
    if not values:
        return None
    last = max(file.stat().st_mtime for file in files)
    return Result(
        command=row.command,
        quality=quality,
        values=values,
        is_complete="" in values or values.keys() == set(fold_names(clips)),
        seed=settings.seed,
        date=datetime.fromtimestamp(last, UTC).date().isoformat(),
        hardware=hardware,
        settings=row.settings_digest(root),
        clips=clips_digest(clips),
        best=best,
    )


def read_test_curve(run: Path, quality: str) -> dict[int, float]:
    """Read the quality on the test fold by training step; empty without `test_steps`."""
    file = run / METRICS_FILE
    lines = map(json.loads, file.read_text(encoding="utf-8").splitlines() if file.is_file() else ())
    return {line["step"]: line[f"test_{quality}"] for line in lines if f"test_{quality}" in line}


def _read_duplicates(folder: Path) -> DuplicateGroups:
    """Read the duplicates that a run has found. A cross-validation searches once, before its first fold."""
    for file in (folder / CHECK_FILE, *sorted(folder.glob(f"{FOLD_PREFIX}*/{CHECK_FILE}"))):
        if file.is_file():
            duplicates: DuplicateGroups = json.loads(file.read_text(encoding="utf-8"))["duplicates"]
            return duplicates
    return ()


def _is_current(run: Path, settings: RunSettings, clips: Sequence[Clip], duplicates: DuplicateGroups) -> bool:
    """True if a run is finished and has these settings (apart from the test fold) and these clips in its parts."""
    if not all((run / name).is_file() for name in (EVALUATION_FILE, SETTINGS_FILE, CLIPS_FILE)):
        return False
    run_settings, run_clips = (
        json.loads((run / name).read_text(encoding="utf-8")) for name in (SETTINGS_FILE, CLIPS_FILE)
    )
    data = replace(settings.data, test_fold=run_settings["data"]["test_fold"])
    wanted = config_to_dict(replace(settings, data=data, train=settings.train.comparable))
    if fill_defaults(RunSettings, run_settings) != wanted:
        return False
    try:
        parts = split_clips(clips, data, settings.seed, duplicates=duplicates)
    except DataError:  # the fold has disappeared from the clip list
        return False
    return all(run_clips[f"{part}_sha256"] == digest_clips([clips[i] for i in getattr(parts, part)]) for part in PARTS)


def _fold_name(evaluation: Path) -> str:
    """Fold of an evaluation file; "" for a single run."""
    name = evaluation.parent.name
    return name.removeprefix(FOLD_PREFIX) if name.startswith(FOLD_PREFIX) else ""


def _fold_order(evaluation: Path) -> tuple[bool, str]:
    """Sort key of an evaluation file, with fold 10 after fold 2."""
    fold = _fold_name(evaluation)
    return not fold.isdigit(), fold.zfill(9)
