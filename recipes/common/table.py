"""What runs of a recipe have given, as the table of its README, so that no figure is typed.

python -m recipes.common.table esc50 [...] [--hardware "one thread of an AMD EPYC"]

`table.toml` of a recipe names the commands that the table is of. What lies where they write to is gathered into
`results.json` beside it, and both make the table. A command that was not run here keeps its earlier result, as long as
the settings are the same, and the clips where they are listed here; so does every fold of one that is not whole.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.measure import machine
from panns.system.files import replacing
from panns.training.cross_validation import folds_of
from recipes.common.paths import ROOT
from recipes.common.results import QUALITIES, Result, Row, clips_digest, read_result, read_rows

RECIPES = Path(__file__).parent
RESULTS_FILE = "results.json"
COLUMNS = (
    "",
    "tested with",
    "",
    "by fold",
    "best step of each fold (biased, for comparison)",
    "seed",
    "date",
    "hardware",
)


BEST = COLUMNS.index("best step of each fold (biased, for comparison)")  # left out where no run was watched


def main() -> None:
    """Gather the results of recipes and render their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+", metavar="NAME", help="a folder in recipes/ with a table.toml")
    parser.add_argument(
        "--hardware", help="what new results were measured on; by default the processor of this machine"
    )
    arguments = parser.parse_args()
    for name in arguments.recipes:
        results = update(RECIPES / name, ROOT, arguments.hardware or str(machine()["processor"]))
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
    known = read_results(recipe)
    results = [one for row in rows if (one := _latest(row, known, root, hardware)) is not None]
    with replacing(file) as partial:
        partial.write_text(json.dumps([asdict(one) for one in results], indent=1) + "\n", encoding="utf-8")
    put_table(recipe / "README.md", table(rows, results))
    return results


def read_results(recipe: Path) -> list[Result]:
    """What a recipe has gathered so far."""
    file = recipe / RESULTS_FILE
    return [Result(**one) for one in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []


def _latest(row: Row, known: Sequence[Result], root: Path, hardware: str) -> Result | None:
    now = read_result(row, root, hardware)
    before = next((one for one in known if one.command == row.command and _holds(one, row, root)), None)
    if now is None or before is None:
        return now or before
    # The same figures, gathered once more, were measured where they were measured then.
    if before.values == now.values:
        return replace(before, best=now.best or before.best)
    if now.is_complete or "" in now.values:
        return now
    # Folds may be run one by one, and elsewhere; what is whole stays until it is whole again.
    return before if before.is_complete else _joined(before, now, folds_of(row.clips(root)))


def _joined(before: Result, now: Result, folds: Sequence[str]) -> Result:
    """The folds of both, those of now where both have one."""
    values, best = {**before.values, **now.values}, {**before.best, **now.best}
    return replace(
        now,
        values={fold: values[fold] for fold in folds if fold in values},
        best={fold: best[fold] for fold in folds if fold in best},
        is_complete=values.keys() == set(folds),
        hardware=" and ".join(dict.fromkeys((*before.hardware.split(" and "), now.hardware))),
    )


def _holds(result: Result, row: Row, root: Path) -> bool:
    """Whether a result is of the settings of now, and of the clips, as far as these are listed here."""
    clips = row.clips(root)
    return result.settings == row.settings_digest(root) and (not clips or result.clips == clips_digest(clips))


def table(rows: Sequence[Row], results: Sequence[Result]) -> str:
    """A line for every command, also for those that were not run yet."""
    of_command = {one.command: one for one in results}
    qualities = dict.fromkeys(QUALITIES[one.quality] for one in results)
    columns = [*COLUMNS, "command"]
    columns[2] = " or ".join(qualities) or "result"
    lines = [columns, ["---"] * len(columns)]
    for row in rows:
        result = of_command.get(row.command)
        cells = ["not run", *[""] * (len(COLUMNS) - 3)] if result is None else _cells(result)
        lines.append([row.what, row.tested_with, *cells, f"`{row.command}`"])
    if not any(result.best for result in results):
        lines = [[cell for place, cell in enumerate(line) if place != BEST] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(result: Result) -> list[str]:
    mean = mean_text([*result.values.values()])
    best = mean_text([*result.best.values()]) if result.best.keys() == result.values.keys() else ""
    if not result.is_complete:
        mean = f"unfinished: {mean}"
    folds = "" if "" in result.values else ", ".join(f"{fold}: {value:.3f}" for fold, value in result.values.items())
    return [mean, folds, best, str(result.seed), result.date, result.hardware]


def mean_text(values: Sequence[float]) -> str:
    """A mean, with the deviation of a sample where there are several values."""
    deviation = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{deviation}"


def put_table(readme: Path, text: str, *, mark: str = "table") -> None:
    """Replace the table between the marks of a README, of which several tables have one each."""
    before = readme.read_text(encoding="utf-8")
    marked = f"<!-- {mark} -->\n{text}\n<!-- end -->"
    after, n = re.subn(rf"<!-- {mark} -->.*?<!-- end -->", lambda _: marked, before, count=1, flags=re.DOTALL)
    if not n:
        raise SystemExit(f"{readme} has no '<!-- {mark} -->' ... '<!-- end -->' to put the table between; add both")
    with replacing(readme) as partial:
        partial.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
