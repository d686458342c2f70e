"""Put the measured tables into the pages that show them: `python -m benchmarks.render`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, Timing

ROOT = Path(__file__).parent.parent
PAGES = ("README.md", "README.zh.md", "benchmarks/README.md", "docs/choosing.md", "docs/training.md")


def main() -> None:
    """Render every `<!-- table: NAME -->` ... `<!-- end -->`."""
    for page in (ROOT / name for name in PAGES):
        text = page.read_text(encoding="utf-8")
        page.write_text(
            re.sub(r"<!-- table: (\w+) -->.*?<!-- end -->", _table, text, flags=re.DOTALL), encoding="utf-8"
        )


def _table(match: re.Match[str]) -> str:
    name = match[1]
    record = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    columns = list(record["rows"][0])
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    lines += [f"| {' | '.join(_cell(row[column]) for column in columns)} |" for row in record["rows"]]
    machine = record["machine"]
    versions = ", ".join(f"{package} {version}" for package, version in machine["versions"].items())
    caption = f"{record['title']}. {machine['processor']}, Python {machine['python']}, {versions}; {machine['date']}."
    if record["notes"]:
        caption += f" {record['notes'][0].upper()}{record['notes'][1:]}."
    return "\n".join([f"<!-- table: {name} -->", *lines, "", caption, "<!-- end -->"])


def _cell(value: Any) -> str:  # noqa: ANN401 - a cell of JSON
    return str(Timing(**value)) if isinstance(value, dict) else str(value)


if __name__ == "__main__":
    main()
