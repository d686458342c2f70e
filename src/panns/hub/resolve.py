"""A checkpoint that a backend can run: in this package, on this machine, or made once from a published file."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Literal

from panns.checkpoints.checkpoint import MANIFEST_FILE, ONNX_FILE, TORCH_FILE, Checkpoint, open_checkpoint
from panns.errors import CheckpointError, PannsError, UnknownModel, WeightsMissing
from panns.hub.cache import cache_dir, checkpoints_dir, downloads_dir, forget, recorded_digests, storage_errors
from panns.hub.convert import convert_published
from panns.hub.download import fetched
from panns.models.registry import ModelEntry, find_model, is_registered, shipped_checkpoint
from panns.models.weights import Weights
from panns.system.extras import require
from panns.system.files import file_digests

logger = logging.getLogger(__name__)

State = Literal["inside", "ready", "fetched", "to fetch", "to train", "unpublished"]


def resolve(model: str | os.PathLike[str], *, weights: Path | None = None, needs_onnx: bool = True) -> Checkpoint:
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
    if weights is not None:
        checkpoint = _of_own_weights(name, weights)
    elif is_path(name):
        checkpoint = checkpoint_at(name)
    else:
        with storage_errors(cache_dir()):
            checkpoint = _of_registered(find_model(name))
    return _with_onnx(checkpoint) if needs_onnx and not checkpoint.has(ONNX_FILE) else checkpoint


def is_path(model: str) -> bool:
    """Whether a path is meant and no registered name: that of a checkpoint folder or of an exported file."""
    return not is_registered(model) and (Path(model).exists() or bool(Path(model).suffix) or os.sep in model)


def checkpoint_at(path: str) -> Checkpoint:
    """The checkpoint at a path.

    Raises:
        UnknownModel: Nothing is there.
        CheckpointError: What is there is no checkpoint, or it is damaged.
    """
    if not Path(path).exists():
        raise UnknownModel(f"no file or folder {path}; give a checkpoint, or a name from `panns models list`")
    return open_checkpoint(Path(path))


def made_ready(entry: ModelEntry) -> Checkpoint | None:
    """The checkpoint of a registered model, in this package or in the cache; None where it is not there yet.

    Raises:
        CheckpointError: It is damaged.
    """
    if entry.shipped is not None:
        return open_checkpoint(shipped_checkpoint(entry.shipped))
    with storage_errors(cache_dir()):
        return _in_cache(entry)


def renew(entry: ModelEntry) -> Checkpoint:
    """The checkpoint of freshly fetched weights, whole and ready for every backend; what is damaged is made again.

    Raises:
        CheckpointError: The fetched file is of another model; it is removed from the cache.
        MissingExtra: torch is not installed.
    """
    folder = checkpoints_dir() / entry.name
    try:
        checkpoint = resolve(entry.name)
        checkpoint.check()
    except CheckpointError:
        with storage_errors(cache_dir()):
            shutil.rmtree(folder, ignore_errors=True)
        try:
            checkpoint = resolve(entry.name)
        except CheckpointError:
            if entry.weights is not None:
                forget(downloads_dir() / entry.weights.file)
            raise
    return checkpoint


def state_of(entry: ModelEntry) -> State:
    """How near a registered model is to running on this machine."""
    if entry.shipped is not None:
        return "inside"
    with storage_errors(cache_dir()):
        if (checkpoints_dir() / entry.name / MANIFEST_FILE).is_file():
            return "ready"
        if entry.weights is None:
            return "unpublished" if entry.converter is not None and entry.starts_from is None else "to train"
        return "fetched" if (downloads_dir() / entry.weights.file).is_file() else "to fetch"


def _of_registered(entry: ModelEntry) -> Checkpoint:
    if entry.shipped is not None:
        return open_checkpoint(shipped_checkpoint(entry.shipped))
    weights = _file_it_is_made_of(entry)
    path = None if weights is None else fetched(weights)
    sha256 = None if path is None else (recorded_digests(path) or file_digests(path))["sha256"]
    known = _in_cache(entry)
    # Without the published file beside it, a folder that someone brought along is taken as it is.
    if known is not None and sha256 in (None, known.manifest.source_sha256):
        return known
    if weights is None or (entry.weights is None and path is None):
        raise WeightsMissing(entry.without_weights)
    if path is None or sha256 is None:
        size = "" if weights.n_bytes is None else f"{weights.n_bytes / 1e6:.0f} MB, "
        raise WeightsMissing(
            f"the weights of {entry.name!r} are not on this machine; fetch them once with "
            f"`panns models fetch {entry.name}` ({size}licence {weights.licence}), "
            f"or without a network with `panns models fetch {entry.name} --from FILE`"
        )
    return convert_published(entry, path, checkpoints_dir() / entry.name, sha256=sha256, weights=weights)


def _file_it_is_made_of(entry: ModelEntry) -> Weights | None:
    """Its own published file, or that of the model it starts from."""
    if entry.weights is None and entry.starts_from is not None:
        return find_model(entry.starts_from).weights
    return entry.weights


def _in_cache(entry: ModelEntry) -> Checkpoint | None:
    folder = checkpoints_dir() / entry.name
    if not (folder / MANIFEST_FILE).is_file():
        return None
    try:
        return open_checkpoint(folder)
    except CheckpointError as exc:
        raise CheckpointError(f"{exc}; `panns models fetch {entry.name}` makes it again") from exc


def _of_own_weights(name: str, path: Path) -> Checkpoint:
    if not is_registered(name) and Path(name).exists():
        raise CheckpointError(f"{name} has weights of its own; `--weights` goes with a name from `panns models list`")
    entry = find_model(name)
    if not path.is_file():
        raise WeightsMissing(f"no file {path}; `--weights` takes a published .pth or .pt file for {name!r}")
    with storage_errors(cache_dir()):
        sha256 = file_digests(path)["sha256"]
        folder = checkpoints_dir() / f"{name}-{sha256[:12]}"
        if (folder / MANIFEST_FILE).is_file():
            return open_checkpoint(folder)
        weights = _file_it_is_made_of(entry)
        is_published = weights is not None and weights.sha256 == sha256
        return convert_published(entry, path, folder, sha256=sha256, weights=weights if is_published else None)


def _with_onnx(checkpoint: Checkpoint) -> Checkpoint:
    """The same checkpoint with `model.onnx`, checked against the network."""
    if not checkpoint.has(TORCH_FILE):
        raise CheckpointError(
            f"{checkpoint.path} holds neither {ONNX_FILE} nor {TORCH_FILE}; make the checkpoint again"
        )
    what = f"making {ONNX_FILE} of {checkpoint.path}, once,"
    require("torch", "safetensors", "onnx", "onnxscript", what=what, extra="export")
    from panns.export.to_onnx import export_onnx
    from panns.export.verify import verify_onnx

    logger.info("making %s for %s", ONNX_FILE, checkpoint.manifest.architecture)
    try:
        with tempfile.TemporaryDirectory(prefix=".onnx-", dir=checkpoint.path) as partial:
            path = Path(partial) / ONNX_FILE
            export_onnx(checkpoint, path, frontend="outside")
            verify_onnx(checkpoint, path)
            path.replace(checkpoint.path / ONNX_FILE)
        return checkpoint.with_files(ONNX_FILE)
    except OSError as exc:
        if isinstance(exc, PannsError):
            raise
        raise CheckpointError(
            f"{checkpoint.path} has no {ONNX_FILE} yet and cannot be written ({exc}); make room or give permission "
            "there, copy it to where you may write, or run it with backend='torch'"
        ) from exc
