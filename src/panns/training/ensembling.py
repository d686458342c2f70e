"""Joining trained models into an ensemble, such as those of several seeds or of the folds of a cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

from panns.checkpoints.checkpoint import MANIFEST_FILE, TORCH_FILE, Checkpoint
from panns.checkpoints.manifest import ModelManifest
from panns.config import config_to_dict, first_difference
from panns.errors import SettingsError
from panns.hub.resolve import resolve
from panns.models.ensemble import EnsembleConfig
from panns.models.registry import is_registered
from panns.networks.build import construct_network
from panns.networks.saving import load_network, round_to_half, save_checkpoint

# Properties that all members must share; their parameters may differ.
_MUST_AGREE: tuple[tuple[str, Callable[[ModelManifest], object]], ...] = (
    ("architecture", lambda manifest: manifest.architecture),
    ("config", lambda manifest: config_to_dict(manifest.config)),
    ("classes", lambda manifest: [label.en for label in manifest.labels]),
    ("activation", lambda manifest: manifest.activation),
    ("window_s", lambda manifest: manifest.window_s),
    ("events", lambda manifest: manifest.events),
)


def join_models(models: Sequence[str], out: Path, *, stored: Literal["float32", "float16"] = "float32") -> Checkpoint:
    """Write an ensemble: one checkpoint whose logits are the mean of its members' logits.

    The ensemble has no thresholds or operating points, because its scores differ from those of its members.

    Args:
        models: Two or more registered names or checkpoint folders with equal architecture, settings and classes.
        out: Folder of the new checkpoint.
        stored: Number format of the parameters; "float16" halves the size.

    Raises:
        SettingsError: The models differ or cannot be joined, or `out` is a file, a registered name, or holds a model.
        CheckpointError: The parameters of a model cannot be read.
    """
    if len(models) < 2:
        raise SettingsError(f"{len(models)} model given; an ensemble needs two or more")
    _check_folder(out)
    checkpoints = [resolve(model, needs_onnx=False) for model in models]
    manifests = [checkpoint.manifest for checkpoint in checkpoints]
    first = manifests[0]
    for model, checkpoint in zip(models, checkpoints, strict=True):
        if not checkpoint.has_file(TORCH_FILE):
            raise SettingsError(f"{model} has no {TORCH_FILE}; give the checkpoint folder that it was exported from")
        for name, read in _MUST_AGREE:
            if changed := first_difference({name: read(first)}, {name: read(checkpoint.manifest)}):
                raise SettingsError(f"{model} and {models[0]} differ in more than their parameters: {changed}")
    try:
        config = EnsembleConfig(len(models), first.architecture, first.config)
    except ValueError as exc:
        raise SettingsError(str(exc)) from exc
    network = construct_network("ensemble", config).eval()
    for member, checkpoint in zip(network.members, checkpoints, strict=True):  # type: ignore[arg-type] # modules
        member.load_state_dict(load_network(checkpoint).state_dict())
    if stored == "float16":
        round_to_half(network)
    manifest = ModelManifest(
        "ensemble",
        config,
        first.labels,
        activation=first.activation,
        window_s=first.window_s,
        events=first.events,
        licence=_join_texts(manifest.licence for manifest in manifests),
        source=f"the mean of {len(models)} models' logits: {_join_texts(manifest.source for manifest in manifests)}",
        training_data=_join_texts(manifest.training_data for manifest in manifests),
    )
    return save_checkpoint(network, manifest, out)


def _check_folder(out: Path) -> None:
    if (out / MANIFEST_FILE).is_file():
        raise SettingsError(f"{out} holds a model already; remove it, or give another folder")
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file; give a folder")
    if is_registered(str(out)):
        raise SettingsError(
            f"{out} is the name of a registered model, which would hide the folder; give another folder"
        )


def _join_texts(texts: Iterable[str]) -> str:
    """Join distinct texts in their order."""
    return "; ".join(dict.fromkeys(texts))
