"""Tables of docs/results.md: the results of all recipes, and their comparison with published figures.

python -m recipes.common.results_page

`recipes/common/claims.toml` lists the published figures. Our figures come from the result files of the recipes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from panns.config import config_from_dict, read_toml
from recipes.common.paths import RECIPES, ROOT
from recipes.common.results_table import RESULTS_FILE, format_mean, read_results, render_table, replace_table
from recipes.common.runs import ROWS_FILE, read_rows

PAGE = ROOT / "docs" / "results.md"
CLAIMS_FILE = Path(__file__).with_name("claims.toml")


@dataclass(frozen=True)
class Claim:
    """Row of the comparison: a published figure, and ours.

    Attributes:
        what: Task and measure.
        claimed: Published figure; empty if none is known.
        by: Source of the published figure.
        recipe: Recipe of our figure; empty if it was not measured.
        command: Command of our figure in the recipe's table.
        key: Place of our figure in `file`, with dots, for figures outside the table.
        file: Result file in the recipe's folder.
        how: Command that measures our figure, for figures outside the table.
        note: Conditions of the figure, or the reason why it is missing.
    """

    what: str
    claimed: str = ""
    by: str = ""
    recipe: str = ""
    command: str = ""
    key: str = ""
    file: str = RESULTS_FILE
    how: str = ""
    note: str = ""


@dataclass(frozen=True)
class Claims:
    """All rows of the comparison."""

    claims: tuple[Claim, ...]


def main() -> None:
    """Write both tables of the page."""
    replace_table(PAGE, render_results(), mark="figures")
    replace_table(PAGE, render_comparison(read_claims()), mark="claims")


def read_claims() -> tuple[Claim, ...]:
    """Read `recipes/common/claims.toml`."""
    return config_from_dict(Claims, read_toml(CLAIMS_FILE)).claims


def render_results() -> str:
    """Render the results tables of all recipes."""
    parts = []
    for file in sorted(RECIPES.glob(f"*/{ROWS_FILE}")):
        recipe = file.parent
        parts += [
            f"### [{recipe.name}](../recipes/{recipe.name}/README.md)",
            render_table(read_rows(recipe), read_results(recipe)),
        ]
    return "\n\n".join(["", *parts, ""])


def render_comparison(claims: Sequence[Claim]) -> str:
    """Render the comparison with published figures."""
    lines = ["| task and measure | published | measured here | recipe | notes |", "|---|---|---|---|---|"]
    for claim in claims:
        claimed = f"{claim.claimed}, {claim.by}" if claim.claimed else ""
        where = f"[{claim.recipe}](../recipes/{claim.recipe}/README.md)" if claim.recipe else ""
        how = f", `{claim.how}`" if claim.how else ""
        lines.append(f"| {claim.what} | {claimed} | {read_figure(claim)} | {where}{how} | {claim.note} |")
    return "\n".join(lines)


def read_figure(claim: Claim) -> str:
    """Read our figure of a claim, with its standard deviation if it is a mean."""
    if not claim.recipe:
        return "not measured"
    if claim.key:
        file = RECIPES / claim.recipe / claim.file
        if not file.is_file():
            return "not run"
        value: Any = json.loads(file.read_text(encoding="utf-8"))
        for part in claim.key.split("."):
            value = value[part]
        return format_mean(value if isinstance(value, list) else [value])
    result = next((one for one in read_results(RECIPES / claim.recipe) if one.command == claim.command), None)
    if result is None:
        return "not run"
    figure = format_mean([*result.values.values()])
    return figure if result.is_complete else f"{figure} ({', '.join(f'fold {fold}' for fold in result.values)} alone)"


if __name__ == "__main__":
    main()
