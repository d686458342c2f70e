"""Result tables of the README and the model card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scipy.stats import beta, chi2

from recipes.common.results_table import replace_table

SHIPPED_RATES = ("1/h", "10/h")  # the default first


def write_tables(pages: Sequence[Path], results: Sequence[dict[str, Any]]) -> None:
    """Write the tables into pages."""
    for page in pages:
        replace_table(page, soundscape_table(results), mark="soundscapes")
        replace_table(page, security_table(results), mark="security")


def soundscape_table(results: Sequence[dict[str, Any]]) -> str:
    """Render the table of systems."""
    columns = "F1, mean over categories", "F1, all events", "precision, recall", "false alarms per hour", "PSDS1"
    lines = [f"|  | {' | '.join(columns)} | filter, minimum gap |", "|---|---|---|---|---|---|---|"]
    for one in results:
        cells = [
            one["what"],
            f"{one['f1_macro']:.3f}",
            f"{one['f1_micro']:.3f}",
            f"{one['precision_micro']:.3f}, {one['recall_micro']:.3f}",
            f"{one['false_alarms_per_hour']:.0f}",
        ]
        if chosen := one.get("chosen"):
            cells += [
                f"{one['psds1']:.3f} ({one['psds1_class_mean']:.3f})",
                f"{chosen['median_s']:g} s, {chosen['min_gap_s']:g} s",
            ]
        else:
            cells += ["", "default"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def security_table(results: Sequence[dict[str, Any]]) -> str:
    """Render the table of security sounds for the shipped streaming model, with 95 % intervals."""
    columns = "sound", "events", "thresholds", "found", "false alarms per hour"
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    rates = [(rate, one["security"]) for one in results for rate in SHIPPED_RATES if one["name"] == f"stream-{rate}"]
    for row in zip(*(sounds for _, sounds in rates), strict=True):
        for (rate, _), one in zip(rates, row, strict=True):
            low, high = share_interval(one["n_found"], one["n_events"])
            fewest, most = rate_interval(one["n_false"], one["hours"])
            lines.append(
                f"| {one['name']} | {one['n_events']} | {rate} | "
                f"{one['n_found'] / one['n_events']:.2f} ({low:.2f} to {high:.2f}) | "
                f"{one['n_false'] / one['hours']:.1f} ({fewest:.1f} to {most:.1f}) |"
            )
    return "\n".join(lines)


def share_interval(n_found: int, n_all: int) -> tuple[float, float]:
    """95 % interval of a share (Clopper and Pearson 1934)."""
    low = float(beta.ppf(0.025, n_found, n_all - n_found + 1)) if n_found else 0.0
    high = float(beta.ppf(0.975, n_found + 1, n_all - n_found)) if n_found < n_all else 1.0
    return low, high


def rate_interval(n_seen: int, hours: float) -> tuple[float, float]:
    """95 % interval of a rate of independent events (Garwood 1936)."""
    low = float(chi2.ppf(0.025, 2 * n_seen)) / 2 if n_seen else 0.0
    return low / hours, float(chi2.ppf(0.975, 2 * n_seen + 2)) / 2 / hours
