"""Trained models joined into one, such as those that several seeds or the folds of a cross-validation have given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

from panns.errors import SettingsError
from panns.export.prepare import prepare
from panns.models.checkpoint import MANIFEST_FILE, Checkpoint, Manifest
from panns.models.ensemble import EnsembleConfig
from panns.networks.build import construct_network
from panns.networks.checkpoint import load_network, round_to_half, save_checkpoint

_WHAT: tuple[tuple[str, Callable[[Manifest], object]], ...] = (
    ("another architecture", lambda manifest: manifest.architecture),
    ("another config", lambda manifest: manifest.config),
    ("other classes", lambda manifest: [label.en for label in manifest.labels]),
    ("another activation", lambda manifest: manifest.activation),
)


def join(models: Sequence[str], out: Path, *, stored: Literal["float32", "float16"] = "float32") -> Checkpoint:
    """Write one checkpoint that answers with the mean of several: of the logits, so of the geometric mean of the odds.

    Thresholds of the members are not taken over, since the scores are others.

    Args:
        models: Two or more registered names, checkpoint folders or exported files of one architecture with the same
            settings and classes.
        out: The new checkpoint's folder.
        stored: What its numbers are rounded to; "float16" takes half the space.

    Raises:
        SettingsError: The models do not fit together, or `out` holds a model already.
        CheckpointError: The parameters of one cannot be read.
    """
    if len(models) < 2:
        raise SettingsError(f"{len(models)} model given; an ensemble is made of two or more")
    if (out / MANIFEST_FILE).is_file():
        raise SettingsError(f"{out} holds a model already; remove it, or give another folder")
    checkpoints = [prepare(model, needs_onnx=False) for model in models]
    manifests = [checkpoint.manifest for checkpoint in checkpoints]
    first = manifests[0]
    for what, of in _WHAT:
        for model, manifest in zip(models, manifests, strict=True):
            if of(manifest) != of(first):
                raise SettingsError(
                    f"{model} has {what} than {models[0]}; join models that differ in their numbers alone"
                )
    try:
        config = EnsembleConfig(len(models), first.architecture, first.config)
    except ValueError as exc:
        raise SettingsError(str(exc)) from exc
    network = construct_network("ensemble", config).eval()
    for member, checkpoint in zip(network.members, checkpoints, strict=True):  # type: ignore[arg-type] # modules
        member.load_state_dict(load_network(checkpoint).state_dict())
    if stored == "float16":
        try:
            round_to_half(network)
        except ValueError as exc:
            raise SettingsError(f"stored='float16' is impossible: {exc}") from exc
    manifest = Manifest(
        "ensemble",
        config,
        first.labels,
        activation=first.activation,
        window_s=first.window_s,
        licence=_all(manifest.licence for manifest in manifests),
        source=f"the mean of {len(models)} models: {_all(manifest.source for manifest in manifests)}",
        training_data=_all(manifest.training_data for manifest in manifests),
    )
    return save_checkpoint(network, manifest, out)


def _all(texts: Iterable[str]) -> str:
    """Each of them once, in their order."""
    return "; ".join(dict.fromkeys(texts))
