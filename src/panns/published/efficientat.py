"""Names in published state dicts of EfficientAT."""

from __future__ import annotations

import re

from panns.published.state_dict import StateDict


def from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published state dict of EfficientAT.

    `features.4.block.1.0.weight` becomes `blocks.3.depthwise.0.weight`. The published blocks number their layers: the
    depthwise layer has the only kernel above 1x1, and blocks as wide as their input lack the expansion before it.
    """
    depthwise = {
        int(match[1]): int(match[2])
        for key, tensor in state_dict.items()
        if (match := re.match(r"features\.(\d+)\.block\.(\d+)\.0\.weight", key)) and tensor.shape[-1] > 1
    }
    return {_our_name(key, depthwise): tensor for key, tensor in state_dict.items()}


def _our_name(key: str, depthwise: dict[int, int]) -> str:
    """Name of an entry; `depthwise` maps the number of a block to that of its depthwise layer."""
    for published, ours in _LAYER_NAMES:
        key = re.sub(published, ours, key)
    match = re.match(r"features\.(\d+)\.block\.(\d+)\.(.*)", key)
    if match is None:
        return key
    block, layer, rest = int(match[1]), int(match[2]), match[3]
    if rest.startswith("squeeze_excitation."):
        return f"blocks.{block - 1}.{rest}"
    name = {-1: "expand", 0: "depthwise"}.get(layer - depthwise[block], "project")
    return f"blocks.{block - 1}.{name}.{rest}"


_LAYER_NAMES = (
    (r"^features\.0\.", "stem."),
    (r"^features\.16\.", "last."),
    (r"^classifier\.2\.", "hidden."),
    (r"^classifier\.5\.", "classifier."),
    (r"\.conc_se_layers\.0\.fc1\.", ".squeeze_excitation.reduce."),
    (r"\.conc_se_layers\.0\.fc2\.", ".squeeze_excitation.restore."),
)
