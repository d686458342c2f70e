"""Write the trained network into the package, then its metrics.

python -m recipes.stream.ship [--out runs/stream]
python -m recipes.stream.ship --metrics    # after evaluate: only write its metrics into model.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from panns.checkpoints.manifest import Metric
from panns.data.clip_lists import read_clip_list
from recipes.common.bundled_models import add_metrics, write_bundled_model
from recipes.common.paths import ROOT
from recipes.stream.prepare import MANIFEST_FILE as CLIPS_FILE
from recipes.stream.settings import HERE, read_settings
from recipes.stream.train import NETWORK_FILE

RESULTS_FILE = "results.json"
TRAINING_DATA = (
    "Soundscapes mixed from ESC-50 (Piczak 2015), folds 1 to 4, only clips that are themselves CC0 or CC BY 3.0, and "
    "of 7 minutes of meeting speech of pyannote.audio's test data (MIT), with made noise behind; every clip is "
    "attributed in ATTRIBUTION.csv beside this file. Labels: the clips' own where they sound, and what mn04_as (MIT), "
    "which was trained on AudioSet, says of windows of a second of them"
)


def main() -> None:
    """Write the model or its metrics."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "stream")
    parser.add_argument("--metrics", action="store_true", help="only write the figures of results.json into model.json")
    arguments = parser.parse_args()
    settings = read_settings()
    if arguments.metrics:
        results = json.loads((HERE / RESULTS_FILE).read_text(encoding="utf-8"))
        add_metrics(settings.architecture, list_metrics(results))
        return
    write_bundled_model(
        settings.architecture,
        arguments.out / NETWORK_FILE,
        training_data=TRAINING_DATA,
        clips=read_clip_list(arguments.out / CLIPS_FILE).clips,
    )


def list_metrics(results: dict[str, Any]) -> tuple[Metric, ...]:
    """Metrics of the streaming model from `results.json`, with their protocols."""
    stream, shipped = results["systems"]["stream"], results["systems"]["stream-shipped"]
    data = f"{stream['hours']:.2f} h of soundscapes mixed from ESC-50's fold 5, held out"
    how = f"{data}; thresholds and filter chosen on soundscapes of folds 1 to 4"
    collars = "collars of 0.2 s, offsets a fifth of longer events"
    return (
        Metric("event_f1_macro", stream["f1_macro"], f"{how}; {collars}"),
        Metric("event_f1_macro_as_shipped", shipped["f1_macro"], f"{data}; as it ships; {collars}"),
        Metric("psds1", stream["psds1"], f"{how}; DCASE's first scenario"),
    )


if __name__ == "__main__":
    main()
