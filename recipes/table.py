"""What runs of a recipe have given, as the table of its README, so that no figure is typed.

python -m recipes.table esc50 [...] [--hardware "one thread of an AMD EPYC"]

`table.toml` of a recipe names the commands that the table is of. What lies where they write to is gathered into
`results.json` beside it, and both make the table. A command that was not run here keeps its earlier result, as long as
the settings are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shlex
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from panns.config import config_from_dict, config_to_dict, read_toml
from panns.files import replacing
from panns.learn.cross_validation import RESULT_FILE
from panns.learn.run import EVALUATION_FILE, SETTINGS_FILE
from panns.learn.settings import RunSettings, read_settings
from recipes.paths import ROOT

RECIPES = Path(__file__).parent
ROWS_FILE, RESULTS_FILE = "table.toml", "results.json"
COLUMNS = ("", "tested with", "", "by fold", "seed", "date", "hardware", "command")
FOLD_PREFIX = "fold-"
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

    def digest(self, root: Path) -> str:
        """Tells whether the settings file has changed; settings that it does not name are those of the code."""
        named = json.dumps(read_toml(self._settings_file(root)), sort_keys=True)
        return hashlib.sha256(named.encode()).hexdigest()[:16]

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
        is_complete: Whether all folds are there.
        seed: Of everything random.
        date: Of the last run.
        hardware: What it ran on.
        settings: Digest of the settings file.
    """

    command: str
    quality: str
    values: dict[str, float]
    is_complete: bool
    seed: int
    date: str
    hardware: str
    settings: str


def main() -> None:
    """Gather the results of recipes and render their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+", metavar="NAME", help="a folder in recipes/ with a table.toml")
    parser.add_argument("--hardware", default="one thread of an AMD EPYC", help="what new results were measured on")
    arguments = parser.parse_args()
    for name in arguments.recipes:
        results = update(RECIPES / name, ROOT, arguments.hardware)
        print(f"{name}: {len(results)} of {len(read_rows(RECIPES / name))} results are in its README.md")


def update(recipe: Path, root: Path, hardware: str) -> list[Result]:
    """Gather what a recipe's commands have given, and put it into its README.

    Args:
        recipe: Its folder.
        root: What the paths in commands are relative to.
        hardware: What results that are new were measured on.
    """
    rows = read_rows(recipe)
    file = recipe / RESULTS_FILE
    known = [Result(**one) for one in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []
    results = [one for row in rows if (one := _latest(row, known, root, hardware)) is not None]
    with replacing(file) as partial:
        partial.write_text(json.dumps([asdict(one) for one in results], indent=1) + "\n", encoding="utf-8")
    put_table(recipe / "README.md", table(rows, results))
    return results


def _latest(row: Row, known: Sequence[Result], root: Path, hardware: str) -> Result | None:
    now = read_result(row, root, hardware)
    before = next((one for one in known if (one.command, one.settings) == (row.command, row.digest(root))), None)
    # The same figures, gathered once more, were measured where they were measured then.
    return before if now is None or (before is not None and before.values == now.values) else now


def read_rows(recipe: Path) -> tuple[Row, ...]:
    """The lines that a recipe's table has."""
    return config_from_dict(Rows, read_toml(recipe / ROWS_FILE)).rows


def read_result(row: Row, root: Path, hardware: str) -> Result | None:
    """What a command has written with the settings of now; None for nothing yet.

    Of a cross-validation those folds that are finished.
    """
    settings, folder = row.settings(root), root / row.folder
    files = [folder / EVALUATION_FILE, *folder.glob(f"{FOLD_PREFIX}*/{EVALUATION_FILE}")]
    files = [file for file in files if file.is_file() and _asked_for(file.parent) == _decisive(settings)]
    values = {}
    for file in sorted(files, key=_by_number):
        evaluation = json.loads(file.read_text(encoding="utf-8"))
        quality = next(name for name in QUALITIES if evaluation[name] is not None)
        values[_fold(file)] = evaluation[quality]
    if not values:
        return None
    last = max(file.stat().st_mtime for file in files)
    return Result(
        command=row.command,
        quality=quality,
        values=values,
        is_complete="" in values or (folder / RESULT_FILE).is_file(),
        seed=settings.seed,
        date=datetime.fromtimestamp(last, UTC).date().isoformat(),
        hardware=hardware,
        settings=row.digest(root),
    )


def _asked_for(run: Path) -> dict[str, Any]:
    """The settings of a run, but for the fold that it was tested with."""
    settings: dict[str, Any] = json.loads((run / SETTINGS_FILE).read_text(encoding="utf-8"))
    settings["data"]["test_fold"] = ""
    return settings


def _decisive(settings: RunSettings) -> dict[str, Any]:
    """The same of settings."""
    data = replace(settings.data, test_fold="")
    return config_to_dict(replace(settings, data=data, train=settings.train.that_decides))


def table(rows: Sequence[Row], results: Sequence[Result]) -> str:
    """A line for every command, also for those that were not run yet."""
    of_command = {one.command: one for one in results}
    qualities = dict.fromkeys(QUALITIES[one.quality] for one in results)
    columns = [*COLUMNS]
    columns[2] = " or ".join(qualities) or "result"
    lines = [columns, ["---"] * len(columns)]
    for row in rows:
        result = of_command.get(row.command)
        cells = ["not run", "", "", "", ""] if result is None else _cells(result)
        lines.append([row.what, row.tested_with, *cells, f"`{row.command}`"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(result: Result) -> list[str]:
    values = list(result.values.values())
    mean = f"{statistics.mean(values):.3f}"
    if len(values) > 1:
        mean += f" ± {statistics.stdev(values):.3f}"
    if not result.is_complete:
        mean = f"unfinished: {mean}"
    folds = "" if "" in result.values else ", ".join(f"{fold}: {value:.3f}" for fold, value in result.values.items())
    return [mean, folds, str(result.seed), result.date, result.hardware]


def put_table(readme: Path, text: str) -> None:
    """Replace the table between the marks of a README."""
    before = readme.read_text(encoding="utf-8")
    marked = f"<!-- table -->\n{text}\n<!-- end -->"
    after, n = re.subn(r"<!-- table -->.*?<!-- end -->", lambda _: marked, before, count=1, flags=re.DOTALL)
    if not n:
        raise SystemExit(f"{readme} has no '<!-- table -->' ... '<!-- end -->' to put the table between; add both")
    with replacing(readme) as partial:
        partial.write_text(after, encoding="utf-8")


def _fold(evaluation: Path) -> str:
    """Which fold an evaluation is of; "" for that of one run."""
    name = evaluation.parent.name
    return name.removeprefix(FOLD_PREFIX) if name.startswith(FOLD_PREFIX) else ""


def _by_number(evaluation: Path) -> tuple[bool, str]:
    """Fold 10 comes after fold 2."""
    fold = _fold(evaluation)
    return not fold.isdigit(), fold.zfill(9)


if __name__ == "__main__":
    main()
