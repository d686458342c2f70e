"""Write models into the package: `model.json`, `model.safetensors` and the attribution of clips."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from panns.checkpoints.checkpoint import MANIFEST_FILE, TORCH_FILE, open_checkpoint
from panns.checkpoints.graph_files import shipped_graph
from panns.checkpoints.manifest import Metric, ModelManifest
from panns.data.clip_lists import Clip
from panns.export.verify import verify_graph
from panns.labels import audioset
from panns.models.registry import find_model, shipped_checkpoint
from panns.networks.contract import Network
from panns.networks.saving import round_to_half, save_checkpoint

ATTRIBUTION_FILE = "ATTRIBUTION.csv"
LICENCE = "MIT"
MAX_BYTES = 4_200_000  # limit for model.json and model.safetensors together


def bundled_folder(architecture: str) -> Path:
    """Folder of a bundled checkpoint in the package."""
    entry = find_model(architecture)
    assert entry.shipped is not None, f"{architecture} is not a bundled model"
    return shipped_checkpoint(entry.shipped)


def write_bundled_model(
    network: Network, architecture: str, *, training_data: str, clips: Sequence[Clip], folder: Path | None = None
) -> None:
    """Round a trained network to half precision, verify its graph in the package, and copy the parameters there.

    Args:
        network: The trained network.
        architecture: Registered name of the model, also the name of its recipe and model card.
        training_data: Description of the training data for the manifest.
        clips: The training clips.
        folder: Folder to write; None for that of the package.
    """
    source = f"trained by recipes/{architecture} of this project; see docs/model-cards/{architecture}.md"
    target = folder or bundled_folder(architecture)
    with tempfile.TemporaryDirectory() as temporary:
        # A subfolder has normal permissions; only its owner can read a temporary folder.
        made = Path(temporary) / "model"
        write_model(network, architecture, made, source=source, training_data=training_data, clips=clips)
        shutil.copytree(made, target, dirs_exist_ok=True)
    print(f"copied to {target}")


def write_model(
    network: Network, architecture: str, folder: Path, *, source: str, training_data: str, clips: Sequence[Clip]
) -> None:
    """Write the checkpoint folder of a model that is small enough to be bundled, in half precision.

    Args:
        network: Trained network; it is rounded to half precision.
        architecture: Registered name of the model.
        folder: Folder to write.
        source: Origin of the weights for the manifest.
        training_data: Description of the training data for the manifest.
        clips: The training clips.
    """
    round_to_half(network.eval())
    manifest = ModelManifest(
        architecture=architecture,
        config=find_model(architecture).config,
        labels=audioset(),
        licence=LICENCE,
        source=source,
        training_data=training_data,
    )
    checkpoint = save_checkpoint(network, manifest, folder)
    worst = verify_graph(checkpoint, shipped_graph(architecture)).scores
    (folder / ATTRIBUTION_FILE).write_text(attribution_csv(clips), encoding="utf-8")
    n_bytes = sum((folder / name).stat().st_size for name in (TORCH_FILE, MANIFEST_FILE))
    if n_bytes > MAX_BYTES:
        raise SystemExit(f"the model takes {n_bytes:,} bytes; the limit of a bundled model is {MAX_BYTES:,}")
    print(f"{n_bytes:,} bytes in {folder}; the largest difference of graph and network is {worst:.1e}")


def add_metrics(architecture: str, metrics: Sequence[Metric]) -> None:
    """Write metrics into the manifest of a bundled model; other files stay as they are."""
    checkpoint = open_checkpoint(bundled_folder(architecture))
    checkpoint.verify()
    replace(checkpoint, manifest=replace(checkpoint.manifest, metrics=tuple(metrics))).record_files()


def attribution_csv(clips: Sequence[Clip]) -> str:
    """CSV text with the licence and attribution of every clip."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["clip", "licence", "attribution"])
    writer.writerows([Path(clip.path).name, clip.licence, clip.attribution] for clip in clips)
    return text.getvalue()
