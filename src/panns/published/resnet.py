"""Names in published state dicts of the residual networks over a log-mel."""

from __future__ import annotations

from panns.published.state_dict import CONV_NAMES, PANNS_NAMES, Renaming, StateDict, rename


def from_published(state_dict: StateDict) -> StateDict:
    """Rename the entries of a published state dict.

    `resnet.layer2.0.bn1.weight` becomes `stages.1.0.branch.norm1.weight`. The published shortcuts number
    their layers; in all stages but the first, which halve the map, number 0 is the mean.
    """
    return rename(state_dict, (*_LAYER_NAMES, *PANNS_NAMES))


_LAYER_NAMES: tuple[Renaming, ...] = (
    (r"^(resnet\.layer1\.0)\.downsample\.0\.", r"\1.shortcut.conv."),
    (r"^(resnet\.layer1\.0)\.downsample\.1\.", r"\1.shortcut.norm."),
    (r"\.downsample\.1\.", ".shortcut.conv."),
    (r"\.downsample\.2\.", ".shortcut.norm."),
    (r"^(resnet\..*)\.conv(\d)\.", r"\1.branch.conv\2."),
    (r"^(resnet\..*)\.bn(\d)\.", r"\1.branch.norm\2."),
    (r"^resnet\.layer(\d)\.", lambda match: f"stages.{int(match[1]) - 1}."),
    (r"^conv_block1\.", "stem."),
    (r"^conv_block_after1\.", "last."),
    *CONV_NAMES,
)
