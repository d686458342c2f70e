"""Put the trained network into the package: `model.json`, `model.onnx` and `model.safetensors`, 4.2 MB in all.

python -m recipes.builtin.ship [--out runs/builtin]
python -m recipes.builtin.ship --metrics    # after evaluate: only writes what it measured into model.json
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from panns.data.manifests import Clip, read_manifest
from panns.export.to_onnx import export_onnx
from panns.export.verify import verify_onnx
from panns.labels import audioset
from panns.models.checkpoint import MANIFEST_FILE, ONNX_FILE, TORCH_FILE, Manifest, Metric, open_checkpoint
from panns.models.registry import find_model, shipped_checkpoint
from panns.networks.build import build_network
from panns.networks.checkpoint import round_to_half, save_checkpoint
from recipes.builtin.prepare import MANIFEST_FILE as CLIPS_FILE
from recipes.builtin.settings import HERE, ROOT, read_settings
from recipes.builtin.train import NETWORK_FILE

MAX_BYTES = 4_200_000
ATTRIBUTION_FILE = "ATTRIBUTION.csv"
RESULTS_FILE = "results.json"
LICENCE = "MIT"
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
    """Round, export, check and copy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "builtin")
    parser.add_argument("--metrics", action="store_true", help="only write the figures of results.json into model.json")
    arguments = parser.parse_args()
    if arguments.metrics:
        add_metrics(HERE / RESULTS_FILE)
        return
    settings = read_settings()
    entry = find_model(settings.architecture)
    assert entry.shipped is not None
    network = build_network(entry.name)
    network.load_state_dict(torch.load(arguments.out / NETWORK_FILE, weights_only=True))
    round_to_half(network.eval())
    manifest = Manifest(
        architecture=entry.name,
        config=entry.config,
        labels=audioset(),
        licence=LICENCE,
        source="trained by recipes/builtin of this project; see docs/model-cards/builtin.md",
        training_data=TRAINING_DATA,
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"  # a plain folder: the temporary one is for its maker alone
        checkpoint = save_checkpoint(network, manifest, folder)
        export_onnx(checkpoint, folder / ONNX_FILE, frontend="outside")
        worst = verify_onnx(checkpoint, folder / ONNX_FILE)
        checkpoint.with_files(ONNX_FILE)
        (folder / ATTRIBUTION_FILE).write_text(
            attribution(read_manifest(arguments.out / CLIPS_FILE).clips), encoding="utf-8"
        )
        n_bytes = sum((folder / name).stat().st_size for name in (TORCH_FILE, ONNX_FILE, MANIFEST_FILE))
        if n_bytes > MAX_BYTES:
            raise SystemExit(f"the model takes {n_bytes:,} bytes; at most {MAX_BYTES:,} may ship")
        shutil.copytree(folder, shipped_checkpoint(entry.shipped), dirs_exist_ok=True)
    print(
        f"{n_bytes:,} bytes in {shipped_checkpoint(entry.shipped)}; the graph differs from the network by {worst:.1e}"
    )


def metrics_of(results: dict[str, Any]) -> tuple[Metric, ...]:
    """The held-out figures of `results.json`, each with how it was measured."""
    top1 = [
        Metric(f"top1_{dataset}_fold5", value, PROTOCOLS["top1_fold5"].format(dataset=dataset))
        for dataset, value in results["top1_fold5"]["builtin"].items()
    ]
    probe = "linear_probe_esc50_fold5"
    return (*top1, Metric(probe, results[probe]["builtin"], PROTOCOLS[probe]))


def add_metrics(results: Path) -> None:
    """Write measured figures into the shipped manifest; no other file changes."""
    entry = find_model(read_settings().architecture)
    assert entry.shipped is not None
    checkpoint = open_checkpoint(shipped_checkpoint(entry.shipped))
    checkpoint.check()
    metrics = metrics_of(json.loads(results.read_text(encoding="utf-8")))
    replace(checkpoint, manifest=replace(checkpoint.manifest, metrics=metrics)).with_files()


def attribution(clips: Sequence[Clip]) -> str:
    """One line for every clip: its source, licence and author, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["clip", "licence", "attribution"])
    writer.writerows([Path(clip.path).name, clip.licence, clip.attribution] for clip in clips)
    return text.getvalue()


if __name__ == "__main__":
    main()
