"""What the commands of a recipe have given, read from where they have written it.

A run counts as long as its settings and its clips are those of now.
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
from panns.training.cross_validation import folds_of
from panns.training.dataset import digest_of, parts_of
from panns.training.engine.journal import METRICS_FILE
from panns.training.preflight import CHECK_FILE
from panns.training.run_folder import CLIPS_FILE, EVALUATION_FILE, SETTINGS_FILE
from panns.training.settings import RunSettings, read_settings

ROWS_FILE = "table.toml"
FOLD_PREFIX = "fold-"
PARTS = ("train", "validation", "test")
# What a model is judged by, in JSON of an evaluation, and what the table calls it; the first that it has.
QUALITIES = {"accuracy": "accuracy", "mean_average_precision": "mAP"}


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: Was trained.
        tested_with: The protocol.
        command: `panns train CONFIG.toml ... -o FOLDER`, in the root of the checkout.
    """

    what: str
    tested_with: str
    command: str

    @property
    def folder(self) -> Path:
        """Where the command writes to, relative to the root of the checkout."""
        return Path(self._after("-o")[0])

    def settings(self, root: Path) -> RunSettings:
        """What the command asks for, with the settings file of a checkout."""
        return read_settings(self._settings_file(root), tuple(self._after("--set")))

    def settings_digest(self, root: Path) -> str:
        """Tells whether the settings file has changed; settings that it does not name are those of the code."""
        settings = read_toml(self._settings_file(root))
        settings.get("train", {}).pop("test_steps", None)  # watching changes no result
        return _digest(settings)

    def clips(self, root: Path) -> tuple[Clip, ...]:
        """What the manifest of now lists; nothing where it was not prepared."""
        manifest = root / self.settings(root).data.clips
        return read_clip_list(manifest).clips if manifest.exists() else ()

    def _settings_file(self, root: Path) -> Path:
        return root / shlex.split(self.command)[2]

    def _after(self, option: str) -> list[str]:
        words = shlex.split(self.command)
        return [words[i + 1] for i, word in enumerate(words) if word == option]


@dataclass(frozen=True)
class Rows:
    """All lines of the table."""

    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Result:
    """What a command has given.

    Attributes:
        command: It.
        quality: What is measured, a key of `QUALITIES`.
        values: By fold; that of one run under "".
        best: Of every fold the highest that was measured on it along the way, which is biased; empty if nothing was.
        is_complete: Whether all folds are there.
        seed: Of everything random.
        date: Of the last run.
        hardware: What it ran on.
        settings: Digest of the settings file.
        clips: Digest of the manifest.
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
    """The lines that a recipe's table has."""
    return config_from_dict(Rows, read_toml(recipe / ROWS_FILE)).rows


def clips_digest(clips: Sequence[Clip]) -> str:
    """Tells whether a manifest has changed, wherever the data lies."""
    return _digest([(Path(clip.path).name, clip.labels, clip.fold, clip.source) for clip in clips])


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def read_result(row: Row, root: Path, hardware: str) -> Result | None:
    """What a command has written with the settings and the clips of now; None for nothing yet.

    Of a cross-validation those folds that are finished.
    """
    settings, clips, folder = row.settings(root), row.clips(root), root / row.folder
    duplicates = _duplicates(folder)
    runs = [folder, *folder.glob(f"{FOLD_PREFIX}*")]
    files = [run / EVALUATION_FILE for run in runs if _is_of_now(run, settings, clips, duplicates)]
    values: dict[str, float] = {}
    best: dict[str, float] = {}
    for file in sorted(files, key=_by_number):
        evaluation = json.loads(file.read_text(encoding="utf-8"))
        quality = next(name for name in QUALITIES if evaluation[name] is not None)
        values[_fold(file)] = evaluation[quality]
        if along := curve(file.parent, quality):
            best[_fold(file)] = max(*along.values(), evaluation[quality])
    if not values:
        return None
    last = max(file.stat().st_mtime for file in files)
    return Result(
        command=row.command,
        quality=quality,
        values=values,
        is_complete="" in values or values.keys() == set(folds_of(clips)),
        seed=settings.seed,
        date=datetime.fromtimestamp(last, UTC).date().isoformat(),
        hardware=hardware,
        settings=row.settings_digest(root),
        clips=clips_digest(clips),
        best=best,
    )


def curve(run: Path, quality: str) -> dict[int, float]:
    """What was measured on the test fold along the way, by the number of steps; nothing without `test_steps`."""
    file = run / METRICS_FILE
    lines = map(json.loads, file.read_text(encoding="utf-8").splitlines() if file.is_file() else ())
    return {line["step"]: line[f"test_{quality}"] for line in lines if f"test_{quality}" in line}


def _duplicates(folder: Path) -> DuplicateGroups:
    """The copies that a command has found; a cross-validation looks for them once, before its first fold."""
    for file in (folder / CHECK_FILE, *sorted(folder.glob(f"{FOLD_PREFIX}*/{CHECK_FILE}"))):
        if file.is_file():
            duplicates: DuplicateGroups = json.loads(file.read_text(encoding="utf-8"))["duplicates"]
            return duplicates
    return ()


def _is_of_now(run: Path, settings: RunSettings, clips: Sequence[Clip], duplicates: DuplicateGroups) -> bool:
    """Whether a run is finished, with these settings but for the fold tested with, and these clips in its parts."""
    if not all((run / name).is_file() for name in (EVALUATION_FILE, SETTINGS_FILE, CLIPS_FILE)):
        return False
    asked, heard = (json.loads((run / name).read_text(encoding="utf-8")) for name in (SETTINGS_FILE, CLIPS_FILE))
    data = replace(settings.data, test_fold=asked["data"]["test_fold"])
    wanted = config_to_dict(replace(settings, data=data, train=settings.train.that_decides))
    if fill_defaults(RunSettings, asked) != wanted:
        return False
    try:
        parts = parts_of(clips, data, settings.seed, duplicates=duplicates)
    except DataError:  # that fold is not there any more
        return False
    return all(heard[f"{part}_sha256"] == digest_of([clips[i] for i in getattr(parts, part)]) for part in PARTS)


def _fold(evaluation: Path) -> str:
    """Which fold an evaluation is of; "" for that of one run."""
    name = evaluation.parent.name
    return name.removeprefix(FOLD_PREFIX) if name.startswith(FOLD_PREFIX) else ""


def _by_number(evaluation: Path) -> tuple[bool, str]:
    """Fold 10 comes after fold 2."""
    fold = _fold(evaluation)
    return not fold.isdigit(), fold.zfill(9)
