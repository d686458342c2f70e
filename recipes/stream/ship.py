"""Write the trained network into the package, then its metrics.

python -m recipes.stream.ship [--out runs/stream]
python -m recipes.stream.ship --metrics    # after evaluate: only write its metrics into model.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch

from panns.checkpoints.manifest import Metric
from panns.data.clip_lists import read_clip_list
from panns.networks.build import build_network
from recipes.builtin.prepare import CLIPS_FILE
from recipes.common.bundled_models import add_metrics, write_bundled_model
from recipes.common.paths import ROOT
from recipes.stream.settings import HERE, read_settings
from recipes.stream.train import NETWORK_FILE

RESULTS_FILE = "results.json"
TRAINING_DATA = (
    "Soundscapes over synthetic noise, mixed from the clips of the model builtin: ESC-50 (Piczak 2015), folds 1 to 4, "
    "speech, music, instruments, ambience and effects under CC0, CC BY and other free licences, and synthetic sounds; "
    "every clip is attributed in ATTRIBUTION.csv beside this file. Labels: the clips' own where they sound, and the "
    "scores of mn04_as (MIT), which was trained on AudioSet, for windows of a second"
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
    network = build_network(settings.architecture)
    network.load_state_dict(torch.load(arguments.out / NETWORK_FILE, weights_only=True))
    write_bundled_model(
        network,
        settings.architecture,
        training_data=TRAINING_DATA,
        clips=read_clip_list(arguments.out / CLIPS_FILE).clips,
    )


def list_metrics(results: dict[str, Any]) -> tuple[Metric, ...]:
    """Metrics of the streaming model from `results.json`, with their protocols."""
    stream, shipped = results["systems"]["stream"], results["systems"]["stream-1/h"]
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
