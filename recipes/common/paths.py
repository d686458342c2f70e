"""Default folders of recipes: data, weights and runs."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPES = ROOT / "recipes"
REFERENCE_DATA = ROOT.parent / "shared" / "data"
RUNS = ROOT / "runs"
