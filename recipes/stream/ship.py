"""Put the trained network into the package, then what was chosen for it and measured with it.

python -m recipes.stream.ship [--out runs/stream]
python -m recipes.stream.ship --metrics    # after evaluate: only writes what it measured into model.json
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
    """Ship, or add what was measured."""
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
    """What `evaluate` measured of the streaming model, each figure with how."""
    stream, shipped = results["systems"]["stream"], results["systems"]["stream-shipped"]
    heard = f"{stream['hours']:.2f} h of soundscapes mixed from ESC-50's fold 5, held out"
    how = f"{heard}; thresholds and filter chosen on soundscapes of folds 1 to 4"
    collars = "collars of 0.2 s, offsets a fifth of longer events"
    return (
        Metric("event_f1_macro", stream["f1_macro"], f"{how}; {collars}"),
        Metric("event_f1_macro_as_shipped", shipped["f1_macro"], f"{heard}; as it ships; {collars}"),
        Metric("psds1", stream["psds1"], f"{how}; DCASE's first scenario"),
    )


if __name__ == "__main__":
    main()
