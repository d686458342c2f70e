"""Results tables in the README pages of recipes, made from finished runs.

python -m recipes.common.results_table esc50 [...] [--hardware "one thread of an AMD EPYC"]

`table.toml` of a recipe lists the training commands, one for each row. This command collects their results into
`results.json` beside it and writes the table. A command without a run on this machine keeps its stored result while the
settings are unchanged, and the clips too if they are prepared here. The same holds for every fold of an unfinished
cross-validation.
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
from panns.training.cross_validation import fold_names
from recipes.common.paths import RECIPES, ROOT
from recipes.common.runs import QUALITIES, Result, Row, clips_digest, read_result, read_rows

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

BEST = COLUMNS.index("best step of each fold (biased, for comparison)")  # omitted if no run has `test_steps`


def main() -> None:
    """Collect the results of recipes and write their tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="+", metavar="NAME", help="a folder in recipes/ with a table.toml")
    parser.add_argument("--hardware", help="hardware of new results (default: the processor of this machine)")
    arguments = parser.parse_args()
    for name in arguments.recipes:
        results = update(RECIPES / name, ROOT, arguments.hardware or str(machine()["processor"]))
        print(f"{name}: {len(results)} of {len(read_rows(RECIPES / name))} results in its README.md")


def update(recipe: Path, root: Path, hardware: str) -> list[Result]:
    """Collect the results of a recipe's commands and write its table.

    Args:
        recipe: Folder of the recipe.
        root: Folder to which paths in commands are relative.
        hardware: Hardware of new results.
    """
    rows = read_rows(recipe)
    file = recipe / RESULTS_FILE
    known = read_results(recipe)
    results = [one for row in rows if (one := _latest(row, known, root, hardware)) is not None]
    with replacing(file) as partial:
        partial.write_text(json.dumps([asdict(one) for one in results], indent=1) + "\n", encoding="utf-8")
    replace_table(recipe / "README.md", render_table(rows, results))
    return results


def read_results(recipe: Path) -> list[Result]:
    """Read the stored results of a recipe."""
    file = recipe / RESULTS_FILE
    return [Result(**one) for one in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []


def _latest(row: Row, known: Sequence[Result], root: Path, hardware: str) -> Result | None:
    now = read_result(row, root, hardware)
    before = next((one for one in known if one.command == row.command and _is_current(one, row, root)), None)
    if now is None or before is None:
        return now or before
    # Equal values come from the same runs, so the stored date and hardware are right.
    if before.values == now.values:
        return replace(before, best=now.best or before.best)
    if now.is_complete or "" in now.values:
        return now
    # Folds may run one by one and on other machines; a complete result stays until the new one is complete.
    return before if before.is_complete else _merge_folds(before, now, fold_names(row.clips(root)))


def _merge_folds(before: Result, now: Result, folds: Sequence[str]) -> Result:
    """Merge the folds of two results; new folds replace old ones."""
    values, best = {**before.values, **now.values}, {**before.best, **now.best}
    return replace(
        now,
        values={fold: values[fold] for fold in folds if fold in values},
        best={fold: best[fold] for fold in folds if fold in best},
        is_complete=values.keys() == set(folds),
        hardware=" and ".join(dict.fromkeys((*before.hardware.split(" and "), now.hardware))),
    )


def _is_current(result: Result, row: Row, root: Path) -> bool:
    """True if a result has the present settings, and the present clips if they are prepared here."""
    clips = row.clips(root)
    return result.settings == row.settings_digest(root) and (not clips or result.clips == clips_digest(clips))


def render_table(rows: Sequence[Row], results: Sequence[Result]) -> str:
    """Render the table, with one row for every command."""
    result_of_command = {one.command: one for one in results}
    qualities = dict.fromkeys(QUALITIES[one.quality] for one in results)
    columns = [*COLUMNS, "command"]
    columns[2] = " or ".join(qualities) or "result"
    lines = [columns, ["---"] * len(columns)]
    for row in rows:
        result = result_of_command.get(row.command)
        cells = ["not run", *[""] * (len(COLUMNS) - 3)] if result is None else _cells(result)
        lines.append([row.what, row.tested_with, *cells, f"`{row.command}`"])
    if not any(result.best for result in results):
        lines = [[cell for place, cell in enumerate(line) if place != BEST] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(result: Result) -> list[str]:
    mean = format_mean([*result.values.values()])
    best = format_mean([*result.best.values()]) if result.best.keys() == result.values.keys() else ""
    if not result.is_complete:
        mean = f"unfinished: {mean}"
    folds = "" if "" in result.values else ", ".join(f"{fold}: {value:.3f}" for fold, value in result.values.items())
    return [mean, folds, best, str(result.seed), result.date, result.hardware]


def format_mean(values: Sequence[float]) -> str:
    """Format the mean of values, with their sample standard deviation if there are several."""
    deviation = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.3f}{deviation}"


def replace_table(page: Path, text: str, *, mark: str = "table") -> None:
    """Replace the table between two marks of a page; a page with several tables has a mark for each."""
    before = page.read_text(encoding="utf-8")
    marked = f"<!-- {mark} -->\n{text}\n<!-- end -->"
    after, n = re.subn(rf"<!-- {mark} -->.*?<!-- end -->", lambda _: marked, before, count=1, flags=re.DOTALL)
    if not n:
        raise SystemExit(f"{page} lacks '<!-- {mark} -->' ... '<!-- end -->' around the table; add both")
    with replacing(page) as partial:
        partial.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main()
