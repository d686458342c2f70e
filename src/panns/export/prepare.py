"""A checkpoint that a backend can run: in this package, on this machine, or made once from a published file."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import uuid
from pathlib import Path

from panns.errors import MissingExtra, WeightsMissing
from panns.labels import audioset
from panns.models.cache import cache_dir, checkpoints_dir, storage_errors
from panns.models.checkpoint import (
    MANIFEST_FILE,
    ONNX_FILE,
    Checkpoint,
    Manifest,
    Metric,
    file_digest,
    open_checkpoint,
)
from panns.models.download import fetched
from panns.models.registry import ModelEntry, find_model, list_models, shipped_checkpoint
from panns.models.weights import Weights

logger = logging.getLogger(__name__)

AUDIOSET_DATA = (
    "AudioSet (Gemmeke et al. 2017): clips of YouTube videos under their own terms; labels CC BY 4.0 by Google"
)


def prepare(model: str | os.PathLike[str], *, weights: Path | None = None, needs_onnx: bool = True) -> Checkpoint:
    """The checkpoint of a registered name or a path, with the files that a backend needs.

    Args:
        model: Registered name, checkpoint folder or exported `.onnx` file.
        weights: A published file for that registered name, instead of the one in the cache.
        needs_onnx: Whether the backend runs `model.onnx` (else the parameters for torch).

    Raises:
        UnknownModel: No such name and no such path.
        WeightsMissing: The name is known but its weights are not on this machine.
        CheckpointError: A file is damaged or does not fit.
        MissingExtra: A published file must be converted first, which needs torch.
    """
    name = os.fspath(model)
    is_registered = any(entry.name == name for entry in list_models())
    if weights is not None:
        checkpoint = _of_own_weights(find_model(name), weights)
    elif is_registered:
        checkpoint = _of_registered(find_model(name))
    elif Path(name).exists() or Path(name).suffix or os.sep in name:
        path = Path(name)
        if not path.exists():
            raise WeightsMissing(f"no file or folder {name}; give a checkpoint, or a name from `panns models list`")
        checkpoint = open_checkpoint(path)
    else:
        find_model(name)  # raises, naming the nearest
        raise AssertionError(name)
    return _with_onnx(checkpoint) if needs_onnx and not checkpoint.has(ONNX_FILE) else checkpoint


def _of_registered(entry: ModelEntry) -> Checkpoint:
    if entry.shipped is not None:
        return open_checkpoint(shipped_checkpoint(entry.shipped))
    folder = checkpoints_dir() / entry.name
    if (folder / MANIFEST_FILE).is_file():
        return open_checkpoint(folder)
    if entry.weights is None:
        raise WeightsMissing(
            f"no weights of {entry.name!r} were ever published; give a file of your own with `--weights FILE`"
        )
    path = fetched(entry.weights)
    if path is None:
        size = "" if entry.weights.n_bytes is None else f"{entry.weights.n_bytes / 1e6:.0f} MB, "
        raise WeightsMissing(
            f"the weights of {entry.name!r} are not on this machine; fetch them once with "
            f"`panns models fetch {entry.name}` ({size}licence {entry.weights.licence}), "
            f"or without a network with `panns models fetch {entry.name} --from FILE`"
        )
    return _convert(entry, path, folder, entry.weights)


def _of_own_weights(entry: ModelEntry, path: Path) -> Checkpoint:
    if not path.is_file():
        raise WeightsMissing(f"no file {path}; `--weights` takes a published .pth or .pt file for {entry.name!r}")
    sha256 = file_digest(path).sha256
    folder = checkpoints_dir() / f"{entry.name}-{sha256[:12]}"
    if (folder / MANIFEST_FILE).is_file():
        return open_checkpoint(folder)
    is_published = entry.weights is not None and entry.weights.sha256 == sha256
    return _convert(entry, path, folder, entry.weights if is_published else None)


def _convert(entry: ModelEntry, path: Path, folder: Path, weights: Weights | None) -> Checkpoint:
    """Write our checkpoint of a published file; whole or not at all, also when two processes do it at once."""
    try:
        from panns.networks.build import load_published
        from panns.networks.checkpoint import save_checkpoint
    except ImportError as exc:
        raise MissingExtra(f"converting {path.name}, once,", package=exc.name or "torch", extra="export") from exc

    logger.info("converting %s to %s", path, folder)
    network = load_published(entry, path)
    with storage_errors(cache_dir()):
        folder.parent.mkdir(parents=True, exist_ok=True)
        # mkdtemp makes folders that only their maker may enter; a cache may be shared, or filled by root in an image.
        partial = folder.parent / f".{folder.name}-{uuid.uuid4().hex}"
        partial.mkdir()
        try:
            manifest = Manifest(
                architecture=entry.name,
                config=entry.config,
                labels=audioset(),
                licence="unknown" if weights is None else weights.licence,
                source=f"own file {path.name}" if weights is None else f"{weights.source}, {weights.url}",
                training_data=AUDIOSET_DATA if weights is not None else "unknown",
                metrics=_published_metrics(weights),
            )
            save_checkpoint(network, manifest, partial)
            try:
                partial.rename(folder)
            except OSError:
                if not (folder / MANIFEST_FILE).is_file():  # else another process was faster, with the same result
                    raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return open_checkpoint(folder)


def _published_metrics(weights: Weights | None) -> tuple[Metric, ...]:
    if weights is None or weights.metric is None or weights.value is None:
        return ()
    return (Metric(weights.metric, weights.value, weights.protocol),)


def _with_onnx(checkpoint: Checkpoint) -> Checkpoint:
    """The same checkpoint with `model.onnx`, checked against the network."""
    try:
        from panns.export.to_onnx import export_onnx
        from panns.export.verify import verify_onnx
    except ImportError as exc:
        raise MissingExtra(
            f"making {ONNX_FILE} of {checkpoint.path}, once,", package=exc.name or "torch", extra="export"
        ) from exc

    logger.info("making %s for %s", ONNX_FILE, checkpoint.manifest.architecture)
    with storage_errors(checkpoint.path), tempfile.TemporaryDirectory(prefix=".onnx-", dir=checkpoint.path) as partial:
        path = Path(partial) / ONNX_FILE
        export_onnx(checkpoint, path, frontend="outside")
        verify_onnx(checkpoint, path)
        path.replace(checkpoint.path / ONNX_FILE)
    return checkpoint.with_files(ONNX_FILE)
