"""Every figure of the recipes on one page, docs/results.md, beside what others claim.

python -m recipes.common.page

`recipes/common/claims.toml` lists the claims. What was measured is read from the results of the recipes: no figure of
ours is typed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from panns.config import config_from_dict, read_toml
from recipes.common.paths import ROOT
from recipes.common.results import ROWS_FILE, read_rows
from recipes.common.table import RESULTS_FILE, mean_text, put_table, read_results, table

RECIPES = ROOT / "recipes"
PAGE = ROOT / "docs" / "results.md"
CLAIMS_FILE = Path(__file__).with_name("claims.toml")


@dataclass(frozen=True)
class Claim:
    """What somebody says can be reached, and what was measured here.

    Attributes:
        what: Is measured.
        claimed: By others; empty where nobody is known to.
        by: Who.
        recipe: Whose result it is; empty where nothing was measured.
        command: Of that result in the recipe's table.
        key: For results that no command of a table has: where the figure is in `file`, with dots.
        file: In the folder of the recipe.
        how: To measure it again, where no command of a table does.
        note: What must be known beside the figure, or why there is none.
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
    """All lines of the table."""

    claims: tuple[Claim, ...]


def main() -> None:
    """Write the page's tables."""
    put_table(PAGE, figures(), mark="figures")
    put_table(PAGE, compared(read_claims()), mark="claims")


def read_claims() -> tuple[Claim, ...]:
    """What `recipes/common/claims.toml` lists."""
    return config_from_dict(Claims, read_toml(CLAIMS_FILE)).claims


def figures() -> str:
    """The tables of all recipes that are made of commands."""
    parts = []
    for file in sorted(RECIPES.glob(f"*/{ROWS_FILE}")):
        recipe = file.parent
        parts += [
            f"### [{recipe.name}](../recipes/{recipe.name}/README.md)",
            table(read_rows(recipe), read_results(recipe)),
        ]
    return "\n\n".join(["", *parts, ""])


def compared(claims: Sequence[Claim]) -> str:
    """What is claimed, what was measured here, and how to measure it again."""
    lines = ["| what | claimed by others | measured here | with | |", "|---|---|---|---|---|"]
    for claim in claims:
        claimed = f"{claim.claimed}, {claim.by}" if claim.claimed else ""
        where = f"[{claim.recipe}](../recipes/{claim.recipe}/README.md)" if claim.recipe else ""
        how = f", `{claim.how}`" if claim.how else ""
        lines.append(f"| {claim.what} | {claimed} | {measured(claim)} | {where}{how} | {claim.note} |")
    return "\n".join(lines)


def measured(claim: Claim) -> str:
    """The figure, with its deviation where it is a mean."""
    if not claim.recipe:
        return "not measured"
    if claim.key:
        file = RECIPES / claim.recipe / claim.file
        if not file.is_file():
            return "not run"
        value: Any = json.loads(file.read_text(encoding="utf-8"))
        for part in claim.key.split("."):
            value = value[part]
        return mean_text(value if isinstance(value, list) else [value])
    result = next((one for one in read_results(RECIPES / claim.recipe) if one.command == claim.command), None)
    if result is None:
        return "not run"
    figure = mean_text([*result.values.values()])
    return figure if result.is_complete else f"{figure} ({', '.join(f'fold {fold}' for fold in result.values)} alone)"


if __name__ == "__main__":
    main()
