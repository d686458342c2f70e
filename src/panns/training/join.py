"""Trained models joined into one, such as those that several seeds or the folds of a cross-validation have given."""

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

# What of members must be the same; their numbers may differ.
_MUST_AGREE: tuple[tuple[str, Callable[[ModelManifest], object]], ...] = (
    ("architecture", lambda manifest: manifest.architecture),
    ("config", lambda manifest: config_to_dict(manifest.config)),
    ("classes", lambda manifest: [label.en for label in manifest.labels]),
    ("activation", lambda manifest: manifest.activation),
    ("window_s", lambda manifest: manifest.window_s),
    ("events", lambda manifest: manifest.events),
)


def join(models: Sequence[str], out: Path, *, stored: Literal["float32", "float16"] = "float32") -> Checkpoint:
    """Write one checkpoint whose logits are the mean of those of several.

    The members' thresholds and operating points are not taken over, since the scores are others.

    Args:
        models: Two or more registered names or checkpoint folders of one architecture with the same settings and
            classes.
        out: The new checkpoint's folder.
        stored: What its numbers are rounded to; "float16" takes half the space.

    Raises:
        SettingsError: The models do not fit together, or cannot be joined; or `out` holds a model already, or is a
            file or a registered name.
        CheckpointError: The parameters of one cannot be read.
    """
    if len(models) < 2:
        raise SettingsError(f"{len(models)} model given; an ensemble is made of two or more")
    _check_folder(out)
    checkpoints = [resolve(model, needs_onnx=False) for model in models]
    manifests = [checkpoint.manifest for checkpoint in checkpoints]
    first = manifests[0]
    for model, checkpoint in zip(models, checkpoints, strict=True):
        if not checkpoint.has_file(TORCH_FILE):
            raise SettingsError(f"{model} holds no {TORCH_FILE}; give the checkpoint folder that it was exported from")
        if how := next((how for what, of in _MUST_AGREE if (how := _difference(what, of, first, checkpoint))), ""):
            raise SettingsError(f"{model} and {models[0]} differ in more than their numbers: {how}")
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
        licence=_all(manifest.licence for manifest in manifests),
        source=f"the mean of {len(models)} models' logits: {_all(manifest.source for manifest in manifests)}",
        training_data=_all(manifest.training_data for manifest in manifests),
    )
    return save_checkpoint(network, manifest, out)


def _check_folder(out: Path) -> None:
    if (out / MANIFEST_FILE).is_file():
        raise SettingsError(f"{out} holds a model already; remove it, or give another folder")
    if out.exists() and not out.is_dir():
        raise SettingsError(f"{out} is a file; give a folder")
    if is_registered(str(out)):
        raise SettingsError(
            f"{out} is the name of a model, which commands would take in its place; give another folder"
        )


def _difference(what: str, of: Callable[[ModelManifest], object], first: ModelManifest, checkpoint: Checkpoint) -> str:
    return first_difference({what: of(first)}, {what: of(checkpoint.manifest)})


def _all(texts: Iterable[str]) -> str:
    """Each of them once, in their order."""
    return "; ".join(dict.fromkeys(texts))
