"""Write the trained network into the package: `model.json` and `model.safetensors`, at most 4.2 MB.

python -m recipes.builtin.ship [--out runs/builtin] [--to FOLDER] [--calibration runs/builtin/calibration.json]
python -m recipes.builtin.ship --metrics    # after evaluate: only write its figures into model.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from panns.checkpoints.manifest import Metric
from panns.data.clip_lists import read_clip_list
from panns.networks.build import build_network
from recipes.builtin.calibrate import Calibration, read_calibration
from recipes.builtin.objective import NETWORK_PREFIX
from recipes.builtin.prepare import CLIPS_FILE
from recipes.builtin.settings import HERE, read_settings
from recipes.builtin.train import NETWORK_FILE, RUN_FOLDER
from recipes.common.bundled_models import add_metrics, write_bundled_model
from recipes.common.paths import RUNS

RESULTS_FILE = "results.json"
TRAINING_DATA = (
    "ESC-50 (Piczak 2015), folds 1 to 4, only clips that are themselves CC0 or CC BY 3.0; 7 minutes of meeting speech "
    "of pyannote.audio's test data (MIT); speech, music, instruments, ambience and effects of public repositories "
    "under free licences; music rendered with the MIT-licensed FluidR3 soundfont, speech of espeak-ng and flite, and "
    "tones, alarms and noise computed by the recipe; every clip is attributed in ATTRIBUTION.csv beside this file. "
    "Labels: the clips' own, and the scores of mn04_as (MIT), which was trained on AudioSet; its parameters were the "
    "initial ones"
)
_OTHERS = "recordings of the same public repositories that no training clip comes from"
PROTOCOLS = {
    "top1_fold5": "label-mapped top-1 on {dataset}, fold 5, held out; its classes were trained on, so not zero-shot",
    "linear_probe_esc50_fold5": "logistic regression on the standardised embedding of the esc50 clips that share no "
    "source with fold 5; accuracy on fold 5",
    "urbansound8k": "label-mapped top-1 on a subset of UrbanSound8K, without recordings of ESC-50",
    "speech_first": f"share of speech clips with Speech as the highest class; {_OTHERS}",
    "music_in_top3": f"share of music clips with Music among the three highest classes; {_OTHERS}",
    "agreement": "mean average precision over the {n_classes} classes that mn04_as scores above 0.3 in at least 5 "
    "test clips, with these clips as the positives",
}


def main() -> None:
    """Round, export, verify and write; or write the metrics."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RUNS / "builtin", help="output folder of the training")
    parser.add_argument("--to", type=Path, help="folder to write (default: that of the package)")
    parser.add_argument("--calibration", type=Path, help="file of calibrate; without it the logits stay as trained")
    parser.add_argument("--metrics", action="store_true", help="only write the figures of results.json into model.json")
    arguments = parser.parse_args()
    architecture = read_settings().architecture
    if arguments.metrics:
        add_metrics(architecture, list_metrics(json.loads((HERE / RESULTS_FILE).read_text(encoding="utf-8"))))
        return
    network = build_network(architecture)
    network.load_state_dict(read_parameters(arguments.out))
    if arguments.calibration is not None:
        calibrate(network, read_calibration(arguments.calibration))
    write_bundled_model(
        network,
        architecture,
        training_data=TRAINING_DATA,
        clips=read_clip_list(arguments.out / CLIPS_FILE).clips,
        folder=arguments.to,
    )


def list_metrics(results: dict[str, Any]) -> tuple[Metric, ...]:
    """Metrics of test recordings from `results.json`, with their protocols."""
    metrics = [
        Metric(f"top1_{dataset}_fold5", value, PROTOCOLS["top1_fold5"].format(dataset=dataset))
        for dataset, value in results["top1_fold5"]["builtin"].items()
    ]
    metrics += [
        Metric(name, results[key]["builtin"], PROTOCOLS[key])
        for name, key in (
            ("linear_probe_esc50_fold5", "linear_probe_esc50_fold5"),
            ("top1_urbansound8k", "urbansound8k"),
            ("music_in_top3", "music_in_top3"),
        )
    ]
    metrics.append(Metric("speech_first", results["speech_first"]["builtin"]["all"], PROTOCOLS["speech_first"]))
    agreement = results["agreement_of_all_test_clips"]
    metrics.append(
        Metric(
            "agreement_with_teacher",
            agreement["mean_ap"]["builtin"],
            PROTOCOLS["agreement"].format(n_classes=agreement["n_classes"]),
        )
    )
    return tuple(metrics)


def calibrate(network: nn.Module, calibration: Calibration) -> None:
    """Apply a calibration to the parameters of the classifier of a network."""
    classifier = network.get_submodule("classifier")
    assert isinstance(classifier, nn.Linear)
    with torch.no_grad():
        for parameter in classifier.parameters():
            parameter.div_(calibration.temperature)
        classifier.bias.add_(torch.tensor(calibration.offsets))


def read_parameters(out: Path) -> dict[str, Tensor]:
    """Averaged parameters of a finished training, or of the last state of an unfinished one."""
    file = out / NETWORK_FILE
    if file.is_file():
        parameters: dict[str, Tensor] = torch.load(file, weights_only=True)
        return parameters
    state = torch.load(out / RUN_FOLDER / "state.pt", weights_only=True, map_location="cpu")
    return {key.removeprefix(NETWORK_PREFIX): value for key, value in state["average"].items()}


if __name__ == "__main__":
    main()
