"""Where recipes find data and write to, unless they are told otherwise."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFERENCE_DATA = ROOT.parent / "shared" / "data"
REFERENCE_WEIGHTS = ROOT.parent / "shared" / "weights"
RUNS = ROOT / "runs"
