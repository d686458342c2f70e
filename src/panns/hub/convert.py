"""Convert a published file to a checkpoint folder, once."""

from __future__ import annotations

import logging
import shutil
import uuid
from pathlib import Path

from panns.checkpoints.checkpoint import TORCH_FILE, Checkpoint, open_checkpoint, open_intact
from panns.checkpoints.manifest import Metric, ModelManifest
from panns.checkpoints.tensor_file import write_tensors
from panns.hub.cache import cache_lock
from panns.hub.published_thresholds import operating_points_of
from panns.labels import named_labels
from panns.models.registry import ModelEntry
from panns.models.weights import Weights
from panns.published.conversion import read_published

logger = logging.getLogger(__name__)

AUDIOSET_DATA = (
    "AudioSet (Gemmeke et al. 2017): clips of YouTube videos under their own terms; labels CC BY 4.0 by Google"
)
# Converting the largest model takes seconds; ten minutes allow for a slow machine.
PATIENCE_S = 600.0


def convert_published(
    entry: ModelEntry, path: Path, folder: Path, *, sha256: str, weights: Weights | None
) -> Checkpoint:
    """Convert a published file to a checkpoint folder.

    The folder appears complete or not at all, also if two processes convert the file at once.

    Args:
        entry: Registered model of the file.
        path: The published file.
        folder: Folder to write; an existing one is replaced, unless it was converted from the same file.
        sha256: Digest of `path`.
        weights: Record of the published file; None for the user's own file.

    Raises:
        CheckpointError: The file is damaged, or belongs to another model or front end.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with cache_lock(folder.parent / f".{folder.name}.lock", watched=folder.parent, patience_s=PATIENCE_S):
        for abandoned in folder.parent.glob(f".{folder.name}-*"):  # left by a killed process
            shutil.rmtree(abandoned, ignore_errors=True)
        if folder.is_dir() and is_converted_from(folder, sha256):
            return open_checkpoint(folder)  # another process was faster
        logger.info("converting %s to %s", path, folder)
        parameters = read_published(entry, path)
        # Not mkdtemp, whose folders only their owner may enter: a cache may be shared, or filled by root in an image.
        partial = folder.parent / f".{folder.name}-{uuid.uuid4().hex[:12]}"
        partial.mkdir()
        try:
            write_tensors(partial / TORCH_FILE, parameters)
            Checkpoint(partial, _manifest(entry, path, sha256, weights)).record_files(TORCH_FILE)
            if folder.exists():  # converted from another file, or damaged
                shutil.rmtree(folder)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return open_checkpoint(folder)


def is_converted_from(folder: Path, sha256: str) -> bool:
    """True if a folder is an intact checkpoint of the published file with that digest."""
    checkpoint = open_intact(folder)
    return checkpoint is not None and checkpoint.manifest.source_sha256 == sha256


def _manifest(entry: ModelEntry, path: Path, sha256: str, weights: Weights | None) -> ModelManifest:
    labels = named_labels(entry.labels)
    if weights is None:
        return ModelManifest(entry.name, entry.config, labels, source=f"own file {path.name}", source_sha256=sha256)
    is_certain = weights.check in ("sha256", "md5")
    # Without a published digest, the file may be another than the one whose metric was published.
    metrics = (Metric(weights.metric, weights.value, weights.protocol),) if weights.metric and weights.value else ()
    doubt = "" if is_certain else "; not checked, as no digest is published"
    start = "" if entry.starts_from is None else f"{entry.starts_from} with an untrained branch: "
    return ModelManifest(
        entry.name,
        entry.config,
        labels,
        licence=weights.licence,
        source=f"{start}{weights.source}, {weights.url}{doubt}",
        training_data=AUDIOSET_DATA,
        operating_points=operating_points_of(entry.name, sha256),
        metrics=metrics if is_certain else (),
        source_sha256=sha256,
    )
