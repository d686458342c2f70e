"""A trained network into the package: `model.json`, `model.onnx`, `model.safetensors` and who made its clips."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from panns.checkpoints.checkpoint import MANIFEST_FILE, ONNX_FILE, TORCH_FILE, open_checkpoint
from panns.checkpoints.manifest import Metric, ModelManifest
from panns.data.clip_lists import Clip
from panns.export.to_onnx import export_onnx
from panns.export.verify import verify_onnx
from panns.labels import audioset
from panns.models.registry import find_model, shipped_checkpoint
from panns.networks.build import build_network
from panns.networks.saving import round_to_half, save_checkpoint

ATTRIBUTION_FILE = "ATTRIBUTION.csv"
LICENCE = "MIT"
MAX_BYTES = 4_200_000  # of the model for torch and for ONNX together, without the attributions


def folder_of(architecture: str) -> Path:
    """Where in the package the checkpoint of a registered model lies."""
    entry = find_model(architecture)
    assert entry.shipped is not None, f"{architecture} is not one of the models that ship"
    return shipped_checkpoint(entry.shipped)


def ship(architecture: str, parameters: Path, *, training_data: str, clips: Sequence[Clip]) -> None:
    """Round a trained network to half precision, export it, check the graph, and copy all into the package.

    Args:
        architecture: Registered name, after which its recipe and its card are called too.
        parameters: The file that training has written.
        training_data: For the manifest.
        clips: What it was trained on.
    """
    network = build_network(architecture)
    network.load_state_dict(torch.load(parameters, weights_only=True))
    round_to_half(network.eval())
    manifest = ModelManifest(
        architecture=architecture,
        config=find_model(architecture).config,
        labels=audioset(),
        licence=LICENCE,
        source=f"trained by recipes/{architecture} of this project; see docs/model-cards/{architecture}.md",
        training_data=training_data,
    )
    target = folder_of(architecture)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"  # a plain folder: the temporary one is for its maker alone
        checkpoint = save_checkpoint(network, manifest, folder)
        export_onnx(checkpoint, folder / ONNX_FILE, frontend="outside")
        worst = verify_onnx(checkpoint, folder / ONNX_FILE)
        checkpoint.record_files(ONNX_FILE)
        (folder / ATTRIBUTION_FILE).write_text(attribution(clips), encoding="utf-8")
        n_bytes = sum((folder / name).stat().st_size for name in (TORCH_FILE, ONNX_FILE, MANIFEST_FILE))
        if n_bytes > MAX_BYTES:
            raise SystemExit(f"the model takes {n_bytes:,} bytes; at most {MAX_BYTES:,} may ship")
        shutil.copytree(folder, target, dirs_exist_ok=True)
    print(f"{n_bytes:,} bytes in {target}; the graph differs from the network by {worst:.1e}")


def add_metrics(architecture: str, metrics: Sequence[Metric]) -> None:
    """Write measured figures into the manifest of a model in the package; no other file changes."""
    checkpoint = open_checkpoint(folder_of(architecture))
    checkpoint.verify()
    replace(checkpoint, manifest=replace(checkpoint.manifest, metrics=tuple(metrics))).record_files()


def attribution(clips: Sequence[Clip]) -> str:
    """One line for every clip: its source, licence and author, as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["clip", "licence", "attribution"])
    writer.writerows([Path(clip.path).name, clip.licence, clip.attribution] for clip in clips)
    return text.getvalue()
