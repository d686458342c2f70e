"""Write the trained network into the package: `model.json`, `model.onnx` and `model.safetensors`, at most 4.2 MB.

python -m recipes.builtin.ship [--out runs/builtin]
python -m recipes.builtin.ship --metrics    # after evaluate: only write its metrics into model.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from panns.checkpoints.manifest import Metric
from panns.data.clip_lists import read_clip_list
from recipes.builtin.prepare import MANIFEST_FILE as CLIPS_FILE
from recipes.builtin.settings import HERE, ROOT, read_settings
from recipes.builtin.train import NETWORK_FILE
from recipes.common.bundled_models import add_metrics, write_bundled_model

RESULTS_FILE = "results.json"
PROTOCOLS = {
    "top1_fold5": "label-mapped top-1 on {dataset}, fold 5, held out; its classes were trained on, so not zero-shot",
    "linear_probe_esc50_fold5": "logistic regression on the standardised embedding of the esc50 clips that share no "
    "source with fold 5; accuracy on fold 5",
}
TRAINING_DATA = (
    "ESC-50 (Piczak 2015), folds 1 to 4, only clips that are themselves CC0 or CC BY 3.0, and 7 minutes of meeting "
    "speech of pyannote.audio's test data (MIT); every clip is attributed in ATTRIBUTION.csv beside this file. "
    "Labels: the clips' own, and the guesses of mn04_as (MIT), which was trained on AudioSet"
)


def main() -> None:
    """Write the model or its metrics."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "builtin")
    parser.add_argument("--metrics", action="store_true", help="only write the figures of results.json into model.json")
    arguments = parser.parse_args()
    if arguments.metrics:
        results = json.loads((HERE / RESULTS_FILE).read_text(encoding="utf-8"))
        add_metrics(read_settings().architecture, list_metrics(results))
        return
    settings = read_settings()
    write_bundled_model(
        settings.architecture,
        arguments.out / NETWORK_FILE,
        training_data=TRAINING_DATA,
        clips=read_clip_list(arguments.out / CLIPS_FILE).clips,
    )


def list_metrics(results: dict[str, Any]) -> tuple[Metric, ...]:
    """Metrics of the held-out fold from `results.json`, with their protocols."""
    top1 = [
        Metric(f"top1_{dataset}_fold5", value, PROTOCOLS["top1_fold5"].format(dataset=dataset))
        for dataset, value in results["top1_fold5"]["builtin"].items()
    ]
    probe = "linear_probe_esc50_fold5"
    return (*top1, Metric(probe, results[probe]["builtin"], PROTOCOLS[probe]))


if __name__ == "__main__":
    main()
