"""Put the measured tables into the pages that show them: `python -m benchmarks.render`.

A page marks the place of a table, and may pick rows (by their first cell) and columns of it:

    <!-- table: models -->
    <!-- end -->
    <!-- table: models; rows: builtin, cnn14; columns: model | mAP -->
    <!-- end -->

`; language: zh` at the end of a mark with columns gives Chinese headings and a Chinese note.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, Timing

ROOT = Path(__file__).parent.parent
TABLE = re.compile(
    r"<!-- table: (?P<name>\w+)(?:; rows: (?P<rows>[^;>]+))?(?:; columns: (?P<columns>[^;>]+?))?"
    r"(?:; language: (?P<language>zh))? -->.*?<!-- end -->",
    re.DOTALL,
)
CHINESE_HEADINGS = {
    "model": "模型",
    "parameters, M": "参数（百万）",
    "file, MB": "文件（MB）",
    "rate, kHz": "采样率（kHz）",
    "frames": "帧",
    "mAP": "mAP",
    "CPU-ms": "CPU-ms",
}


def main() -> None:
    """Render the tables of every page that marks places for them."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        page.write_text(TABLE.sub(rendered, text), encoding="utf-8")


def pages() -> list[Path]:
    """The pages that mark places for tables."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]
    return sorted(page for page in found if "<!-- table: " in page.read_text(encoding="utf-8"))


def rendered(mark: re.Match[str]) -> str:
    """The table for a mark, between the mark and its end."""
    record = json.loads((RESULTS / f"{mark['name']}.json").read_text(encoding="utf-8"))
    rows, columns = record["rows"], list(record["rows"][0])
    if mark["columns"]:
        columns = [name.strip() for name in mark["columns"].split("|")]
    if mark["rows"]:
        by_name = {next(iter(row.values())): row for row in rows}
        rows = [by_name[name.strip()] for name in mark["rows"].split(",")]
    headings = [CHINESE_HEADINGS[name] for name in columns] if mark["language"] else columns
    lines = [f"| {' | '.join(headings)} |", "|" + "---|" * len(columns)]
    lines += [f"| {' | '.join(_cell(row[column]) for column in columns)} |" for row in rows]
    shown = record | {"notes": _notes_of(record, rows)}
    return "\n".join([mark[0].partition("-->")[0] + "-->", *lines, "", *_caption(shown, mark), "<!-- end -->"])


def _notes_of(record: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """Notes of a table that concern all models or one of its rows."""
    every, shown = ({next(iter(row.values())) for row in some} for some in (record["rows"], rows))
    notes = record["notes"].split("; ")
    return "; ".join(note for note in notes if note.partition(": ")[0] not in every - shown)


def _caption(record: dict[str, Any], mark: re.Match[str]) -> list[str]:
    """Title, machine and notes of a whole table; a selection has no title and versions."""
    machine = record["machine"]
    if mark["language"]:
        measured = f"测量于 {machine['processor']}，Python {machine['python']}，{machine['date']}"
        notes = re.sub(r"(\w+): measured on ([\d-]+)", r"\1 测量于 \2", record["notes"]).replace("; ", "；")
        return [f"{measured}；{notes}。" if notes else f"{measured}。", ""]
    if mark["columns"]:
        measured = f"Measured on {machine['processor']}, Python {machine['python']}, {machine['date']}"
        return [f"{measured}; {record['notes']}." if record["notes"] else f"{measured}.", ""]
    versions = ", ".join(f"{package} {version}" for package, version in machine["versions"].items())
    caption = f"{record['title']}. {machine['processor']}, Python {machine['python']}, {versions}; {machine['date']}."
    if record["notes"]:
        caption += f" {record['notes'][0].upper()}{record['notes'][1:]}."
    return [caption]


def _cell(value: Any) -> str:  # noqa: ANN401 - a cell of JSON
    return str(Timing(**value)) if isinstance(value, dict) else str(value)


if __name__ == "__main__":
    main()
