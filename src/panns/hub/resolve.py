"""Resolve a model name or a path to a checkpoint that a backend can run.

It is in this package, in a folder or a file, in the cache, converted once from a published file, or downloaded once
from an address.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Literal

from panns.checkpoints.checkpoint import (
    GRAPH_FILE,
    MANIFEST_FILE,
    ONNX_FILE,
    TORCH_FILE,
    Checkpoint,
    open_checkpoint,
)
from panns.errors import CheckpointError, PannsError, UnknownModel, WeightsMissing
from panns.hub.addresses import PACKED_SUFFIX, is_address
from panns.hub.cache import checkpoints_dir, downloads_dir, recorded_digests, remove_cached, storage_errors
from panns.hub.convert import convert_published
from panns.hub.download import cached_file, fetch
from panns.hub.packed import open_packed
from panns.hub.shared import shared_checkpoint
from panns.models.registry import ModelEntry, find_model, is_registered, shipped_checkpoint
from panns.models.weights import Weights
from panns.published.conversion import read_published
from panns.system.cache_folder import cache_dir
from panns.system.extras import require
from panns.system.files import file_digests, replacing
from panns.system.progress import OnProgress, ignore_progress

logger = logging.getLogger(__name__)

Availability = Literal["inside", "ready", "fetched", "to fetch", "to train", "unpublished"]


def resolve(model: str | os.PathLike[str], *, weights: Path | None = None, needs_onnx: bool = True) -> Checkpoint:
    """Resolve a model to a checkpoint with the files that a backend needs.

    Args:
        model: Registered name, checkpoint folder, packed or exported file, or address of a shared model.
        weights: Published file to use for a registered name, instead of the one in the cache.
        needs_onnx: True if the backend runs a graph, False if it builds the network in torch.

    Raises:
        UnknownModel: `model` is neither a registered name nor an existing path nor an address.
        WeightsMissing: The weights of a registered name are not on this machine.
        CheckpointError: A file is damaged, or belongs to another model.
        DownloadError: The model of an address cannot be downloaded.
        MissingExtra: The graph of a changed config must be made first, and torch is not installed.
    """
    name = os.fspath(model)
    if weights is not None:
        checkpoint = _from_own_weights(name, weights)
    elif is_address(name):
        checkpoint = shared_checkpoint(name)
    elif is_path(name):
        checkpoint = checkpoint_at(name)
    else:
        with storage_errors(cache_dir()):
            checkpoint = _from_registered(find_model(name))
    is_ready = checkpoint.has_file(ONNX_FILE) or checkpoint.has_graph
    return checkpoint if is_ready or not needs_onnx else _with_graph(checkpoint)


def is_path(model: str) -> bool:
    """True if a model is given as the path of a checkpoint, rather than by a registered name."""
    return not (is_registered(model) or is_address(model)) and (
        Path(model).exists() or bool(Path(model).suffix) or os.sep in model
    )


def checkpoint_at(path: str) -> Checkpoint:
    """Open the checkpoint at a path: a folder, a packed file, or an exported file.

    Raises:
        UnknownModel: The path does not exist.
        CheckpointError: The path is not a checkpoint, or the checkpoint is damaged.
    """
    if not Path(path).exists():
        raise UnknownModel(f"no file or folder {path}; give a checkpoint, or a name from `panns models list`")
    is_packed = path.lower().endswith(PACKED_SUFFIX) and Path(path).is_file()
    return open_packed(Path(path)) if is_packed else open_checkpoint(Path(path))


def find_checkpoint(entry: ModelEntry) -> Checkpoint | None:
    """Checkpoint of a registered model in this package or in the cache; None if it is not available yet.

    Raises:
        CheckpointError: The checkpoint is damaged.
    """
    if entry.shipped is not None:
        return open_checkpoint(shipped_checkpoint(entry.shipped))
    with storage_errors(cache_dir()):
        return _in_cache(entry)


def fetch_published(
    entry: ModelEntry, *, from_file: Path | None = None, on_progress: OnProgress = ignore_progress
) -> Path:
    """Fetch the published file of a registered model into the cache, or copy it there from a local file.

    Args:
        entry: Model with published weights.
        from_file: Local file to copy; a file of another model leaves the cache as it is.
        on_progress: Called with the bytes so far.

    Raises:
        CheckpointError: The local file is damaged, or belongs to another model.
        DownloadError: The download failed, or the file differs from the record.
    """
    assert entry.weights is not None, f"{entry.name} has no published weights"
    if from_file is not None and entry.weights.check not in ("sha256", "md5") and from_file.is_file():
        read_published(entry, from_file)  # no digest tells the file from another
    return fetch(entry.weights, name=entry.name, from_file=from_file, on_progress=on_progress)


def verify_or_rebuild(entry: ModelEntry) -> Checkpoint:
    """Checkpoint of freshly fetched weights, verified and ready for every backend; rebuilt if it is damaged.

    Raises:
        CheckpointError: The fetched file belongs to another model; it is removed from the cache.
    """
    folder = checkpoints_dir() / entry.name
    try:
        checkpoint = resolve(entry.name)
        checkpoint.verify()
    except CheckpointError:
        with storage_errors(cache_dir()):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            checkpoint = resolve(entry.name)
        except CheckpointError:
            if entry.weights is not None:
                remove_cached(downloads_dir() / entry.weights.file)
            raise
    return checkpoint


def published_weights(entry: ModelEntry) -> Weights | None:
    """Record of the published file that the checkpoint is converted from: the model's own, or that of `starts_from`."""
    if entry.weights is None and entry.starts_from is not None:
        return find_model(entry.starts_from).weights
    return entry.weights


def availability(entry: ModelEntry) -> Availability:
    """Next step before a registered model can run on this machine, if any."""
    if entry.shipped is not None:
        return "inside"
    with storage_errors(cache_dir()):
        if (checkpoints_dir() / entry.name / MANIFEST_FILE).is_file():
            return "ready"
        if entry.weights is None:
            return "unpublished" if entry.converter is not None and entry.starts_from is None else "to train"
        return "fetched" if (downloads_dir() / entry.weights.file).is_file() else "to fetch"


def _from_registered(entry: ModelEntry) -> Checkpoint:
    if entry.shipped is not None:
        return open_checkpoint(shipped_checkpoint(entry.shipped))
    weights = published_weights(entry)
    path = None if weights is None else cached_file(weights)
    sha256 = None if path is None else (recorded_digests(path) or file_digests(path))["sha256"]
    known = _in_cache(entry)
    # Without a published file to compare with, a folder that the user copied here is used as it is.
    if known is not None and sha256 in (None, known.manifest.source_sha256):
        return known
    if weights is None or (entry.weights is None and path is None):
        raise WeightsMissing(entry.missing_weights_message)
    if path is None or sha256 is None:
        size = "" if weights.n_bytes is None else f"{weights.n_bytes / 1e6:.0f} MB, "
        raise WeightsMissing(
            f"the weights of {entry.name!r} are not on this machine; fetch them once with "
            f"`panns models fetch {entry.name}` ({size}licence {weights.licence}), "
            f"or without a network with `panns models fetch {entry.name} --from FILE`"
        )
    return convert_published(entry, path, checkpoints_dir() / entry.name, sha256=sha256, weights=weights)


def _in_cache(entry: ModelEntry) -> Checkpoint | None:
    folder = checkpoints_dir() / entry.name
    if not (folder / MANIFEST_FILE).is_file():
        return None
    try:
        return open_checkpoint(folder)
    except CheckpointError as exc:
        raise CheckpointError(f"{exc}; run `panns models fetch {entry.name}` to rebuild it") from exc


def _from_own_weights(name: str, path: Path) -> Checkpoint:
    if is_address(name) or (not is_registered(name) and Path(name).exists()):
        raise CheckpointError(
            f"{name} is a checkpoint with its own weights; use `--weights` with a name from `panns models list`"
        )
    entry = find_model(name)
    if not path.is_file():
        raise WeightsMissing(f"no file {path}; `--weights` takes a published file of {name!r}, such as a .pth")
    with storage_errors(cache_dir()):
        sha256 = file_digests(path)["sha256"]
        folder = checkpoints_dir() / f"{name}-{sha256[:12]}"
        if (folder / MANIFEST_FILE).is_file():
            return open_checkpoint(folder)
        weights = published_weights(entry)
        is_published = weights is not None and weights.sha256 == sha256
        return convert_published(entry, path, folder, sha256=sha256, weights=weights if is_published else None)


def _with_graph(checkpoint: Checkpoint) -> Checkpoint:
    """Write the graph of a checkpoint into its folder, compared with the network."""
    if not checkpoint.has_file(TORCH_FILE):
        raise CheckpointError(f"{checkpoint.path} has neither {ONNX_FILE} nor {TORCH_FILE}; make the checkpoint again")
    what = f"writing {GRAPH_FILE} of {checkpoint.path}, once,"
    require("torch", "safetensors", "onnx", "onnxscript", what=what, extra="export")
    from panns.export.graph import weightless_graph
    from panns.export.verify import verify_graph
    from panns.networks.saving import load_network

    logger.info("exporting %s of %s", GRAPH_FILE, checkpoint.manifest.architecture)
    graph = weightless_graph(load_network(checkpoint), checkpoint.manifest)
    verify_graph(checkpoint, graph)
    try:
        with replacing(checkpoint.path / GRAPH_FILE) as partial:
            partial.write_bytes(graph)
        return checkpoint.record_files(GRAPH_FILE)
    except OSError as exc:
        if isinstance(exc, PannsError):
            raise
        raise CheckpointError(
            f"cannot write {GRAPH_FILE} to {checkpoint.path} ({exc}); free space or grant permission, copy the "
            "checkpoint to a writable folder, or use backend='torch'"
        ) from exc
